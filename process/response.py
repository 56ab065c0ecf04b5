"""The timeline's rows for speed-to-lead."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from crm.models import Activity, Lead
from process import speed
from process.speed import Event, Speed

_KINDS = (
    "assigned", "email_sent", "enrolled", "lead_created", "task_assigned", "task_done",
    "task_skipped",
)  # fmt: skip
#: Leads of one query.
_BATCH = 500


def speeds(now: datetime) -> Iterator[Speed]:
    """Of every lead that was assigned, came with an owner or was enrolled, by its number."""
    last = 0
    while ids := list(
        Lead.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]
    ):
        events = _events(ids)
        for pk in ids:
            found = speed.measure(pk, events[pk], now)
            if found is not None:
                yield found
        last = ids[-1]


def _events(lead_ids: list[int]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    rows = Activity.objects.filter(lead__in=lead_ids, kind__in=_KINDS)
    for activity in rows.select_related("lead", "connection").order_by("pk"):
        event = _event(activity)
        if event is not None and activity.lead_id is not None:
            found[activity.lead_id].append(event)
    return found


def _event(activity: Activity) -> Event | None:
    kind, data = activity.kind, activity.data
    if kind == "lead_created":
        return Event(kind="owner_seen", at=activity.occurred_at) if _has_owner(activity) else None
    if not kind.startswith("task_"):
        return Event(kind=kind, at=activity.occurred_at)
    return Event(
        kind=kind,
        at=activity.occurred_at,
        task=f"{activity.enrollment_id}:{data.get('step', '')}",
        work=str(data.get("task", "")),
        gate=bool(data.get("gate")),
    )


def _has_owner(activity: Activity) -> bool:
    """Whether it came with one; who came with the first pull had one nobody knows how long."""
    lead, source = activity.lead, activity.connection
    first = source.first_pulled_at if source else None
    owned = lead is not None and lead.owner_id is not None
    return owned and first is not None and activity.occurred_at > first
