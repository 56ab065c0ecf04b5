"""Meetings as a person notes them, and what a person says became of them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from secrets import token_hex

from django.db import transaction

from crm import facts, meetings
from crm.models import Lead, Meeting
from mail.models import Mailbox, Sender
from process.meetings import keeping, notices
from process.meetings.keeping import Teller
from runtime import clock
from sequences import whereabouts
from workspace.problems import Fault

SOURCE = "by hand"
#: Unless somebody says how long it takes.
USUAL = timedelta(minutes=30)
Status = Meeting.Status
#: What an event means for the meeting that comes next, and what has become of it then.
_OUTCOMES: Mapping[str, tuple[Callable[[Meeting, Teller], None], Status]] = {
    "meeting_canceled": (keeping.cancel, Status.CANCELED),
    "meeting_held": (keeping.hold, Status.HELD),
    "meeting_missed": (keeping.miss, Status.MISSED),
}


def book(
    lead: Lead,
    starts_at: datetime,
    *,
    by: str,
    title: str = "",
    location: str = "",
    duration: timedelta = USUAL,
    invite_from: Mailbox | None = None,
) -> Meeting:
    """A meeting that was agreed on by voice, say; `invite_from` tells the lead's calendar."""
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        meeting = Meeting.objects.create(
            lead=lead,
            owner=lead.owner,
            uid=f"{token_hex(16)}@cadenza",
            source=SOURCE,
            status=Status.INVITED,
            title=title[:300],
            location=location[:500],
            starts_at=starts_at,
            ends_at=starts_at + duration,
            timezone=_timezone(lead),
            attendee=lead.email,
            attendee_name=f"{lead.first_name} {lead.last_name}".strip(),
            told_at=clock.now(),
            mailbox_id=invite_from.pk if invite_from else None,
        )
        keeping.book(meeting, _teller(by))
        notices.tell(meeting, "meeting-invitation", "REQUEST")
    return meeting


def move(meeting: Meeting, starts_at: datetime, *, by: str) -> Meeting:
    """Raises Fault where it was called off."""
    with transaction.atomic():
        meeting = _standing(meeting)
        meeting.ends_at += starts_at - meeting.starts_at
        meeting.starts_at = starts_at
        keeping.move(meeting, _teller(by))
        notices.tell(meeting, "meeting-moved", "REQUEST")
    return meeting


def tell(meeting: Meeting, kind: str, *, by: str) -> Meeting:
    """`kind` is an event: meeting_canceled, meeting_held or meeting_missed; once told, it says nothing new.

    Raises Fault where it was called off.
    """
    with transaction.atomic():
        meeting = _standing(meeting)
        become, status = _OUTCOMES[kind]
        if meeting.status == status:
            return meeting
        become(meeting, _teller(by))
        if kind == "meeting_canceled":
            notices.tell(meeting, "meeting-canceled", "CANCEL")
    return meeting


def tell_of_next(lead: Lead, kind: str, *, by: str) -> bool:
    """Of the meeting that comes next, what the event says; False when it says nothing of one."""
    meeting = meetings.next_of(lead) if kind in _OUTCOMES else None
    if meeting is not None:
        tell(meeting, kind, by=by)
    return meeting is not None


def match(meeting: Meeting, lead: Lead, *, by: str) -> Meeting:
    """A booking of which nobody knew whose it is. Raises Fault where somebody said so meanwhile."""
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        meeting = _standing(meeting)
        if meeting.lead is not None:
            raise Fault(f"meeting {meeting.pk} is {meeting.lead}'s")
        keeping.match(meeting, lead, _teller(by))
    return meeting


def _standing(meeting: Meeting) -> Meeting:
    """Locked: what two people say of it at once is said one after the other."""
    found = keeping.locked(meeting.pk)
    if found.status == Status.CANCELED:
        raise Fault(f"meeting {found.pk} was called off")
    return found


def _teller(by: str) -> Teller:
    return Teller(by=by, at=clock.now())


def _timezone(lead: Lead) -> str:
    sender = Sender.objects.first()
    told = whereabouts.timezone_of(
        facts.context(lead, None), window=None, workspace=sender.timezone if sender else "UTC"
    )
    return str(told["zone"])
