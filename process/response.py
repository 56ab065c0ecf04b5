"""The timeline's rows for speed-to-lead."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from crm.models import Activity, Lead
from process import speed
from process.speed import Event, Speed

_KINDS = (
    "assigned", "email_sent", "enrolled", "lead_changed", "lead_created", "task_assigned",
    "task_done", "task_skipped",
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
    if kind in {"lead_created", "lead_changed"}:
        return Event(kind="owner_seen", at=activity.occurred_at) if _shows_owner(activity) else None
    if not kind.startswith("task_"):
        return Event(kind=kind, at=activity.occurred_at)
    return Event(
        kind=kind,
        at=activity.occurred_at,
        task=f"{activity.enrollment_id}:{data.get('step', '')}",
        work=str(data.get("task", "")),
        gate=bool(data.get("gate")),
    )


def _shows_owner(activity: Activity) -> bool:
    """Whether the CRM gave the lead its owner then; what a first pull brings is older than that."""
    lead, source = activity.lead, activity.connection
    if lead is None or lead.owner_id is None:
        return False
    if activity.kind == "lead_changed":
        return "owner_id" in activity.data.get("fields", ())
    first = source.first_pulled_at if source else None
    return first is not None and activity.occurred_at > first
