"""The lists of a workspace: lists/<name>.csv, of which the column `email` is read."""

import csv
from collections.abc import Iterator
from pathlib import Path

from crm.normalize import email as normalized_email
from workspace import layout
from workspace.problems import Invalid, Problem
from workspace.source import read_text

COLUMN = "email"


def read_lists(folder: Path, problems: list[Problem]) -> dict[str, frozenset[str]]:
    """The addresses of each list, normalized; one that cannot be read is there, and empty."""
    return {Path(file).stem: _read(folder, file, problems) for file in layout.list_files(folder)}


def _read(folder: Path, file: str, problems: list[Problem]) -> frozenset[str]:
    try:
        text = read_text(folder / file, file)
    except Invalid as invalid:
        problems += invalid.problems
        return frozenset()
    rows = csv.reader(text.splitlines())
    header = [name.strip().lower() for name in next(rows, [])]
    if COLUMN not in header:
        found = ", ".join(header) or "nothing"
        message = f'needs a column "{COLUMN}"; its first line has {found}'
        problems.append(Problem(file=file, line=1, column=1, message=message))
        return frozenset()
    at = header.index(COLUMN)
    return frozenset(_addresses(file, rows, at, problems))


def _addresses(file: str, rows: Iterator[list[str]], at: int, problems: list[Problem]) -> list[str]:
    found = []
    for line, row in enumerate(rows, start=2):
        written = row[at].strip() if at < len(row) else ""
        if "@" in written:
            found.append(normalized_email(written))
        elif any(cell.strip() for cell in row):
            message = f'"{written[:100]}" is no email address'
            problems.append(
                Problem(file=file, line=line, column=1, message=message, value=written[:100])
            )
    return found
