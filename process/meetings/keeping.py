"""What becomes of a meeting: written down once, on its row, with its lead, and on the timeline.

In the caller's transaction, the lead's row locked before the meeting's. Whoever hears of it reacts
to the timeline.
"""

from dataclasses import dataclass
from datetime import datetime

from crm import meetings, stages
from crm.models import FormerUid, Lead, Meeting
from crm.timeline import note
from runtime import clock

Status = Meeting.Status


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Who says it, and when it became so: what is older than the meeting's newest news is none."""

    by: str
    at: datetime


def locked(meeting_id: int) -> Meeting:
    """The meeting, and its lead before it."""
    lead_id = Meeting.objects.values_list("lead", flat=True).get(pk=meeting_id)
    if lead_id is not None:
        Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
    rows = Meeting.objects.select_related("lead").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=meeting_id)


def book(meeting: Meeting, teller: Teller) -> None:
    """It stands, as it is written on its row; of one that stood elsewhere `move` tells."""
    _write(meeting, Status.BOOKED, teller, "meeting_booked")


def move(meeting: Meeting, teller: Teller, *, uid: str = "") -> None:
    """It stands at another time, as it is written on its row; whoever missed it has booked anew."""
    if uid and uid != meeting.uid:
        FormerUid.objects.get_or_create(uid=meeting.uid, defaults={"meeting": meeting})
        meeting.uid = uid
    stood = meeting.status == Status.BOOKED
    meeting.sequence += 1
    _write(meeting, Status.BOOKED, teller, "meeting_moved" if stood else "meeting_booked")


def cancel(meeting: Meeting, teller: Teller) -> None:
    meeting.sequence += 1
    decline(meeting, teller, kind="meeting_canceled" if meeting.status == Status.BOOKED else "")


def decline(meeting: Meeting, teller: Teller, *, kind: str = "meeting_canceled") -> None:
    """The lead calls it off: no calendar has to be told."""
    _write(meeting, Status.CANCELED, teller, kind)


def hold(meeting: Meeting, teller: Teller) -> None:
    _write(meeting, Status.HELD, teller, "meeting_held")


def miss(meeting: Meeting, teller: Teller) -> None:
    """The lead did not come."""
    _write(meeting, Status.MISSED, teller, "meeting_missed")


def match(meeting: Meeting, lead: Lead, teller: Teller) -> None:
    """A person says whose it is; what is known of it counts for that lead from now on."""
    meeting.lead, meeting.owner = lead, lead.owner
    meeting.save(update_fields=["lead", "owner"])
    kinds = {
        Status.BOOKED: "meeting_booked",
        Status.HELD: "meeting_held",
        Status.MISSED: "meeting_missed",
    }
    _write(meeting, Status(meeting.status), teller, kinds.get(Status(meeting.status), ""))


def join(meeting: Meeting, former_uid: str) -> None:
    """It is what this one became: told late, the two were known as different ones until now."""
    for other in Meeting.objects.filter(uid=former_uid).exclude(pk=meeting.pk):
        other.former.update(meeting=meeting)
        other.delete()
    FormerUid.objects.get_or_create(uid=former_uid, defaults={"meeting": meeting})
    if meeting.lead is not None:
        meetings.settle(meeting.lead)


def _write(meeting: Meeting, status: Status, teller: Teller, kind: str) -> None:
    meeting.status, meeting.told_at = status, max(meeting.told_at, teller.at)
    meeting.save()
    lead = meeting.lead
    if lead is None:
        return
    meetings.settle(lead)
    if kind:
        # What somebody does is known from now on: what was begun meanwhile ends, too.
        note(
            kind,
            lead=lead,
            deal=stages.bound_deal(lead),
            occurred_at=clock.now(),
            key=f"{kind}:{meeting.pk}:{meeting.sequence}:{meeting.told_at.isoformat()}",
            data={
                "booking": meeting.pk,
                "start": meeting.starts_at.isoformat(),
                "title": meeting.title,
                "by": teller.by,
            },
        )
