"""Where things are in a workspace."""

from collections.abc import Iterator
from pathlib import Path

TEAM = "cadenza.yaml"
PROCESS = "process.yaml"
SEQUENCES = "sequences"
EMAILS = "templates/email"
LISTS = "lists"
TESTS = "tests"
SUBJECT, TEXT, HTML = "subject.txt", "body.txt", "body.html"
ATTACHMENTS = "attachments"


def sequence_files(folder: Path) -> list[str]:
    """sequences/*.yaml (and *.yml), relative, sorted."""
    found = (folder / SEQUENCES).glob("*.y*ml")
    return sorted(f"{SEQUENCES}/{path.name}" for path in found if not path.name.startswith("."))


def test_files(folder: Path) -> list[str]:
    """tests/*.yaml (and *.yml), relative, sorted."""
    found = (folder / TESTS).glob("*.y*ml")
    return sorted(f"{TESTS}/{path.name}" for path in found if not path.name.startswith("."))


def list_files(folder: Path) -> list[str]:
    """lists/*.csv, relative, sorted."""
    found = (folder / LISTS).glob("*.csv")
    return sorted(f"{LISTS}/{path.name}" for path in found if not path.name.startswith("."))


def template_names(folder: Path) -> list[str]:
    """The folders in templates/email/, sorted."""
    emails = folder / EMAILS
    return sorted(_folders(emails)) if emails.is_dir() else []


def template_file(name: str, part: str) -> str:
    return f"{EMAILS}/{name}/{part}"


def _folders(parent: Path) -> Iterator[str]:
    for path in parent.iterdir():
        if path.is_dir() and not path.name.startswith((".", "_")):
            yield path.name
