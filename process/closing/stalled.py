"""Open deals that stand still: the lead's owner is told once of each standstill.

A standstill begins with the last thing that happened with the lead or its deal, and ends with the next.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from crm.kinds import TOUCHES
from crm.models import Activity, Deal
from crm.timeline import note
from process import outcomes, tasks
from process.closing.definition import Stalled
from runtime import clock
from runtime.seldom import Seldom

#: Every open deal is looked at.
LOOKS = Seldom(every=600)
_AT_ONCE = 500
#: Whatever moves a deal, or shows that somebody is at it.
_MOTION = TOUCHES | {"deal_created", "deal_moved", "deal_restored", "stage_moved", "task_done"}


def is_due() -> bool:
    """Whether somebody is to be told; asked again within minutes, nobody looks."""
    rule = _rule()
    return rule is not None and LOOKS.is_time() and _standing(rule).exists()


def tell() -> int:
    """Give the task of each standstill; how many."""
    rule = _rule()
    if rule is None:
        return 0
    found = _standing(rule).select_related("lead", "lead__owner").order_by("pk")[:_AT_ONCE]
    return sum(_tell(deal, deal.since) for deal in found)


def next_due() -> datetime | None:
    """When the next deal will have stood still for so long."""
    rule = _rule()
    if rule is None:
        return None
    moving = _untold(rule).filter(since__gt=clock.now() - rule.after.elapsed)
    first = moving.order_by("since").values_list("since", flat=True).first()
    return None if first is None else first + rule.after.elapsed


def _rule() -> Stalled | None:
    process = outcomes.applied()
    return process.stalled if process else None


def _standing(rule: Stalled) -> "QuerySet[Any]":
    return _untold(rule).filter(since__lte=clock.now() - rule.after.elapsed)


def _untold(rule: Stalled) -> "QuerySet[Any]":
    """Open deals in these stages that moved `since` then, and of which nobody was told after it."""
    happened = Activity.objects.filter(lead=OuterRef("lead"))
    told = Activity.objects.filter(deal=OuterRef("pk"), kind="deal_stalled")
    deals = Deal.objects.filter(is_closed=False, deleted_at=None, lead__deleted_at=None)
    deals = deals.filter(lead__stage__in=rule.stages).annotate(
        told_at=_last(told),
        since=Coalesce(
            _last(happened.filter(kind__in=_MOTION)),
            F("lead__stage_since"),
            F("created_at"),
            F("lead__created_at"),
        ),
    )
    return deals.filter(Q(told_at=None) | Q(told_at__lt=F("since")))


def _last(activities: QuerySet[Activity]) -> Subquery:
    moments = activities.order_by("-occurred_at").values("occurred_at")
    return Subquery(moments[:1], output_field=DateTimeField())


def _tell(deal: Deal, since: datetime) -> bool:
    lead, now = deal.lead, clock.now()
    if lead is None:
        return False
    with transaction.atomic():
        key = f"stalled:{deal.pk}:{since.isoformat()}"
        data: dict[str, object] = {"since": since.isoformat()}
        is_new = note("deal_stalled", lead=lead, deal=deal, occurred_at=now, key=key, data=data)
        if is_new:
            title = f"{deal} stands still since {since:%Y-%m-%d}: move it with {lead}, or close it"
            tasks.make("call", title, lead=lead, key=key)
    return is_new
