"""A lead's meetings, as its rules and emails read them: kept with the lead, so that whoever reads it has it."""

from collections.abc import Sequence

from crm import meeting_facts
from crm.meeting_facts import Standing
from crm.models import Lead, Meeting

Status = Meeting.Status
_COUNTS = (Status.BOOKED, Status.HELD, Status.MISSED)


def settle(lead: Lead) -> None:
    """Keep with the lead what its meetings come to, in the caller's transaction."""
    lead.meeting = meeting_facts.of(standing(lead))
    lead.save(update_fields=["meeting"])


def standing(lead: Lead) -> Sequence[Standing]:
    return [_standing(row) for row in Meeting.objects.filter(lead=lead, status__in=_COUNTS)]


def next_of(lead: Lead) -> Meeting | None:
    """The one that is to be held next."""
    rows = Meeting.objects.filter(lead=lead, status=Status.BOOKED)
    return rows.order_by("starts_at", "pk").first()


def _standing(row: Meeting) -> Standing:
    return Standing(
        starts_at=row.starts_at,
        timezone=row.timezone,
        title=row.title,
        url=row.location if row.location.startswith(("https://", "http://")) else "",
        status=row.status,
    )
