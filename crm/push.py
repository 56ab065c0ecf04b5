"""Pushing: what we owe a CRM leaves in batches, and each row's outcome is kept.

1. What was begun and never confirmed is looked up before it is written again.
2. Records that were not read lately are read again, so that a person's newer edit is not
   overwritten: the merge decides, and a lost conflict is no longer pending.
3. Stage changes leave first, then touches, then what is done of these, then who is on which list.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import F

from connectors.base import (
    WRITTEN,
    Completion,
    Conflict,
    Connector,
    ConnectorError,
    Handover,
    Outcome,
    Refused,
    Touch,
    Unauthorized,
    Update,
    Written,
)
from crm import brakes, lease, ledger, listing, order, quota
from crm.connections import UNUSABLE, connector_of
from crm.land import land
from crm.models import Change, Connection, ExternalRecord
from crm.pull import fail
from crm.stages import live_records
from crm.timeline import note
from runtime import clock

#: Changes taken at once: full batches of HubSpot's hundred and of Salesforce's two hundred.
BATCH = 1000
#: A record that was read this lately is written as it is; others are read again before a write. That a
#: search did not name it says nothing: its index lags.
FRESH = timedelta(minutes=1)
#: First wait after a failure; it doubles up to a day.
RETRY_AFTER = timedelta(minutes=5)


@dataclass(kw_only=True)
class Pushed:
    connection: str
    pushed: int = 0
    refused: int = 0
    conflicted: int = 0
    later: int = 0
    calls: int = 0
    error: str = ""


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
                _Batch(connection, connector, changes, report).write()
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


class _Batch:
    def __init__(
        self,
        connection: Connection,
        connector: Connector,
        changes: Sequence[Change],
        report: Pushed,
    ) -> None:
        self.connection, self.connector, self.report = connection, connector, report
        self.changes = list(changes)
        self.now = clock.now()

    def write(self) -> None:
        self._settle_unknown()
        self._read_again()
        self._write("update", self._updates)
        self._write("touch", self._touches)
        self._find_tasks("handover")
        self._write("handover", self._handovers)
        self._find_tasks("completion")
        self._write("completion", self._completions)
        self._write("membership", self._memberships)

    def _settle_unknown(self) -> None:
        """A touch that was begun may be in the CRM already: look there, never write it blindly."""
        unknown = [c for c in self.changes if c.kind == "touch" and c.attempted_at is not None]
        if not unknown:
            return
        found = self.connector.find_touches(sorted({c.record.external_id for c in unknown}))
        for change in unknown:
            if change.message_id in found:
                self._pushed(change, found[change.message_id])
                self.changes.remove(change)

    def _find_tasks(self, kind: str) -> None:
        """A task is known by the id that it got; what never came there has no need of a change."""
        changes = self._of(kind)
        touches = {
            touch.message_id: touch
            for touch in Change.objects.filter(
                connection=self.connection,
                kind=Change.Kind.TOUCH,
                message_id__in=[change.message_id for change in changes],
            )
        }
        for change in changes:
            touch = touches.get(change.message_id)
            if touch is not None and touch.status == Change.Status.PUSHED:
                change.external_id = touch.external_id
                continue
            self.changes.remove(change)
            if touch is not None and touch.status == Change.Status.PENDING:
                later = max(touch.due_at, self.now + timedelta(seconds=1))
                Change.objects.filter(pk=change.pk).update(due_at=later)
            else:
                ledger.supersede(Change.objects.filter(pk=change.pk), "the task is not in the CRM")

    def _read_again(self) -> None:
        stale = [
            change.record
            for change in self._of("update")
            # That a person set an owner a moment ago must not be missed.
            if change.field == ledger.OWNER_ID or not is_fresh(change.record, now=self.now)
        ]
        if not stale:
            return
        for kind in WRITTEN:
            ids = sorted({record.external_id for record in stale if record.kind == kind})
            if ids:
                asked_at = order.draw(self.connection.pk)
                records = self.connector.read(kind, ids)
                with transaction.atomic():
                    land(self.connection, kind, records, now=self.now, asked_at=asked_at)
        still = set(
            Change.objects.filter(
                pk__in=[change.pk for change in self.changes], status=Change.Status.PENDING
            ).values_list("pk", flat=True)
        )
        self.report.conflicted += len(self.changes) - len(still)
        self.changes = [change for change in self.changes if change.pk in still]

    def _write(self, kind: str, send: Callable[[Sequence[Change]], Sequence[Outcome]]) -> None:
        changes = self._of(kind)
        if not changes:
            return
        Change.objects.filter(pk__in=[change.pk for change in changes]).update(
            attempted_at=self.now, attempts=F("attempts") + 1
        )
        self._count_write(changes)
        try:
            with quota.at(min(change.priority for change in changes)):
                outcomes = send(changes)
        except ConnectorError as error:
            self._postpone(changes, error)
            raise
        with transaction.atomic():
            self._count_write(changes)
            for change, outcome in zip(changes, outcomes, strict=True):
                self._keep(change, outcome)
            self._agree([c for c, o in zip(changes, outcomes, strict=True) if o.error is None])

    def _count_write(self, changes: Sequence[Change]) -> None:
        """Once before and once after: what a pull asked for in between may be older than this."""
        order.known_as_of({change.record_id for change in changes}, order.draw(self.connection.pk))

    def _agree(self, changes: Sequence[Change]) -> None:
        """What the CRM took is what both sides agree on from now on."""
        on_lists = [c for c in changes if c.kind == Change.Kind.MEMBERSHIP]
        listing.agree(self.connection, on_lists, at=self.now)
        written = [change for change in changes if change.kind == Change.Kind.UPDATE]
        records = ExternalRecord.objects.select_for_update(no_key=True).in_bulk(
            {change.record_id for change in written}
        )
        for change in written:
            record = records[change.record_id]
            record.base = {**record.base, change.field: change.value}
        ExternalRecord.objects.bulk_update(records.values(), ["base"], batch_size=500)

    def _updates(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        return self.connector.update(
            [
                Update(
                    kind=cast("Written", change.record.kind),
                    external_id=change.record.external_id,
                    fields={ledger.connectors_name(change.field): change.value},
                )
                for change in changes
            ]
        )

    def _touches(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        return self.connector.log_touches([_touch(change) for change in changes])

    def _completions(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        return self.connector.complete(
            [
                Completion(
                    kind=_value(change)["kind"],
                    external_id=change.external_id,
                    outcome=_value(change).get("outcome", ""),
                )
                for change in changes
            ]
        )

    def _handovers(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        return self.connector.hand_over(
            [
                Handover(
                    kind=_value(change)["kind"],
                    external_id=change.external_id,
                    owner_id=_value(change)["owner_id"],
                )
                for change in changes
            ]
        )

    def _memberships(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        return listing.write(self.connection, self.connector, changes)

    def _keep(self, change: Change, outcome: Outcome) -> None:
        error = outcome.error
        if error is None:
            self._pushed(change, outcome.external_id)
        elif isinstance(error, Refused):
            self.report.refused += 1
            self._refuse(change, str(error))
        elif isinstance(error, Conflict):
            self._follow(change, error)
        else:
            self._postpone([change], error)

    def _pushed(self, change: Change, external_id: str) -> None:
        self.report.pushed += 1
        Change.objects.filter(pk=change.pk).update(
            status=Change.Status.PUSHED,
            pushed_at=self.now,
            external_id=external_id,
            last_error="",
        )

    def _refuse(self, change: Change, reason: str) -> None:
        with transaction.atomic():
            Change.objects.filter(pk=change.pk).update(
                status=Change.Status.REFUSED, last_error=reason
            )
            note(
                "change_refused",
                lead=change.record.lead,
                deal=change.record.deal,
                connection=self.connection,
                occurred_at=self.now,
                key=f"refused:{change.pk}",
                data={"field": change.field, "reason": reason},
            )

    def _follow(self, change: Change, error: Conflict) -> None:
        """The record became another one, a converted Lead its Contact: write there instead."""
        target = change.record.lead or change.record.deal
        kind = change.record.kind
        newer = (
            live_records(kind, [target.pk], self.connection.pk).get(target.pk) if target else None
        )
        if change.kind in {Change.Kind.COMPLETION, Change.Kind.HANDOVER}:
            ledger.supersede(Change.objects.filter(pk=change.pk), str(error))
            return
        if newer is None or newer.pk == change.record_id:
            self._postpone([change], error)
            return
        rows = Change.objects.filter(pk=change.pk)
        owed = Change.objects.filter(
            record=newer, field=change.field, status=Change.Status.PENDING, kind=change.kind
        )
        if change.kind != Change.Kind.TOUCH and owed.exists():
            ledger.supersede(rows, str(error))
        else:
            rows.update(record=newer, attempted_at=None, last_error=str(error))

    def _postpone(self, changes: Iterable[Change], error: ConnectorError) -> None:
        for change in changes:
            self.report.later += 1
            Change.objects.filter(pk=change.pk).update(
                due_at=self.now + _backoff(change.attempts), last_error=str(error)
            )

    def _of(self, kind: str) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]


def is_fresh(record: ExternalRecord, *, now: datetime) -> bool:
    """Whether it was read so lately that it may be written without reading it again."""
    return record.known_at is not None and now - record.known_at <= FRESH


def _touch(change: Change) -> Touch:
    value = _value(change)
    return Touch(
        kind=value.get("kind", "email"),
        message_id=change.message_id,
        lead_id=change.record.external_id,
        subject=value["subject"],
        text=value["text"],
        sent_at=datetime.fromisoformat(value["sent_at"]),
        from_email=value["from_email"],
        to_email=value["to_email"],
        work=value.get("work", ""),
        deal_id=value["deal_id"],
        owner_id=value["owner_id"],
    )


def _value(change: Change) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", change.value)


def _backoff(attempts: int) -> timedelta:
    return min(RETRY_AFTER * (1 << min(attempts, 10)), timedelta(days=1))
