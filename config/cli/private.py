"""Files of personal data: for the eyes of whoever asked alone."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """As it is from the first byte on: no moment in which others could open it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)  # it may have been there before
        file.write(text)
