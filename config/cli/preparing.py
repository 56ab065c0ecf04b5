"""Commands before somebody is approached: a brief of the lead, and the line that is only for it."""

import json
from typing import Annotated

import typer

from config.cli.app import app
from config.cli.pausing import who
from config.cli.people import LeadName, lead_of
from config.cli.team import Json


@app.command()
def brief(lead: LeadName, as_json: Json = False) -> None:
    """All that one should have read before talking to a lead."""
    _ready()
    from process import brief as briefs  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    found = briefs.brief(briefs.read(lead_of(lead)), clock.now())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    for name, rows in found.items():
        upright = name in briefs.OF_ONE
        show({name: [_pair(*pair) for row in rows for pair in row.items()] if upright else rows})


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


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
