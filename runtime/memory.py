"""What a process that runs for long keeps in memory."""

import gc

#: Objects after which the garbage collector looks at the new ones: those of a batch of rows are in
#: use until it is written. Then how often before it looks at older ones, which makes as many
#: objects from one full collection to the next as Python has by itself.
_THRESHOLDS = (40_000, 1, 1)


def settle() -> None:
    """Everything is loaded and stays: the garbage collector need not walk it ever again.

    A tick makes thousands of rows, after which the collector looks through all there is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
