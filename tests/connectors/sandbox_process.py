"""What a process does that is forked to be a sandbox: importing it takes longer than its start."""

import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from sandbox.__main__ import main


def serve(arguments: list[str], told: Connection, log: Path) -> None:
    """As `python -m sandbox` does; what it prints goes to `told`, its errors to `log`."""
    os.dup2(told.fileno(), sys.__stdout__.fileno())
    with log.open("w") as errors:
        os.dup2(errors.fileno(), sys.__stderr__.fileno())
    sys.argv = ["sandbox", *arguments]
    main()
