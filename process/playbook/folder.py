"""A playbook on disk: written anew into its own folder, and never over anything else."""

import re
from collections.abc import Mapping
from pathlib import Path

#: Lists what we wrote, so that a page that is no longer made can go.
MARKER = ".cadenza-playbook"
_OURS = re.compile(r"(?:[a-z]+/)?[a-z0-9-]+\.(?:html|css)")


class OccupiedError(Exception):
    """The folder holds something else."""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """`files` by their paths below the folder; raises OccupiedError before anything is written."""
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise OccupiedError(f"{folder} is no folder; nothing was written")
    if not marker.is_file() and folder.exists() and any(folder.iterdir()):
        raise OccupiedError(
            f"{folder} is not empty and no playbook (it has no {MARKER}); nothing was written"
        )
    led_away = [path for path in files if _leads_away(folder, path)]
    if led_away:
        raise OccupiedError(f"{folder / led_away[0]} leads out of the folder; nothing was written")
    before = _listed(marker)
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text("".join(f"{path}\n" for path in sorted({*before, *files})), encoding="utf-8")
    for path in before - set(files):
        (folder / path).unlink(missing_ok=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    marker.write_text("".join(f"{path}\n" for path in sorted(files)), encoding="utf-8")


def _leads_away(folder: Path, path: str) -> bool:
    """A link in place of a page or of its folder could lead anywhere."""
    return (folder / path).is_symlink() or ((folder / path).parent.is_symlink() and "/" in path)


def _listed(marker: Path) -> set[str]:
    """Only what could be ours: the file may have come from anywhere."""
    if not marker.is_file():
        return set()
    lines = marker.read_text(encoding="utf-8", errors="replace").splitlines()
    return {
        line for line in lines if _OURS.fullmatch(line) and not _leads_away(marker.parent, line)
    }
