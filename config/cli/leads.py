"""`cadenza leads`: people who may be in here twice, and what a person says of them."""

import json
from typing import TYPE_CHECKING, Any

import typer

from config.cli.app import app
from config.cli.people import LeadName, lead_of
from config.cli.prospecting import By
from config.cli.team import Json

if TYPE_CHECKING:
    from crm.models import Lead

leads_app = typer.Typer(help="People who may be in here twice, and people who are in no CRM yet.")
app.add_typer(leads_app, name="leads")


@leads_app.command()
def doubts(as_json: Json = False) -> None:
    """List the leads that may be one person, both sides, and why; nobody of them is enrolled."""
    _ready()
    from process.prospecting import merging  # noqa: PLC0415 - only after set-up

    pairs = [(merging.told(one), merging.told(two)) for one, two in merging.doubtful()]
    if as_json:
        told = [{"because": "the same email address", "one": a, "two": b} for a, b in pairs]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    rows = [side for pair in pairs for side in pair]
    show({"may_be_one_person_with_the_same_email_address": rows})
    if not rows:
        typer.echo("Nobody seems to be in here twice.")


@leads_app.command()
def merge(one: LeadName, two: LeadName, by: By = "") -> None:
    """Say that two leads are one person: the older one stays, with all that hangs on both."""
    kept = _said("merge", one, two, by)
    typer.echo(f"{kept} is one person now, lead {kept.pk}.")


@leads_app.command()
def separate(one: LeadName, two: LeadName, by: By = "") -> None:
    """Say that two leads are two people for good, though they share an address."""
    _said("separate", one, two, by)
    typer.echo("They are two people.")


def _said(what: str, one: str, two: str, by: str) -> "Lead":
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from process.prospecting import merging  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    first, second = lead_of(one), lead_of(two)
    say: Any = getattr(merging, what)
    try:
        return say(first, second, by=by or who()) or first
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
