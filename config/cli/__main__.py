"""`python -m config.cli`, the same as `cadenza`."""

from config.cli import main

main()
