"""Calls that somebody logs in a CRM, and call tasks that are done: what is both is one call.

No CRM links the two, so they go by their moments: a logged call and a done task of one person within
SPAN are one, the nearest first, each with one other at most. Whichever we hear of later names the
other: a task that is done then says no more that the lead was called, and a call that comes then is
`call_logged`, which nothing counts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm.models import Activity, Lead

#: A rep logs a call and ticks its task off in one go; what lies further apart are two calls.
SPAN = timedelta(hours=1)
_KINDS = ("crm_call", "call_logged", "task_done")


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Those of a lead that are not one with another yet: a number of each -> its moment."""

    logged: dict[int, datetime] = field(default_factory=dict)
    done: dict[int, datetime] = field(default_factory=dict)

    def take_logged(self, at: datetime) -> int | None:
        """The logged call that a task done at this moment is; no other is it then."""
        return _take(self.logged, at)

    def take_done(self, at: datetime) -> int | None:
        """The done task that a call logged at this moment is; no other is it then."""
        return _take(self.done, at)


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


def _take(moments: dict[int, datetime], at: datetime) -> int | None:
    apart = {number: abs(moment - at) for number, moment in moments.items()}
    near = [number for number in apart if apart[number] <= SPAN]
    taken = min(near, key=lambda number: (apart[number], number), default=None)
    if taken is not None:
        del moments[taken]
    return taken
