"""Writing to the timeline: every layer says here what happened, and nobody is called."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from crm import rows
from crm.models import Activity, Connection, Deal, Lead
from runtime import bell


class Note(NamedTuple):
    """An Activity to be; a tuple, since a tick makes thousands of them."""

    kind: str
    occurred_at: datetime
    lead_id: int | None
    deal_id: int | None
    enrollment_id: int | None
    message_id: int | None
    key: str | None
    data: Mapping[str, object]


def note(
    kind: str,
    *,
    occurred_at: datetime,
    lead: Lead | None = None,
    deal: Deal | None = None,
    connection: Connection | None = None,
    enrollment_id: int | None = None,
    message_id: int | None = None,
    key: str | None = None,
    data: dict[str, object] | None = None,
) -> bool:
    """Append an Activity in the caller's transaction; False when its `key` was there already."""
    activity = Activity(
        kind=kind,
        occurred_at=occurred_at,
        lead=lead,
        deal=deal,
        connection=connection,
        enrollment_id=enrollment_id,
        message_id=message_id,
        key=key,
        data=data or {},
    )
    if key is not None and Activity.objects.filter(key=key).exists():
        return False
    Activity.objects.bulk_create([activity], ignore_conflicts=key is not None)
    _ring_on_commit()
    return True


def note_all(notes: Sequence[Note]) -> None:
    """Append many in the caller's transaction; those whose `key` was there already are left out."""
    if notes:
        rows.insert_new(Activity, Note._fields, notes)
        _ring_on_commit()


def _ring_on_commit() -> None:
    """Once for a transaction, however many activities it notes."""
    database = rows.database()
    if not any(entry[1] is _ring for entry in database.run_on_commit):
        database.on_commit(_ring)


def _ring() -> None:
    bell.ring("react")
