"""The main job, end to end, against the local sandbox: `cadenza demo`.

The sandbox is a process of its own and the witness: every figure of the closing table is counted
in what it received. Killed at any instruction and started again, the demo goes on where it was.
"""

from config.demo.command import main

__all__ = ["main"]
