"""`cadenza tasks`, a rep's queue, and `cadenza task`: what a person does with one of them."""

import json
import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.pausing import who
from config.cli.team import Json

if TYPE_CHECKING:
    from process.desk import Entry
    from process.models import Task

task_app = typer.Typer(no_args_is_help=True, help="Do, snooze, skip or hand over a task.")
app.add_typer(task_app, name="task")

Number = Annotated[int, typer.Argument(metavar="ID", help="As `cadenza tasks` has it.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who; default: your login.")]
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]


@app.command()
def tasks(
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="One rep's; default: all.")] = "",
    as_json: Json = False,
) -> None:
    """What is to be done, the most urgent first, with what to say and why it stands there."""
    _ready()
    from process import desk  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    address = _owner(owner).email if owner else None
    found = desk.entries(clock.now(), owner=address)
    if as_json:
        _print([_told(entry) for entry in found])
        return
    for entry in found:
        _show(_told(entry))
    if not found:
        typer.echo("Nothing is to be done.")


@task_app.command()
def show(number: Number, as_json: Json = False) -> None:
    """All of one task."""
    _ready()
    from process import desk  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    row = _task(number)
    told = {
        **_told(desk.entry(row, clock.now())),
        "note": row.note,
        "snoozed_until": row.snoozed_until,
        "ended": _ended(row) if row.done_at else "",
    }
    if as_json:
        _print(told)
    else:
        _show(told)


@task_app.command()
def done(
    number: Number,
    disposition: Annotated[str, typer.Option(metavar="NAME", help="How it turned out.")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="For the timeline and the CRM.")] = "",
    by: By = "",
) -> None:
    """Tick it off; the sequence goes on as the disposition says."""
    _ready()
    from process import tasks as work  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    row = _task(number)
    try:
        changed = work.done(row.pk, disposition=disposition, remark=note, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault), param_hint="--disposition") from fault
    _say(row, changed, "is done")


@task_app.command()
def snooze(
    number: Number,
    until: Annotated[
        datetime, typer.Option(formats=_MOMENTS, help="A day or a moment, in the team's time zone.")
    ],
    by: By = "",
) -> None:
    """Take it off the queue until then."""
    _ready()
    from process import desk  # noqa: PLC0415 - only after set-up
    from process import tasks as work  # noqa: PLC0415 - likewise
    from runtime import clock  # noqa: PLC0415 - likewise

    row, moment = _task(number), desk.in_the_teams_zone(until)
    if moment <= clock.now():
        raise typer.BadParameter(f"{until:%Y-%m-%d %H:%M} is over", param_hint="--until")
    changed = work.snooze(row.pk, until=moment, by=by or who())
    _say(row, changed, f"sleeps until {until:%Y-%m-%d %H:%M}")


@task_app.command()
def skip(
    number: Number,
    why: Annotated[str, typer.Option(metavar="TEXT", help="For the timeline.")],
    by: By = "",
) -> None:
    """End it without its being done; a gate opens all the same."""
    _ready()
    from process import tasks as work  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    row = _task(number)
    try:
        changed = work.skip(row.pk, why=why, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    _say(row, changed, "is skipped")


@task_app.command()
def give(
    number: Number,
    to: Annotated[str, typer.Option(metavar="EMAIL", help="The rep who takes it.")],
    by: By = "",
) -> None:
    """Hand it over; its CRM hears of it."""
    _ready()
    from process import tasks as work  # noqa: PLC0415 - only after set-up

    row, owner = _task(number), _owner(to)
    _say(row, work.give(row.pk, to=owner, by=by or who()), f"is {owner.email}'s now")


def _told(entry: "Entry") -> dict[str, Any]:
    task = entry.task
    return {
        "id": task.pk,
        "kind": task.kind,
        "title": task.title,
        "because": [] if task.done_at else list(entry.place.because),
        "lead": str(task.lead),
        "lead_id": task.lead_id,
        "company": task.lead.company.name if task.lead.company else "",
        "phone": task.lead.phone,
        "owner": task.owner.email if task.owner else "",
        "due_at": task.due_at,
        "say": entry.say,
        "last_touches": entry.touches,
        "dispositions": list(entry.dispositions),
    }


def _task(number: int) -> "Task":
    from process.models import Task  # noqa: PLC0415 - only after set-up

    row = Task.objects.select_related("lead__company", "owner").filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"there is no task {number}; `cadenza tasks` lists them")
    return row


def _owner(email: str) -> Any:
    from crm.models import Owner  # noqa: PLC0415 - only after set-up

    found = Owner.objects.filter(email__iexact=email, active=True).first()
    if found is None:
        known = Owner.objects.filter(active=True).order_by("email").values_list("email", flat=True)
        valid = ", ".join(known) or "none is known yet"
        raise typer.BadParameter(f"no rep has the address {email}; valid: {valid}")
    return found


def _say(row: "Task", changed: bool, what: str) -> None:
    row.refresh_from_db()
    if changed:
        typer.echo(f"{row.pk} {row.title}: {what}.")
    elif row.done_at:
        typer.echo(f"{row.pk} {row.title}: {_ended(row)} already.")
    else:
        typer.echo(f"{row.pk} {row.title}: {what} already.")


def _ended(row: "Task") -> str:
    how = "skipped" if row.skipped else row.disposition or "done"
    by = f" by {row.ended_by}" if row.ended_by else ""
    return f"{how}{by} at {row.done_at:%Y-%m-%d %H:%M} UTC"


def _print(told: Any) -> None:
    typer.echo(json.dumps(told, default=str, ensure_ascii=False))


def _show(told: dict[str, Any]) -> None:
    """A paragraph; what is blank has no line."""
    typer.echo(f"{told['id']}  {told['kind']}  {told['title']}")
    person = ", ".join(filter(None, (told["lead"], told["company"], told["phone"])))
    lines = {
        "why now": "; ".join(told["because"]),
        "with": person,
        "owner": told["owner"],
        "say": told["say"],
        "note": told.get("note"),
        "last": told["last_touches"],
        "outcomes": ", ".join(told["dispositions"]),
        "asleep": (until := told.get("snoozed_until")) and f"until {until:%Y-%m-%d %H:%M} UTC",
        "ended": told.get("ended"),
    }
    for name, text in lines.items():
        if text:
            typer.echo(textwrap.indent(f"{name + ':':9} {text}", "    "))
    typer.echo()


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
