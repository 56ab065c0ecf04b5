"""Suppressions as a CSV file: what other tools hand over, and what `export` writes for `import`."""

import csv
import errno
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from connectors.csv_folder.sheet import Row, Sheet, read_sheet
from mail.blocklist import Entry
from mail.models import Suppression
from mail.targets import target
from workspace.problems import Fault, Invalid, Problem, unknown

COLUMNS = ("scope", "value", "kind", "at", "by", "reason")
#: As other tools call the column `value`.
_ALIAS = "email"
_KINDS = tuple(Suppression.Kind.values)


def read(path: Path, *, by: str, reason: str, now: datetime) -> list[Entry]:
    """The file's entries; `by` and `reason` are said where it has no such column.

    Raises Invalid with every mistake, by line and column.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name the CSV file in it", str(path))
    sheet = read_sheet(path)
    if sheet is None:
        raise FileNotFoundError(errno.ENOENT, "there is no such file", str(path))
    _check_columns(sheet)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for row in sheet.rows:
        if not any(value.strip() for value in row.values.values()):
            continue
        try:
            entries.append(_entry(row, by=by, reason=reason, now=now))
        except _WrongError as wrong:
            problems.append(_problem(sheet, row, wrong))
    if problems:
        raise Invalid(problems)
    return entries


def write(rows: Iterable[Suppression]) -> str:
    """The suppressions as text; a domain without its mark, a hash likewise."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        at = row.at.astimezone(UTC).isoformat()
        writer.writerow([row.scope, _value(row), row.kind, at, by_of(row), reason_of(row)])
    return file.getvalue()


def by_of(row: Suppression) -> str:
    return str(row.because.get("by", ""))


def reason_of(row: Suppression) -> str:
    """A person's words, else what the program went by."""
    told = (row.because.get(name) for name in ("reason", "how", "reply"))
    return str(next(filter(None, told), ""))


class _WrongError(ValueError):
    def __init__(self, column: str, message: str) -> None:
        self.column = column
        super().__init__(message)


def _check_columns(sheet: Sheet) -> None:
    names = [_known(name) for name in sheet.columns]
    told = ""
    if "value" not in names:
        told = f'needs a column "value" or "{_ALIAS}"; its first line has {", ".join(names) or "nothing"}'
    for place, name in enumerate(names, start=1):
        if not told and name not in COLUMNS:
            told = unknown("column", sheet.columns[place - 1], [*COLUMNS, _ALIAS])
            raise Invalid([Problem(file=sheet.path.name, line=1, column=place, message=told)])
    if told:
        raise Invalid([Problem(file=sheet.path.name, line=1, column=1, message=told)])


def _known(name: str) -> str:
    plain = name.strip().lower()
    return "value" if plain == _ALIAS else plain


def _entry(row: Row, *, by: str, reason: str, now: datetime) -> Entry:
    if row.fault:
        raise _WrongError("", row.fault)
    values = {_known(name): written.strip() for name, written in row.values.items()}
    value = values.get("value", "")
    scope = values.get("scope") or ("domain" if value.startswith("@") else "address")
    kind = values.get("kind") or Suppression.Kind.IMPORTED
    if kind not in _KINDS:
        raise _WrongError("kind", unknown("kind", kind, _KINDS))
    try:
        found = target(value, scope)
    except Fault as fault:
        raise _WrongError("scope" if fault.choices else "value", str(fault)) from fault
    return Entry(
        target=found,
        kind=kind,
        at=_moment(values["at"]) if values.get("at") else now,
        by=values.get("by", by),
        reason=values.get("reason", reason),
    )


def _moment(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _WrongError("at", f'"{written}" is no moment such as 2026-03-04T12:00:00Z') from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _problem(sheet: Sheet, row: Row, wrong: _WrongError) -> Problem:
    names = [_known(name) for name in sheet.columns]
    column = names.index(wrong.column) + 1 if wrong.column in names else 1
    return Problem(file=sheet.path.name, line=row.line, column=column, message=str(wrong))


def _value(row: Suppression) -> str:
    """A company by its name, or by its number where another is called the same."""
    if row.company is None:
        return row.value
    named = type(row.company).objects.filter(name__iexact=row.company.name)
    return row.company.name if named.count() == 1 else str(row.company.pk)
