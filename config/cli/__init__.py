"""The command line: `cadenza`. Commands load Django and the SDKs only when they need them."""

from config.cli.app import main

__all__ = ["main"]
