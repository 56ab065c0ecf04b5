"""Invitations to a meeting, as calendars exchange them by mail (RFC 5545, 5546, 6047)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from crm.models import Lead
from mail import address, invited, mime
from mail.models import Message
from runtime import clock
from workspace.zones import zone

#: How calendars name the file when they save it; not text/calendar, of which there is one part.
FILE_NAME, FILE_TYPE = "invite.ics", "application/ics"
_MAKER = "-//Cadenza//Outreach//EN"
#: Around the meeting, rules of its time zone are told for so long.
_RULES_FOR = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Party:
    email: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Invitation:
    uid: str  #: the meeting's identity
    title: str
    starts_at: datetime  #: in the zone whose wall clock it keeps
    duration: timedelta
    location: str = ""
    reminder: timedelta | None = None
    organizer: Party
    attendee: Party
    method: str = "REQUEST"  #: or CANCEL
    sequence: int = 0  #: how often it was changed


def of(
    message: Message, context: Mapping[str, object], *, to: str, timezone: str
) -> Invitation | None:
    """What the email invites `to`; None when it does not. ValueError when it cannot be made."""
    written = message.invite
    if written is None:
        return None
    mailbox = message.mailbox
    organizer = Party(email=mailbox.address, name=mailbox.display_name)
    attendee = Party(email=to, name=_name(message.lead))
    if "method" in written:
        return _settled(written, timezone=timezone, organizer=organizer, attendee=attendee)
    domain = address.domain(mailbox.address.rpartition("@")[2])
    # Before it is queued it is a preview, and the sample's facts are of some year.
    told = invited.read(written, context, now=clock.now() if message.pk else None)
    return Invitation(
        uid=f"{message.token}@{domain}",
        title=told.title,
        starts_at=told.starts_at.astimezone(zone(timezone)),
        duration=timedelta(seconds=written["duration"]),
        location=told.location,
        reminder=_reminder(written),
        organizer=organizer,
        attendee=attendee,
    )


def refuse_begun(message: Message, context: Mapping[str, object]) -> None:
    """ValueError when an invitation that was made earlier could not be made now."""
    if message.invite is not None and "method" not in message.invite:
        invited.read(message.invite, context, now=clock.now())


def told(message: Message, timezone: str) -> dict[str, object]:
    """What the text of news of a meeting reads of it; nothing for other emails."""
    if message.invite is None or "method" not in message.invite:
        return {}
    written = message.invite
    local = datetime.fromisoformat(written["starts_at"]).astimezone(zone(timezone))
    return {
        "invitation": {
            "title": written["title"] or "Our meeting",
            "day": f"{local:%A}, {local.day} {local:%B}",
            "time": f"{local:%H:%M}",
            "timezone": timezone,
            "location": written["location"],
        }
    }


def _settled(
    written: Mapping[str, Any], *, timezone: str, organizer: Party, attendee: Party
) -> Invitation:
    """A meeting that stands, or stood, as it was written down when it changed."""
    return Invitation(
        uid=written["uid"],
        title=written["title"] or "Our meeting",
        starts_at=datetime.fromisoformat(written["starts_at"]).astimezone(zone(timezone)),
        duration=timedelta(seconds=written["duration"]),
        location=written["location"],
        reminder=_reminder(written),
        organizer=organizer,
        attendee=attendee,
        method=written["method"],
        sequence=written["sequence"],
    )


def _reminder(written: Mapping[str, Any]) -> timedelta | None:
    before = written.get("reminder")  # news that was queued by an earlier version has no such key
    return None if before is None else timedelta(seconds=before)


def _name(lead: Lead) -> str:
    return f"{lead.first_name} {lead.last_name}".strip()


def parts(invitation: Invitation) -> tuple[bytes, bytes]:
    """The invitation in its two forms: as a calendar reads it in the mail, and as a file."""
    told = written(invitation)
    return mime.calendar(invitation.method, told), mime.attachment(FILE_NAME, FILE_TYPE, told)


def written(invitation: Invitation) -> bytes:
    """Asks for an answer, or calls it off; lines of at most 75 octets, ended by CRLF."""
    calendar = Calendar()
    for name, value in {"prodid": _MAKER, "version": "2.0", "method": invitation.method}.items():
        calendar.add(name, value)
    calendar.add_component(_event(invitation))
    day = invitation.starts_at.date()
    calendar.add_missing_timezones(day - _RULES_FOR, day + _RULES_FOR)
    return bytes(calendar.to_ical())


def _event(invitation: Invitation) -> Event:
    event = Event()
    told: dict[str, Any] = {
        "uid": invitation.uid,
        "sequence": invitation.sequence,
        "dtstamp": clock.now(),
        "status": "CANCELLED" if invitation.method == "CANCEL" else "CONFIRMED",
        "summary": invitation.title,
        "dtstart": _start(invitation.starts_at),
        "duration": invitation.duration,
        "organizer": _party(invitation.organizer),
        "attendee": _party(invitation.attendee, asked=invitation.method == "REQUEST"),
    }
    if invitation.location:
        told["location"] = invitation.location
    for name, value in told.items():
        event.add(name, value)
    if invitation.reminder is not None:
        event.add_component(_alarm(invitation.title, invitation.reminder))
    return event


def _start(local: datetime) -> datetime:
    """In UTC where the wall clock shows that time twice: calendars do not agree on which is meant."""
    is_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return local.astimezone(UTC) if is_twice else local


def _party(party: Party, *, asked: bool = False) -> vCalAddress:
    address.refuse_control(party.name, "name")
    told = vCalAddress(f"mailto:{address.envelope(party.email)}")
    if party.name:
        # Programs take a backslash before the closing quote for an escape, which RFC 5545 has not.
        told.params["CN"] = vText(party.name.replace("\\", "/"))
    if asked:
        how = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
        told.params.update({name: vText(value) for name, value in how.items()})
    return told


def _alarm(title: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    for name, value in {"action": "DISPLAY", "description": title, "trigger": -before}.items():
        alarm.add(name, value)
    return alarm
