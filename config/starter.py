"""The starter workspace: a complete, working sales process to begin with."""

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
#: What is copied: where it stands here, where it goes.
PARTS = (
    ("config/cadenza.yaml", "cadenza.yaml"),
    ("config/process.yaml", "process.yaml"),
    ("sequences/library", "sequences"),
    ("templates/email", "templates/email"),
)


class OccupiedError(Exception):
    """Something that the starter would write is there already."""


def copy(folder: Path) -> None:
    """Copy the starter into `folder`; raises OccupiedError before anything is written."""
    there = [target for _, target in PARTS if (folder / target).exists()]
    if there:
        raise OccupiedError(f"{folder} has {', '.join(there)} already; nothing was written")
    for source, target in PARTS:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, folder / target)
        else:
            shutil.copyfile(CHECKOUT / source, folder / target)
