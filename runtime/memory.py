"""What a process that runs for long keeps in memory."""

import gc


def settle() -> None:
    """Everything is loaded and stays: the garbage collector need not walk it ever again.

    A tick makes thousands of rows, after which the collector looks through all there is.
    """
    gc.collect()
    gc.freeze()
