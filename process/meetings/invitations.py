"""Meetings to which our emails invite: known once the invitation has left, settled by the answer."""

from datetime import timedelta
from typing import Any

from icalendar import Calendar

from crm.models import Activity, Meeting
from mail.classify import parsed
from mail.models import Message
from process.meetings import keeping
from process.meetings.keeping import Teller

SOURCE = "invitation"
Status = Meeting.Status


def sent(message: Message) -> Meeting | None:
    """The meeting of an email that invites, as it left; None when it invites to none."""
    invite = message.invite
    if invite is None or message.is_notice or message.redirected_to:
        return None
    event = _event(message)
    if event is None:
        return None
    starts_at, length = event.start, event.duration
    meeting, _ = Meeting.objects.get_or_create(
        uid=str(event["UID"]),
        defaults={
            "lead": message.lead,
            "owner": message.lead.owner,
            "source": SOURCE,
            "status": Status.INVITED,
            "title": str(event["SUMMARY"])[:300],
            "location": str(event.get("LOCATION", ""))[:500],
            "starts_at": starts_at,
            "ends_at": starts_at + (length or timedelta()),
            "timezone": str(message.window.get("timezone") or "UTC"),
            "attendee": message.to_email,
            "told_at": message.sent_at or starts_at,
            "mailbox_id": message.mailbox_id,
        },
    )
    return meeting


def answered(activity: Activity) -> str:
    """What a calendar answered; "nothing" for what settles nothing, or another's meeting."""
    found = Meeting.objects.filter(uid=str(activity.data["uid"]), lead=activity.lead).first()
    if found is None:
        return "nothing"
    meeting = keeping.locked(found.pk)
    teller = Teller(by="calendar", at=activity.occurred_at)
    answer, stands = activity.data["answer"], meeting.status == Status.BOOKED
    is_old = int(str(activity.data["sequence"])) < meeting.sequence or teller.at < meeting.told_at
    if is_old or meeting.status in {Status.HELD, Status.MISSED}:
        return "old"
    if answer == "accepted" and not stands:
        keeping.book(meeting, teller)
        return "booked"
    if answer == "declined" and meeting.status != Status.CANCELED:
        keeping.decline(meeting, teller)
        return "canceled"
    return "nothing"


def reminder(meeting: Meeting) -> float | None:
    """So many seconds before, where the email that invited to it said so."""
    token = meeting.uid.rpartition("@")[0]
    invited = Message.objects.filter(lead=meeting.lead, token=token, is_notice=False)
    told = invited.values_list("invite__reminder", flat=True).first()
    return None if told is None else float(told)


def _event(message: Message) -> Any:
    """Of the calendar in the mail's bytes."""
    for part in parsed.parse(bytes(message.raw or b"")).own:
        if part.get_content_type() == "text/calendar":
            return Calendar.from_ical(parsed.content(part)).events[0]
    return None
