"""What an operator asks of the sync: how it stands, what it will cost, what differs and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.db.models import Count, F, Min, Q

from connectors.base import KINDS, WRITTEN
from crm import brakes, ledger, policy, values
from crm.connections import connector_of
from crm.models import (
    Activity,
    CallBudget,
    Change,
    Connection,
    ExternalRecord,
    Lead,
    ListCounterpart,
    Listed,
    Membership,
)
from crm.pushing.lookups import is_fresh
from crm.quota import limits_of, today
from runtime import clock

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """API calls to come, and the day's calls that are left for them."""

    connection: str
    pull_calls: int
    push_calls: int
    records: int
    changes: int
    #: None where there is no such limit.
    left_today: int | None


def status() -> Rows:
    """A row per connection: last run, lag, what is owed, what is refused, and the quota's use."""
    return [_status(connection) for connection in Connection.objects.order_by("name")]


def refused() -> Rows:
    """What the CRMs refused, by connection and reason: a person or `sync retry` has to act."""
    rows = Change.objects.filter(status=Change.Status.REFUSED)
    alike = rows.values("field", connection_name=F("connection__name"), reason=F("last_error"))
    counted = alike.annotate(count=Count("pk"), record=Min("record__external_id"))
    return [
        {
            "connection": row["connection_name"],
            "field": row["field"],
            "count": row["count"],
            "for_example": row["record"],
            "reason": row["reason"],
        }
        for row in counted.order_by("connection_name", "-count", "field", "reason")
    ]


def conflicts(lead: Lead | None = None) -> Rows:
    """Fields that both sides changed, and who had the last word; the latest first."""
    rows = Activity.objects.filter(kind="conflict")
    if lead is not None:
        rows = rows.filter(lead=lead)
    return [
        {"at": row.occurred_at, "lead": row.lead_id, **row.data}
        for row in rows.order_by("-pk")[:50]
    ]


def lists() -> Rows:
    """Lists that stand in CRMs: how many are on each there and here, and what is wrong with it."""
    there = Count("membership", filter=Q(membership__there=True))
    rows = ListCounterpart.objects.select_related("connection").annotate(there=there)
    here = dict(Listed.objects.values_list("list").annotate(count=Count("pk")))
    return [
        {
            "list": row.name,
            "connection": row.connection.name,
            "there": row.called or row.called_id,
            "goes": "both ways" if row.both_ways else "from it" if row.reads else "to it",
            "on it there": row.there,
            "on ours": here.get(row.name, 0) if row.reads else None,
            "read_at": row.read_at,
            "last_error": row.last_error,
        }
        for row in rows.order_by("name", "connection__name")
    ]


def forecast(connection: Connection) -> Forecast:
    """What the next pull and push cost, in calls. Asks the CRM how much it holds before a backfill.

    Raises ConnectorError.
    """
    connector = connector_of(connection)
    sizes = connector.sizes
    records = pull_calls = 0
    for kind in KINDS:
        if connection.first_pulled_at is None:
            count = connector.count(kind)
            records += count
            pull_calls += max(1, ceil(count / sizes.listed))
        else:
            pull_calls += 2  # a look for what is new, and one for what came late
    for listed in ListCounterpart.objects.filter(connection=connection):
        on_it = Membership.objects.filter(counterpart=listed, there=True).count()
        pull_calls += 1 + max(1, ceil(on_it / sizes.members))  # the list itself, and its people
    changes = Change.objects.filter(connection=connection, status=Change.Status.PENDING)
    now = clock.now()
    push_calls = sum(
        ceil(changes.filter(kind=kind).count() / sizes.written)
        for kind in Change.Kind
        if kind != Change.Kind.UPDATE
    )
    for kind in WRITTEN:
        updates = changes.filter(kind=Change.Kind.UPDATE, record__kind=kind)
        written = ExternalRecord.objects.filter(pk__in=updates.values("record"))
        stale = [record for record in written if not is_fresh(record, now=now)]
        push_calls += ceil(len(written) / sizes.written) + ceil(len(stale) / sizes.read)
    return Forecast(
        connection=connection.name,
        pull_calls=pull_calls,
        push_calls=push_calls,
        records=records,
        changes=changes.count(),
        left_today=_left_today(connection),
    )


def difference(lead: Lead) -> Rows:
    """Base, ours, theirs and the policy, of each field and CRM; theirs is read from the CRM now.

    Raises ConnectorError.
    """
    rows: Rows = []
    links = ExternalRecord.objects.filter(lead=lead, kind="lead", deleted_at=None)
    for link in links.select_related("connection").order_by("id"):
        found = connector_of(link.connection).read("lead", [link.external_id])
        theirs = values.of_record(found[0]) if found else {}
        ours = values.of_row(lead, names={**link.base, **theirs})
        declared = link.connection.settings.get("policies") or {}
        owed = dict(
            Change.objects.filter(record=link, kind=Change.Kind.UPDATE)
            .exclude(status__in=(Change.Status.PUSHED, Change.Status.SUPERSEDED))
            .order_by("pk")
            .values_list("field", "status")
        )
        rows += [
            {
                "connection": link.connection.name,
                "field": name,
                "base": link.base.get(name),
                "ours": ours.get(name),
                "theirs": theirs.get(name),
                "policy": policy.policy_of("lead", name, declared),
                "owed": owed.get(name, ""),
            }
            for name in sorted({**ours, **theirs})
        ]
    return rows


def retry(connection: Connection | None = None) -> int:
    """Try again what was refused; how many changes wait now."""
    rows = Change.objects.filter(status=Change.Status.REFUSED)
    if connection is not None:
        rows = rows.filter(connection=connection)
    count = 0
    for change in rows.select_related("record").order_by("pk"):
        newer = Change.objects.filter(
            record=change.record, field=change.field, kind=change.kind,
            status=Change.Status.PENDING,
        )  # fmt: skip
        if change.kind != Change.Kind.TOUCH and newer.exists():
            ledger.supersede(Change.objects.filter(pk=change.pk))
            continue
        change.status, change.due_at, change.attempts = Change.Status.PENDING, clock.now(), 0
        change.save(update_fields=["status", "due_at", "attempts"])
        if change.kind == Change.Kind.TOUCH:
            ledger.owe_completion_again(change)
        count += 1
    return count


def doubtful() -> Sequence[Lead]:
    """Pairs that may be one person: shown, and not enrolled until a person has said."""
    return list(Lead.objects.exclude(doubt="").filter(deleted_at=None).order_by("email", "pk"))


def _status(connection: Connection) -> dict[str, Any]:
    changes = Change.objects.filter(connection=connection)
    pending = changes.filter(status=Change.Status.PENDING)
    oldest = pending.aggregate(at=Min("created_at"))["at"]
    now = clock.now()
    held = [brakes.held(connection, direction) for direction in ("pull", "push")]
    return {
        "connection": connection.name,
        "status": "braked" if any(held) else connection.status,
        "pulled_at": connection.pulled_at,
        "lag": now - connection.pulled_at if connection.pulled_at else None,
        "pending": pending.count(),
        "oldest_pending": now - oldest if oldest else None,
        "refused": changes.filter(status=Change.Status.REFUSED).count(),
        "conflicted": changes.filter(status=Change.Status.CONFLICTED).count(),
        "quota_day": today(),
        "calls_that_day": _used_today(connection),
        "left_that_day": _left_today(connection),
        "last_error": next(filter(None, held), connection.last_error),
    }


def _left_today(connection: Connection) -> int | None:
    if connection.kind not in {"hubspot", "salesforce"}:
        return None
    limit = CallBudget.objects.filter(connection=connection).aggregate(limit=Min("day_limit"))
    return max(0, (limit["limit"] or limits_of(connection).day) - _used_today(connection))


def _used_today(connection: Connection) -> int:
    rows = CallBudget.objects.filter(connection=connection, day=today())
    return sum(rows.values_list("day_used", flat=True))
