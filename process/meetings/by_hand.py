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

SOURCE = "by hand"
#: Unless somebody says how long it takes.
USUAL = timedelta(minutes=30)
#: What an event means for the meeting that comes next.
_OUTCOMES: Mapping[str, Callable[[Meeting, Teller], None]] = {
    "meeting_canceled": keeping.cancel,
    "meeting_held": keeping.hold,
    "meeting_missed": keeping.miss,
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
            status=Meeting.Status.INVITED,
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
    with transaction.atomic():
        meeting = keeping.locked(meeting.pk)
        meeting.ends_at += starts_at - meeting.starts_at
        meeting.starts_at = starts_at
        keeping.move(meeting, _teller(by))
        notices.tell(meeting, "meeting-moved", "REQUEST")
    return meeting


def tell(meeting: Meeting, kind: str, *, by: str) -> Meeting:
    """`kind` is an event: meeting_canceled, meeting_held or meeting_missed."""
    with transaction.atomic():
        meeting = keeping.locked(meeting.pk)
        _OUTCOMES[kind](meeting, _teller(by))
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
    """A booking of which nobody knew whose it is."""
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        meeting = keeping.locked(meeting.pk)
        keeping.match(meeting, lead, _teller(by))
    return meeting


def _teller(by: str) -> Teller:
    return Teller(by=by, at=clock.now())


def _timezone(lead: Lead) -> str:
    sender = Sender.objects.first()
    told = whereabouts.timezone_of(
        facts.context(lead, None), window=None, workspace=sender.timezone if sender else "UTC"
    )
    return str(told["zone"])
