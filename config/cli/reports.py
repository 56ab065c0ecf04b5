"""Reports as tables on the terminal, as CSV and as JSON."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, TextIO

import typer

from config.cli import wide
from config.cli.tables import plain_console
from crm.models import Owner
from process.definition import STAGES
from process.reports import catalog
from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Event
from runtime import clock
from sequences.models import AppliedVersion
from workspace.problems import unknown
from workspace.zones import zone

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?").fullmatch


def build(name: str, asked: Mapping[str, Any]) -> Report:
    """Raises a usage error for a stage, a sequence or an owner that is none."""
    _known("stage", asked.get("stage"), STAGES)
    _known("sequence", asked.get("sequence"), _sequences())
    _known("owner", asked.get("owner"), list(Owner.objects.values_list("email", flat=True)))
    place = zone(catalog.timezone())
    moments = {key: at and at.replace(tzinfo=place) for key, at in asked.items() if _is_day(key)}
    if moments.get("since") and moments.get("until") and moments["since"] >= moments["until"]:
        raise typer.BadParameter("--since must be before --until")
    words = {key: value for key, value in asked.items() if not _is_day(key)}
    return catalog.REPORTS[name](Scope(now=clock.now(), **words, **moments))


def show(report: Report) -> None:
    console = plain_console()
    for heads, rows in groupby(report.rows, key=lambda row: tuple(row[: report.heads])):
        wide.show(console, ", ".join(map(str, heads)), _columns(report, list(rows)))
    if not report.rows:
        console.print("Nothing yet.")
    for note in report.notes:
        console.print(_as_headed(note, report.columns), style="dim", highlight=False)


def _as_headed(note: str, columns: Sequence[str]) -> str:
    """With the columns called as above the table, not as in CSV and JSON."""
    named = "|".join(map(re.escape, columns))
    return re.sub(rf"\b({named})\b", lambda found: _heading(found[0]), note)


def _heading(column: str) -> str:
    return column.replace("_", " ")


def as_json(name: str, report: Report) -> dict[str, Any]:
    """Times are in seconds, moments in ISO 8601, amounts texts."""
    rows = [dict(zip(report.columns, map(_plain, row), strict=True)) for row in report.rows]
    told = {"report": name, "now": clock.now().isoformat(), "rows": rows}
    return {**told, "notes": list(report.notes)}


def write_csv(report: Report, file: TextIO) -> None:
    """A rate takes five columns: hits, of, the rate and its interval."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([part for name in report.columns for part in _parts(name)])
    for row in report.rows:
        writer.writerow([flat for cell in row for flat in _flat(cell)])


def events_as_json(events: Iterable[Event], file: TextIO) -> None:
    for event in events:
        told = {**event._asdict(), "at": event.at.isoformat()}
        file.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")


def events_as_csv(events: Iterable[Event], file: TextIO) -> None:
    """`data` as JSON."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Event._fields)
    for event in events:
        data = json.dumps(event.data, ensure_ascii=False, default=str)
        told = event._replace(at=event.at.isoformat(), data=data)  # type: ignore[arg-type]
        writer.writerow(map(harmless, told))


def _columns(report: Report, rows: Sequence[Sequence[Cell]]) -> Sequence[wide.Column]:
    return [
        wide.Column(
            name=_heading(name),
            cells=[_cell(row[place]) for row in rows],
            is_text=all(isinstance(row[place], str) for row in rows),
            is_idle=all(type(row[place]) is int and not row[place] for row in rows),
        )
        for place, name in enumerate(report.columns)
        if place >= report.heads
    ]


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
        case timedelta():
            return _length(cell)
        case int() | Decimal():
            return f"{cell:,}"
        case str():
            return cell.partition("@")[0]  # reps are told apart by that; CSV and JSON have it all
    return str(cell)


def _length(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"  # noqa: PLR2004 - two days


def _plain(cell: Cell) -> object:
    match cell:
        case Rate():
            told = {"hits": cell.hits, "of": cell.of, "rate": cell.value}
            return {**told, "low": cell.low, "high": cell.high}
        case timedelta():
            return cell.total_seconds()
        case datetime():
            return cell.isoformat()
        case Decimal():
            return str(cell)
    return cell


def _flat(cell: Cell) -> Iterator[object]:
    if isinstance(cell, Rate):
        yield from (cell.hits, cell.of, cell.value, cell.low, cell.high)
    else:
        yield harmless(_plain(cell))


def harmless(value: object) -> object:
    """A text that a spreadsheet would run as a formula, as the text that it is; numbers stay.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    is_formula = isinstance(value, str) and value.startswith(_FORMULAS) and not _NUMBER(value)
    return f"'{value}" if is_formula else value


def _parts(column: str) -> Sequence[str]:
    """Rates are called so, and nothing else is."""
    parts = ("hits", "of", "rate", "low", "high")
    is_rate = column.endswith("_rate")
    return [f"{column.removesuffix('_rate')}_{part}" for part in parts] if is_rate else [column]


def _known(what: str, name: str | None, valid: Sequence[str]) -> None:
    if name and name not in valid:
        raise typer.BadParameter(unknown(what, name, valid), param_hint=f"--{what}")


def _sequences() -> Sequence[str]:
    return sorted(set(AppliedVersion.objects.values_list("sequence", flat=True)))


def _is_day(key: str) -> bool:
    return key in {"since", "until"}
