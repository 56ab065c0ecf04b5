"""Commands before somebody is approached: a brief of the lead, and the line that is only for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from config.cli.app import app
from config.cli.pausing import who
from config.cli.people import LeadName, lead_of
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from crm.models import Lead

Rows = Sequence[Mapping[str, object]]
#: Besides the one that counts.
DEALS_SHOWN = 8


@app.command()
def brief(lead: LeadName, as_json: Json = False) -> None:
    """All that one should have read before talking to a lead."""
    _ready()
    from process import brief as briefs  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    row = lead_of(lead)
    found = briefs.brief(briefs.read(row), clock.now())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    show(found, row)


def show(found: Mapping[str, Rows], lead: "Lead") -> None:
    """By the lead's clock; of its deals the latest."""
    from config.cli import tables  # noqa: PLC0415 - Rich costs what --json must not pay
    from process import brief as briefs  # noqa: PLC0415 - only after set-up
    from process.local import clock_of  # noqa: PLC0415 - likewise

    place = clock_of(lead)
    for name, rows in found.items():
        told = [{key: _by_clock(one, place) for key, one in row.items()} for row in rows]
        if name in briefs.OF_ONE:
            told = [_pair(*pair) for row in told for pair in row.items()]
        most = DEALS_SHOWN if name == "other_deals" else len(told)
        tables.show({name: told[:most]})
        if len(told) > most:
            typer.echo(f"and {counted(len(told) - most, 'older deal')}; --json has all.")


@app.command()
def line(
    lead: LeadName,
    text: Annotated[str, typer.Argument(help='The line; "" takes it away.')],
    by: Annotated[str, typer.Option(help="Who wrote it; your login unless written.")] = "",
) -> None:
    """Write the personal line of one lead, which emails print as lead.line."""
    _ready()
    from process import lines  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    row = lead_of(lead)
    try:
        changed = lines.write(row, text, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault), param_hint="TEXT") from fault
    typer.echo(f"{row}: {'written' if changed else 'as it was'}.")


def _pair(name: str, value: object) -> dict[str, object]:
    """A row of what has many fields and stands alone."""
    return {"fact": name.replace("_", " "), "known": value}


def _by_clock(value: object, place: ZoneInfo) -> object:
    return value.astimezone(place) if isinstance(value, datetime) else value


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
