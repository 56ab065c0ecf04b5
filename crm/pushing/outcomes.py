"""What becomes of changes, by what the CRM answered to each."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction

from connectors.errors import Conflict, ConnectorError, Outcome, Refused
from crm import ledger, listing
from crm.models import Change, ExternalRecord
from crm.pushing.batch import Batch
from crm.stages import live_records
from crm.timeline import note

#: First wait after a failure; it doubles up to a day.
RETRY_AFTER = timedelta(minutes=5)


def keep(batch: Batch, change: Change, outcome: Outcome) -> None:
    error = outcome.error
    if error is None:
        pushed(batch, change, outcome.external_id)
    elif isinstance(error, Refused):
        batch.report.refused += 1
        _refuse(batch, change, str(error))
    elif isinstance(error, Conflict):
        _follow(batch, change, error)
    else:
        postpone(batch, [change], error)


def agree(batch: Batch, changes: Sequence[Change]) -> None:
    """What the CRM took is what both sides agree on from now on."""
    on_lists = [c for c in changes if c.kind == Change.Kind.MEMBERSHIP]
    listing.agree(batch.connection, on_lists, at=batch.now)
    written = [change for change in changes if change.kind == Change.Kind.UPDATE]
    records = ExternalRecord.objects.select_for_update(no_key=True).in_bulk(
        {change.record_id for change in written}
    )
    for change in written:
        record = records[change.record_id]
        record.base = {**record.base, change.field: change.value}
    ExternalRecord.objects.bulk_update(records.values(), ["base"], batch_size=500)


def pushed(batch: Batch, change: Change, external_id: str) -> None:
    batch.report.pushed += 1
    Change.objects.filter(pk=change.pk).update(
        status=Change.Status.PUSHED,
        pushed_at=batch.now,
        external_id=external_id,
        last_error="",
    )


def postpone(batch: Batch, changes: Iterable[Change], error: ConnectorError) -> None:
    for change in changes:
        batch.report.later += 1
        Change.objects.filter(pk=change.pk).update(
            due_at=batch.now + _backoff(change.attempts), last_error=str(error)
        )


def _refuse(batch: Batch, change: Change, reason: str) -> None:
    with transaction.atomic():
        Change.objects.filter(pk=change.pk).update(status=Change.Status.REFUSED, last_error=reason)
        note(
            "change_refused",
            lead=change.record.lead,
            deal=change.record.deal,
            connection=batch.connection,
            occurred_at=batch.now,
            key=f"refused:{change.pk}",
            data={"field": change.field, "reason": reason},
        )


def _follow(batch: Batch, change: Change, error: Conflict) -> None:
    """The record became another one, a converted Lead its Contact: write there instead."""
    target = change.record.lead or change.record.deal
    kind = change.record.kind
    newer = live_records(kind, [target.pk], batch.connection.pk).get(target.pk) if target else None
    if change.kind in {Change.Kind.COMPLETION, Change.Kind.HANDOVER}:
        ledger.supersede(Change.objects.filter(pk=change.pk), str(error))
        return
    if newer is None or newer.pk == change.record_id:
        postpone(batch, [change], error)
        return
    rows = Change.objects.filter(pk=change.pk)
    owed = Change.objects.filter(
        record=newer, field=change.field, status=Change.Status.PENDING, kind=change.kind
    )
    if change.kind != Change.Kind.TOUCH and owed.exists():
        ledger.supersede(rows, str(error))
    else:
        rows.update(record=newer, attempted_at=None, last_error=str(error))


def _backoff(attempts: int) -> timedelta:
    return min(RETRY_AFTER * (1 << min(attempts, 10)), timedelta(days=1))
