"""Commands on people: enroll or stop a lead, note an event; a login for the console."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.app import app
from config.cli.pausing import who
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from crm.models import Lead

LeadName = Annotated[str, typer.Argument(help="A lead's number or email address.")]


def lead_of(name: str) -> "Lead":
    """The lead of this number or address; a usage error when there is none, or more than one."""
    from crm.models import Lead  # noqa: PLC0415 - only after set-up
    from crm.normalize import email  # noqa: PLC0415 - likewise

    rows = Lead.objects.filter(deleted_at=None)
    if name.isdecimal():
        what, found = "number", rows.filter(pk=int(name))
    elif address := email(name):
        what, found = "email address", rows.filter(email=address)
    else:
        raise typer.BadParameter(f"{name!r} is no lead's number and no email address")
    leads = list(found[:3])
    if not leads:
        raise typer.BadParameter(f"no lead has the {what} {name}")
    if len(leads) > 1:
        numbers = ", ".join(str(lead.pk) for lead in leads)
        raise typer.BadParameter(f"several leads have {name!r}; name one by its number: {numbers}")
    return leads[0]


@app.command()
def enroll(
    lead: LeadName,
    sequence: Annotated[str, typer.Argument(help="An applied sequence.")],
    again: Annotated[bool, typer.Option("--again", help="Though it was in it before.")] = False,
) -> None:
    """Enroll a lead by hand; everything that forbids it still does."""
    _ready()
    from runtime import clock  # noqa: PLC0415 - as above
    from sequences import enroll as enrolling  # noqa: PLC0415 - as above
    from sequences import versions  # noqa: PLC0415 - as above

    active = {version.sequence: version for version in versions.active()}
    if sequence not in active:
        valid = ", ".join(active) or "none is applied yet"
        raise typer.BadParameter(f"no applied sequence is called {sequence!r}; valid: {valid}")
    candidate = enrolling.judge(active[sequence], lead_of(lead), again=again)
    if candidate.refusal:
        typer.echo(f"Not enrolled: {candidate.lead} {candidate.refusal}", err=True)
        raise typer.Exit(1)
    because = {"rule": "by a person", "command": "enroll"}
    enrolling.enroll(active[sequence], candidate, start_at=clock.now(), because=because)
    typer.echo(f"{candidate.lead} is in {sequence} now.")


@app.command()
def event(
    lead: LeadName,
    kind: Annotated[str, typer.Argument(help="What happened, such as meeting_booked.")],
    text: Annotated[str, typer.Option(help="What was said, for an answer.")] = "",
) -> None:
    """Write down what happened with a lead; it ends and starts what the rules say."""
    _ready()
    from process import events  # noqa: PLC0415 - as above
    from runtime import clock  # noqa: PLC0415 - as above
    from workspace.problems import Fault  # noqa: PLC0415 - as above

    row = lead_of(lead)
    try:
        events.write(row, kind, at=clock.now(), by="command line", text=text)
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"{row}: {kind} is noted.")


@app.command()
def move(  # noqa: PLR0917 - Typer reads options from parameters
    lead: LeadName,
    stage: Annotated[str, typer.Argument(help="One of the seven.")],
    why: Annotated[str, typer.Option(help="The reason; it is kept.")],
    by: Annotated[str, typer.Option(help="Who decides; your login unless written.")] = "",
    won: Annotated[
        bool, typer.Option("--won", help="To Follow-up: the open deal is won by it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Move a lead to another stage; its CRM gets the counterpart."""
    _ready()
    from django.db import transaction  # noqa: PLC0415 - as above

    from process import moves  # noqa: PLC0415 - as above
    from workspace.problems import Fault  # noqa: PLC0415 - as above

    row = lead_of(lead)
    with transaction.atomic():
        locked = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
        before, decider = locked.stage, by or who()
        try:
            moves.by_person(locked, stage, by=decider, why=why, won=won)
        except Fault as fault:
            raise typer.BadParameter(str(fault)) from fault
    if as_json:
        told = {"lead": row.pk, "from": before, "to": stage, "by": decider, "why": why}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"{row}: from {before or 'no stage'} to {stage}.")


@app.command()
def lose(
    lead: LeadName,
    reason: Annotated[str, typer.Option(help="One of the choices of loss_reason.")],
    by: Annotated[str, typer.Option(help="Who decides; your login unless written.")] = "",
) -> None:
    """Write down why a lead's deal is lost; an open one is lost with it, in its CRM too."""
    _ready()
    from process import losses  # noqa: PLC0415 - as above
    from workspace.problems import Fault  # noqa: PLC0415 - as above

    row = lead_of(lead)
    try:
        deal = losses.lose(row, reason, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"{deal}: lost, {reason}.")


@app.command()
def stop(lead: LeadName) -> None:
    """End whatever a lead is in; queued emails are cancelled."""
    _ready()
    from django.db import transaction  # noqa: PLC0415 - as above

    from runtime import clock  # noqa: PLC0415 - as above
    from sequences import engine  # noqa: PLC0415 - as above

    row = lead_of(lead)
    with transaction.atomic():
        ended = engine.stop_lead(row, "by a person", at=clock.now())
    typer.echo(f"{row}: {counted(ended, 'enrollment')} stopped.")


@app.command()
def user(
    email: Annotated[str, typer.Argument(help="The login, an email address.")],
    rep: Annotated[
        bool, typer.Option("--rep", help="Sees the own tasks alone, and not the console.")
    ] = False,
) -> None:
    """Make a login for the console; the password is asked for, or read from standard input."""
    _ready()
    from django.contrib.auth.models import User  # noqa: PLC0415 - as above
    from django.contrib.auth.password_validation import validate_password  # noqa: PLC0415
    from django.core.exceptions import ValidationError  # noqa: PLC0415 - as above

    from crm.models import Owner  # noqa: PLC0415 - as above
    from crm.normalize import email as normalized  # noqa: PLC0415 - as above

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        validate_password(password)
    except ValidationError as error:
        raise typer.BadParameter(" ".join(error.messages)) from error
    if User.objects.filter(username=email).exists():
        raise typer.BadParameter(f"{email} has a login already")
    create = User.objects.create_user if rep else User.objects.create_superuser
    create(email, email, password)
    typer.echo(f"{email} may log in at {'/tasks' if rep else '/admin/'} now.")
    if rep and not Owner.objects.filter(email=normalized(email)).exists():
        told = "no owner in a CRM has this address, so its tasks stay empty until one has"
        typer.echo(told, err=True)


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
