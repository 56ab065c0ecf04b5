"""People who are in no CRM, from a CSV file into the workspace's own CSV folder.

Every line is judged before the first is written, and whoever asked to be left alone is left out.
"""

import csv
import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from connectors.csv_folder.adding import add_leads
from connectors.csv_folder.sheet import Row, Sheet, read_sheet, replace_file
from connectors.records import LONGEST, Types
from connectors.values import Malformed, custom
from crm.definition import CsvSettings
from crm.models import Lead
from crm.normalize import email as normalized_email
from mail.suppression import first
from process.blueprint import Blueprint
from process.lists import COLUMN
from process.models import Submission
from process.prospecting.forms import LEAD_FACTS, is_address
from workspace import layout
from workspace.names import Slug
from workspace.problems import Fault, Invalid, Problem, unknown
from workspace.secrets import resolve


@dataclass(frozen=True, kw_only=True)
class Person:
    line: int
    values: Mapping[str, str]  #: by our names; the address is normalized
    becomes: str  #: new, known, twice, suppressed or do not contact
    why: str = ""

    @property
    def email(self) -> str:
        return self.values["email"]


def folder_of(blueprint: Blueprint, name: str = "") -> tuple[str, CsvSettings]:
    """The connection that takes people; raises Fault with the next move where there is none."""
    found = {n: c for n, c in blueprint.connections.items() if isinstance(c, CsvSettings)}
    if not found:
        raise Fault(
            "people stand in a CRM, and no connection of cadenza.yaml is a folder that can take some: "
            "write one below connections, such as\n"
            "  own: { kind: csv, folder: data, pull_every: 15 minutes }\n"
            "make the folder, give each stage of process.yaml a counterpart for it, and run "
            "`cadenza apply`; or create them in your CRM"
        )
    if name and name not in found:
        raise Fault(unknown("connection of a folder", name, found), choices=sorted(found))
    if not name and len(found) > 1:
        raise Fault(
            f"several connections are folders; name one with --connection: {', '.join(found)}"
        )
    chosen = name or next(iter(found))
    return chosen, found[chosen]


def read(path: Path, settings: CsvSettings) -> list[Person]:
    """Everybody in the file; raises Invalid with every mistake, by line and column."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name the CSV file in it", str(path))
    sheet = read_sheet(path)
    if sheet is None:
        raise FileNotFoundError(errno.ENOENT, "there is no such file", str(path))
    types: Types = {"lead": settings.custom("lead")}
    names = _names(sheet, types)
    problems: list[Problem] = []
    rows = [(row.line, _values(sheet, row, names, types, problems)) for row in _filled(sheet)]
    if problems:
        raise Invalid(problems)
    return list(_judged(rows))


def write(people: Sequence[Person], settings: CsvSettings) -> int:
    """Append whoever is new; how many."""
    fresh = [person.values for person in people if person.becomes == "new"]
    folder = Path(resolve(settings.folder, os.environ))
    return add_leads(folder, settings.fields.model_dump(), fresh) if fresh else 0


def for_list(people: Sequence[Person]) -> list[str]:
    """Whoever is new, or in a CRM already."""
    return [person.email for person in people if person.becomes in {"new", "known"}]


def person_of(row: Submission) -> Person:
    """Whoever wrote into a form, with what a row of leads.csv can tell."""
    told = {fact.removeprefix("lead."): text for fact, text in row.told.items()}
    values = {name: told[name] for name in LEAD_FACTS if name in told}
    return Person(line=1, values={**values, "email": row.email}, becomes="new")


def check_list(name: str, blueprint: Blueprint) -> None:
    """Raises Fault when no file can be called so."""
    try:
        TypeAdapter(Slug).validate_python(name)
    except ValidationError as error:
        raise Fault(f'"{name}" must be lower-case words joined by "-"') from error
    described = blueprint.process.lists.get(name)
    if described is not None and not described.is_in_a_file:
        how = "from the CRMs" if described.sources else "by a condition"
        raise Fault(f'"{name}" is a list of process.yaml, which takes people {how}')


def add_to_list(folder: Path, name: str, emails: Sequence[str]) -> int:
    """Append to lists/<name>.csv of the workspace whoever is not in it; how many."""
    path = folder / layout.LISTS / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    sheet = read_sheet(path)
    if sheet is None:
        replace_file(path, _column([COLUMN, *emails]).encode())
        return len(emails)
    column = next((one for one in sheet.columns if one.lower() == COLUMN), None)
    if column is None:
        raise Fault(f'{layout.LISTS}/{path.name}:1:1: needs a column "{COLUMN}"')
    known = {normalized_email(row.values.get(column, "")) for row in sheet.rows}
    fresh = [{column: email} for email in emails if email not in known]
    if fresh:
        replace_file(path, sheet.with_more(fresh))
    return len(fresh)


def _names(sheet: Sheet, types: Types) -> Mapping[str, str]:
    """Column of the file -> our name."""
    choices = sorted({*LEAD_FACTS, *types["lead"]})
    found = {column: column.strip().lower() for column in sheet.columns}
    file = sheet.path.name
    for at, (column, name) in enumerate(found.items(), start=1):
        if name not in choices:
            message = unknown("column", column, choices)
            raise Invalid([Problem(file=file, line=1, column=at, message=message)])
    if "email" not in found.values():
        message = f'needs a column "email"; its first line has {", ".join(found) or "nothing"}'
        raise Invalid([Problem(file=file, line=1, column=1, message=message)])
    return found


def _filled(sheet: Sheet) -> Iterator[Row]:
    return (row for row in sheet.rows if any(value.strip() for value in row.values.values()))


def _values(
    sheet: Sheet, row: Row, names: Mapping[str, str], types: Types, problems: list[Problem]
) -> Mapping[str, str]:
    def wrong(column: int, message: str) -> None:
        file = sheet.path.name
        problems.append(Problem(file=file, line=row.line, column=column, message=message))

    if row.fault:
        wrong(1, row.fault)
    values: dict[str, str] = {}
    for at, (column, name) in enumerate(names.items(), start=1):
        written = row.values.get(column, "").strip()
        if fault := _fault(name, written, types):
            wrong(at, fault)
        elif written:
            values[name] = normalized_email(written) if name == "email" else written
    return values


def _fault(name: str, written: str, types: Types) -> str:
    if name == "email":
        return "" if is_address(written) else f'"{written[:100]}" is no email address'
    if len(written) > LONGEST.get(name, len(written)):
        return f"{name}: {len(written):,} characters, where {LONGEST[name]:,} are the most"
    if name in types["lead"] and written:
        try:
            custom(types["lead"][name], written)
        except Malformed as error:
            return f"{name}: {error}"
    return ""


def _judged(rows: Sequence[tuple[int, Mapping[str, str]]]) -> Iterator[Person]:
    lines: dict[str, int] = {}
    for line, values in rows:
        becomes, why = _becomes(values["email"], lines)
        lines.setdefault(values["email"], line)
        yield Person(line=line, values=values, becomes=becomes, why=why)


def _becomes(email: str, lines: Mapping[str, int]) -> tuple[str, str]:
    if email in lines:
        return "twice", f"stands in line {lines[email]} already"
    leads = list(Lead.objects.filter(email=email, deleted_at=None).order_by("pk"))
    covered = first(email, leads[0] if leads else None)
    if covered is not None:
        return "suppressed", f"{covered.kind} since {covered.at:%Y-%m-%d}"
    if opted_out := [lead for lead in leads if lead.do_not_contact]:
        return "do not contact", f"says the CRM of lead {opted_out[0].pk}"
    return ("known", f"lead {leads[0].pk}") if leads else ("new", "")


def _column(cells: Sequence[str]) -> str:
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows([cell] for cell in cells)
    return file.getvalue()
