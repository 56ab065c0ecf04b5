"""`cadenza meeting`: the team's meetings, and what a person says became of them."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.people import LeadName, lead_of
from config.cli.team import Json

if TYPE_CHECKING:
    from crm.models import Meeting
    from mail.models import Mailbox

meetings = typer.Typer(
    no_args_is_help=True, help="Meetings: list, book, move, cancel, held, no-show."
)
app.add_typer(meetings, name="meeting")

Number = Annotated[int, typer.Argument(help="The meeting's, as `cadenza meeting list` has it.")]
By = Annotated[str, typer.Option(help="Who says so; the login name unless given.")]
At = Annotated[str, typer.Option("--at", help="Such as 2026-03-05T14:00, else with a UTC offset.")]


@meetings.command("list")
def list_(
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
    as_json: Json = False,
) -> None:
    """Meetings that lie ahead, and bookings of which nobody knows whose they are."""
    _ready()
    from crm.models import Meeting  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    rows = Meeting.objects.select_related("lead", "owner").order_by("starts_at", "pk")
    if not past:
        rows = rows.filter(ends_at__gt=clock.now()).exclude(status=Meeting.Status.CANCELED)
    told = {
        "meetings": [_told(row) for row in rows if row.lead is not None],
        "waiting_for_a_person": [_told(row) for row in rows if row.lead is None],
    }
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - only when it is shown

    at = {row.pk: _when(row) for row in rows}
    show(
        {
            name: [{**one, "starts_at": at[one["number"]]} for one in found]
            for name, found in told.items()
        }
    )
    if told["waiting_for_a_person"]:
        typer.echo("You know whose it is: cadenza meeting match NUMBER LEAD")
    if not any(told.values()):
        typer.echo("No meeting lies ahead.")


@meetings.command()
def book(  # noqa: PLR0917 - Typer's options
    lead: LeadName,
    at: At,
    title: Annotated[str, typer.Option(help="What it is about.")] = "",
    location: Annotated[str, typer.Option(help="A place or a link.")] = "",
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it takes.")] = 30,
    invite: Annotated[
        bool, typer.Option("--invite", help="Send an invitation from the owner's mailbox.")
    ] = False,
    by: By = "",
) -> None:
    """Note a meeting that was agreed on; whatever the lead is in ends."""
    _ready()
    from process.meetings import by_hand  # noqa: PLC0415 - only after set-up

    row = lead_of(lead)
    meeting = by_hand.book(
        row,
        _moment(at),
        by=_by(by),
        title=title,
        location=location,
        duration=timedelta(minutes=minutes),
        invite_from=_mailbox(row.owner_id) if invite else None,
    )
    typer.echo(f"{row}: meeting {meeting.pk} is booked for {_when(meeting)}.")


@meetings.command()
def move(number: Number, at: At, by: By = "") -> None:
    """Note that a meeting is at another time; one that we invited to is told to the lead's calendar."""
    _ready()
    from process.meetings import by_hand  # noqa: PLC0415 - only after set-up

    moment = _moment(at)
    with _refused():
        meeting = by_hand.move(_meeting(number), moment, by=_by(by))
    typer.echo(f"Meeting {number} is on {_when(meeting)} now.{_whose_calendar(meeting)}")


@meetings.command()
def cancel(number: Number, by: By = "") -> None:
    """Call a meeting off; one that we invited to is taken out of the lead's calendar."""
    meeting = _tell(number, "meeting_canceled", by)
    typer.echo(f"Meeting {number} is called off.{_whose_calendar(meeting)}")


@meetings.command()
def held(number: Number, by: By = "") -> None:
    """Note that a meeting took place."""
    _tell(number, "meeting_held", by)
    typer.echo(f"Meeting {number} was held.")


@meetings.command("no-show")
def no_show(number: Number, by: By = "") -> None:
    """Note that the lead did not come."""
    _tell(number, "meeting_missed", by)
    typer.echo(f"Meeting {number}: the lead did not come.")


@meetings.command()
def match(number: Number, lead: LeadName, by: By = "") -> None:
    """Say whose a booking is that came from an address that nobody knows."""
    _ready()
    from process.meetings import by_hand  # noqa: PLC0415 - only after set-up

    meeting, row = _meeting(number), lead_of(lead)
    with _refused():
        by_hand.match(meeting, row, by=_by(by))
    typer.echo(f"Meeting {number} is {row}'s.")


def _tell(number: int, kind: str, by: str) -> "Meeting":
    _ready()
    from process.meetings import by_hand  # noqa: PLC0415 - only after set-up

    with _refused():
        return by_hand.tell(_meeting(number), kind, by=_by(by))


@contextmanager
def _refused() -> Iterator[None]:
    from workspace.problems import Fault  # noqa: PLC0415 - only after set-up

    try:
        yield
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault


def _meeting(number: int) -> "Meeting":
    from crm.models import Meeting  # noqa: PLC0415 - only after set-up

    found = Meeting.objects.select_related("lead").filter(pk=number).first()
    if found is None:
        raise typer.BadParameter(f"no meeting has the number {number}; see: cadenza meeting list")
    return found


def _mailbox(owner_id: int | None) -> "Mailbox":
    from mail.models import Mailbox  # noqa: PLC0415 - only after set-up

    found = Mailbox.objects.filter(owner=owner_id).exclude(owner=None).order_by("pk").first()
    if found is None:
        raise typer.BadParameter("the lead's owner has no mailbox that could invite")
    return found


def _moment(written: str) -> datetime:
    """In the workspace's time zone where it names none."""
    from mail.models import Sender  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise
    from workspace.zones import zone  # noqa: PLC0415 - likewise

    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise typer.BadParameter(f"{written!r} is no moment such as 2026-03-05T14:00") from error
    if moment.tzinfo is None:
        sender = Sender.objects.first()
        moment = moment.replace(tzinfo=zone(sender.timezone if sender else "UTC"))
    if moment <= clock.now():
        raise typer.BadParameter(f"{written} has passed")
    return moment


def _told(row: "Meeting") -> dict[str, Any]:
    return {
        "number": row.pk,
        "starts_at": row.starts_at,
        "status": row.status,
        "lead": str(row.lead or f"{row.attendee_name} <{row.attendee}>"),
        "owner": str(row.owner or ""),
        "title": row.title,
        "location": row.location,
        "source": row.source,
    }


def _when(meeting: "Meeting") -> str:
    from workspace.zones import zone  # noqa: PLC0415 - only after set-up

    local = meeting.starts_at.astimezone(zone(meeting.timezone))
    return f"{local:%a %Y-%m-%d %H:%M} ({meeting.timezone})"


def _whose_calendar(meeting: "Meeting") -> str:
    """Who else has to be told."""
    if meeting.mailbox_id is not None:
        return " The lead's calendar is told."
    return f" It is told to nobody: the calendar is {meeting.source}'s."


def _by(by: str) -> str:
    return by or getpass.getuser()


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - costs time that --help must not pay

    ready()
