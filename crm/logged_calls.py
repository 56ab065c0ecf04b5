"""The calls and call tasks of leads that may be one, read from the timeline: see crm.calls."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from crm.calls import SPAN, Calls
from crm.models import Activity, Lead

_KINDS = ("crm_call", "call_logged", "task_done")


def around(lead: Lead, at: datetime) -> Calls:
    return lately(at, [lead.pk])[lead.pk]


def lately(at: datetime, lead_ids: Collection[int] | None = None) -> Mapping[int, Calls]:
    """Of these leads, or of all, what may be one with a call of about this moment, by activity."""
    # What is one with another already has it within a span of its own.
    rows = Activity.objects.filter(kind__in=_KINDS, occurred_at__gte=at - 2 * SPAN)
    if lead_ids is not None:
        rows = rows.filter(lead__in=lead_ids)
    found: dict[int, Calls] = defaultdict(Calls)
    names = ("pk", "kind", "occurred_at", "lead", "data")
    for pk, kind, moment, lead_id, data in rows.order_by("pk").values_list(*names):
        calls = found[lead_id]
        if kind == "crm_call":
            calls.logged[pk] = moment
        elif kind == "call_logged":
            calls.done.pop(data["done"], None)
        elif "logged" in data:
            calls.logged.pop(data["logged"], None)
        elif data.get("task") == "call":
            calls.done[pk] = moment
    return found
