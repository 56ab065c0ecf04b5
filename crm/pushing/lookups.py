"""What a batch is looked up for: whether a touch came there, what records are now, ids of tasks."""

from datetime import datetime, timedelta

from django.db import transaction

from connectors.base import WRITTEN
from crm import ledger, order
from crm.asking import Asking
from crm.land import land
from crm.models import Change, ExternalRecord
from crm.pushing import outcomes
from crm.pushing.batch import Batch

#: A record that was read this lately is written as it is; others are read again before a write. That a
#: search did not name it says nothing: its index lags.
FRESH = timedelta(minutes=1)


def settle_unknown(batch: Batch) -> None:
    """A touch that was begun may be in the CRM already: look there, never write it blindly."""
    unknown = [c for c in batch.changes if c.kind == "touch" and c.attempted_at is not None]
    if not unknown:
        return
    found = batch.connector.find_touches(sorted({c.record.external_id for c in unknown}))
    for change in unknown:
        if change.message_id in found:
            outcomes.pushed(batch, change, found[change.message_id])
            batch.changes.remove(change)


def read_again(batch: Batch) -> None:
    stale = [
        change.record
        for change in batch.of("update")
        # That a person set an owner a moment ago must not be missed.
        if change.field == ledger.OWNER_ID or not is_fresh(change.record, now=batch.now)
    ]
    if not stale:
        return
    asks = Asking(batch.connection, batch.connector)
    for kind in WRITTEN:
        ids = sorted({record.external_id for record in stale if record.kind == kind})
        if ids:
            asked_at = order.draw(batch.connection.pk)
            records = batch.connector.read(kind, ids)
            edits = asks.authors(kind, records)
            with transaction.atomic():
                now = batch.now
                land(batch.connection, kind, records, now=now, asked_at=asked_at, edits=edits)
    still = set(
        Change.objects.filter(
            pk__in=[change.pk for change in batch.changes], status=Change.Status.PENDING
        ).values_list("pk", flat=True)
    )
    batch.report.conflicted += len(batch.changes) - len(still)
    batch.changes = [change for change in batch.changes if change.pk in still]


def find_tasks(batch: Batch, kind: str) -> None:
    """A task is known by the id that it got; what never came there has no need of a change."""
    changes = batch.of(kind)
    touches = {
        touch.message_id: touch
        for touch in Change.objects.filter(
            connection=batch.connection,
            kind=Change.Kind.TOUCH,
            message_id__in=[change.message_id for change in changes],
        )
    }
    for change in changes:
        touch = touches.get(change.message_id)
        if touch is not None and touch.status == Change.Status.PUSHED:
            change.external_id = touch.external_id
            continue
        batch.changes.remove(change)
        if touch is not None and touch.status == Change.Status.PENDING:
            later = max(touch.due_at, batch.now + timedelta(seconds=1))
            Change.objects.filter(pk=change.pk).update(due_at=later)
        else:
            ledger.supersede(Change.objects.filter(pk=change.pk), "the task is not in the CRM")


def is_fresh(record: ExternalRecord, *, now: datetime) -> bool:
    """Whether it was read so lately that it may be written without reading it again."""
    return record.known_at is not None and now - record.known_at <= FRESH
