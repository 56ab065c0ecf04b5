"""What anybody else did with our leads, as the CRM tells it: on our timeline once, and never ours."""

from collections.abc import Sequence
from datetime import datetime

from connectors.base import Event
from crm.models import Change, Connection, ExternalRecord, Lead
from crm.timeline import note


def land(connection: Connection, events: Sequence[Event], *, now: datetime) -> int:
    """Note what is new, in the caller's transaction; how many events that is."""
    if not events:
        return 0
    ours = _ours(connection, events)
    links = ExternalRecord.objects.filter(
        connection=connection,
        kind="lead",
        external_id__in={id_ for event in events for id_ in event.lead_ids},
    ).select_related("lead")
    leads = {link.external_id: link.lead for link in links if link.lead is not None}
    count = 0
    for event in events:
        if event.external_id in ours or (event.message_id and event.message_id in ours):
            continue
        for lead in {leads[id_] for id_ in event.lead_ids if id_ in leads}:
            count += _note(connection, event, lead, now=now)
    return count


def _ours(connection: Connection, events: Sequence[Event]) -> set[str]:
    """Ids and Message-IDs of the engagements that we made ourselves."""
    made = Change.objects.filter(connection=connection, kind=Change.Kind.TOUCH)
    ids = made.filter(external_id__in=[event.external_id for event in events])
    marks = made.filter(message_id__in=[event.message_id for event in events if event.message_id])
    return {
        *ids.values_list("external_id", flat=True),
        *marks.values_list("message_id", flat=True),
    }


def _note(connection: Connection, event: Event, lead: Lead, *, now: datetime) -> bool:
    # What lies ahead, a meeting that was booked, is known from now on.
    return note(
        f"crm_{event.kind}",
        lead=lead,
        connection=connection,
        occurred_at=min(event.at, now),
        key=f"crm:{connection.pk}:{event.kind}:{event.external_id}:{lead.pk}",
        data={"subject": event.subject, "at": event.at.isoformat(), "id": event.external_id},
    )
