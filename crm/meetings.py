"""Which of a lead's meetings its rules and emails are about, and what they read of it.

It is kept with the lead, as facts: whoever reads the lead has it. A meeting that lies ahead comes
before one that was, the next one first; one that was called off, or only proposed, is none.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from crm.models import Lead, Meeting
from workspace.zones import zone

Status = Meeting.Status
_COUNTS = (Status.BOOKED, Status.HELD, Status.MISSED)


def settle(lead: Lead) -> None:
    """Keep with the lead what its meetings come to, in the caller's transaction."""
    lead.meeting = _facts(_chosen(Meeting.objects.filter(lead=lead, status__in=_COUNTS)))
    lead.save(update_fields=["meeting"])


def told(
    starts_at: datetime, *, timezone: str, title: str = "", url: str = "", status: str = "booked"
) -> Mapping[str, object]:
    """What is read of a meeting; days and times as they are where the lead lives."""
    local = starts_at.astimezone(zone(timezone))
    return {
        "start": starts_at.astimezone(UTC).isoformat(),
        "day": f"{local:%A}, {local.day} {local:%B}",
        "time": f"{local:%H:%M}",
        "timezone": timezone,
        "title": title or None,
        "url": url or None,
        "status": status,
    }


def _chosen(meetings: Iterable[Meeting]) -> Meeting | None:
    found = sorted(meetings, key=lambda one: (one.starts_at, one.pk))
    ahead = [one for one in found if one.status == Status.BOOKED]
    return next(iter(ahead or reversed(found)), None)


def _facts(meeting: Meeting | None) -> Mapping[str, object] | None:
    if meeting is None:
        return None
    return told(
        meeting.starts_at,
        timezone=meeting.timezone,
        title=meeting.title,
        url=meeting.location if meeting.location.startswith(("https://", "http://")) else "",
        status=meeting.status,
    )
