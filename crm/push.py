"""Pushing: what we owe a CRM leaves in batches, and each row's outcome is kept.

1. What was begun and never confirmed is looked up before it is written again.
2. Records that were not read lately are read again, so that a person's newer edit is not
   overwritten: the merge decides, and a lost conflict is no longer pending.
3. Stage changes leave first, then touches, then what is done of these, then who is on which list.
"""

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import F

from connectors.errors import ConnectorError, Outcome, Unauthorized
from crm import brakes, lease, order, quota
from crm.connections import UNUSABLE, connector_of
from crm.models import Change, Connection
from crm.pull import fail
from crm.pushing import lookups, outcomes, sending
from crm.pushing.batch import Batch, Pushed
from crm.pushing.outcomes import RETRY_AFTER
from runtime import clock

Sending = Callable[[Batch, Sequence[Change]], Sequence[Outcome]]
#: Changes taken at once: full batches of HubSpot's hundred and of Salesforce's two hundred.
BATCH = 1000


def push(connection_id: int) -> Pushed | None:
    """Write everything due to a CRM; None when somebody else is at it. Errors are kept, not raised."""
    with lease.taken(Connection, connection_id, "push_claimed_until") as connection:
        if connection is None or connection.status != Connection.Status.ACTIVE:
            return None
        report = Pushed(connection=connection.name)
        if braked := brakes.held(connection, "push"):
            report.error = braked
            return report
        try:
            brakes.check_push(connection, now=clock.now())
            _push_all(connection, report)
        except brakes.Braked as braked_now:
            report.error = str(braked_now)
            brakes.hold(connection, braked_now.brake)
            Connection.objects.filter(pk=connection.pk).update(
                push_due_at=clock.now() + RETRY_AFTER
            )
        except ConnectorError as error:
            report.error = str(error)
            fail(connection, error, "push_due_at")
        except UNUSABLE as error:  # a person has to act
            report.error = str(error)
            fail(connection, Unauthorized(str(error)), "push_due_at")
        return report


def _push_all(connection: Connection, report: Pushed) -> None:
    connector = connector_of(connection)
    calls_before = connector.calls
    try:
        while changes := _due(connection):
            lease.keep()
            # Also the reading that goes before a write is as urgent as the write.
            with quota.at(changes[0].priority):
                _write(Batch(connection, connector, changes, report))
    finally:
        report.calls = connector.calls - calls_before
        Connection.objects.filter(pk=connection.pk).update(calls=F("calls") + report.calls)
    Connection.objects.filter(pk=connection.pk).update(push_due_at=None)
    brakes.passed(connection, "push")


def _due(connection: Connection) -> Sequence[Change]:
    """The most urgent, the oldest of them first, and what else is owed to the same records."""
    due = Change.objects.filter(
        connection=connection, status=Change.Status.PENDING, due_at__lte=clock.now()
    ).select_related("record", "record__lead", "record__deal")
    found = list(due.order_by("priority", "due_at", "id")[:BATCH])
    urgent = {change.record_id for change in found if change.priority == found[0].priority}
    return [change for change in found if change.record_id in urgent]


def _write(batch: Batch) -> None:
    lookups.settle_unknown(batch)
    lookups.read_again(batch)
    _send(batch, "update", sending.updates)
    _send(batch, "touch", sending.touches)
    lookups.find_tasks(batch, "handover")
    _send(batch, "handover", sending.handovers)
    lookups.find_tasks(batch, "completion")
    _send(batch, "completion", sending.completions)
    _send(batch, "membership", sending.memberships)


def _send(batch: Batch, kind: str, send: Sending) -> None:
    changes = batch.of(kind)
    if not changes:
        return
    Change.objects.filter(pk__in=[change.pk for change in changes]).update(
        attempted_at=batch.now, attempts=F("attempts") + 1
    )
    _count_write(batch, changes)
    try:
        with quota.at(min(change.priority for change in changes)):
            answered = send(batch, changes)
    except ConnectorError as error:
        outcomes.postpone(batch, changes, error)
        raise
    with transaction.atomic():
        _count_write(batch, changes)
        for change, outcome in zip(changes, answered, strict=True):
            outcomes.keep(batch, change, outcome)
        outcomes.agree(
            batch, [c for c, o in zip(changes, answered, strict=True) if o.error is None]
        )


def _count_write(batch: Batch, changes: Sequence[Change]) -> None:
    """Once before and once after: what a pull asked for in between may be older than this."""
    order.known_as_of({change.record_id for change in changes}, order.draw(batch.connection.pk))
