"""What anybody else did with our leads, as the CRM tells it: on our timeline once.

Of what we logged there ourselves only one thing is news: that a person ticked a task off.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from connectors.engagements import Event
from crm import logged_calls
from crm.models import Change, Connection, ExternalRecord, Lead
from crm.timeline import note


def land(connection: Connection, events: Sequence[Event], *, now: datetime) -> int:
    """Note what is new, in the caller's transaction; how many events that is."""
    if not events:
        return 0
    ours = _ours(connection, events)
    count = 0
    links = ExternalRecord.objects.filter(
        connection=connection,
        kind="lead",
        external_id__in={id_ for event in events for id_ in event.lead_ids},
    ).select_related("lead")
    leads = {link.external_id: link.lead for link in links if link.lead is not None}
    for event in events:
        touch = ours.get(event.external_id) or ours.get(event.message_id)
        if event.kind == "done":
            count += touch is not None and _note_done(connection, touch, now=now)
        if touch is not None or event.kind == "done":
            continue
        for lead in {leads[id_] for id_ in event.lead_ids if id_ in leads}:
            count += _note(connection, event, lead, now=now)
    return count


def _ours(connection: Connection, events: Sequence[Event]) -> Mapping[str, Change]:
    """By id and by Message-ID the engagements that we made ourselves."""
    made = Change.objects.filter(connection=connection, kind=Change.Kind.TOUCH)
    made = made.select_related("record__lead")
    ids = {event.external_id for event in events}
    marks = {event.message_id for event in events} - {""}
    return {
        **{touch.external_id: touch for touch in made.filter(external_id__in=ids)},
        **{touch.message_id: touch for touch in made.filter(message_id__in=marks)},
    }


def _note_done(connection: Connection, touch: Change, *, now: datetime) -> bool:
    """A task or meeting of ours that a person ticked off there; what we ticked off is no news."""
    lead = touch.record.lead
    told = cast("Mapping[str, str]", touch.value)
    by_us = Change.objects.filter(
        connection=connection, kind=Change.Kind.COMPLETION, message_id=touch.message_id
    )
    if lead is None or told.get("kind") not in {"task", "meeting"} or by_us.exists():
        return False
    return note(
        "crm_task_done",
        lead=lead,
        connection=connection,
        occurred_at=now,
        key=f"crm:{connection.pk}:done:{touch.message_id}",
        data={"subject": told["subject"], "message_id": touch.message_id},
    )


def _note(connection: Connection, event: Event, lead: Lead, *, now: datetime) -> bool:
    at = min(event.at, now)  # what lies ahead, a meeting that was booked, is known from now on
    done = logged_calls.around(lead, at).take_done(at) if event.kind == "call" else None
    told: dict[str, object] = {} if done is None else {"done": done}
    return note(
        f"crm_{event.kind}" if done is None else "call_logged",
        lead=lead,
        connection=connection,
        occurred_at=at,
        key=f"crm:{connection.pk}:{event.kind}:{event.external_id}:{lead.pk}",
        data={
            "subject": event.subject,
            "at": event.at.isoformat(),
            "id": event.external_id,
            **told,
        },
    )
