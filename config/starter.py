"""The starter workspace: a complete, working sales process to begin with."""

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
#: What is copied: where it stands here, where it goes.
PARTS = (
    ("config/cadenza.yaml", "cadenza.yaml"),
    ("config/process.yaml", "process.yaml"),
    ("sequences/library", "sequences"),
    ("sequences/library/tests", "tests"),
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
            shutil.copytree(CHECKOUT / source, folder / target, ignore=_is_a_part_itself)
        else:
            shutil.copyfile(CHECKOUT / source, folder / target)


def _is_a_part_itself(folder: str, names: list[str]) -> list[str]:
    """The library's tests have a folder of their own in a workspace."""
    sources = {CHECKOUT / source for source, _ in PARTS}
    return [name for name in names if Path(folder, name) in sources]
