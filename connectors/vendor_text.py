"""What of a vendor's message may be shown: no address of a person, no wall of text."""

import re

_ADDRESS = re.compile(r"[^\s\"'<>=]+@[^\s\"'<>,]+")
_LONGEST = 300


def shown(message: object) -> str:
    """One short line; the vendors quote the address that they refuse, which no log may keep."""
    line = " ".join(_ADDRESS.sub("<address>", str(message)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
