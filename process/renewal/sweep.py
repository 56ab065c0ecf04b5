"""Won deals that end unless they are renewed: each date is told once, so long before it.

A date that had passed before anybody looked is told no more.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Substr

from crm.models import Deal
from crm.timeline import note
from process import outcomes
from process.models import Renewal
from process.renewal.definition import RenewalSettings
from runtime import clock
from runtime.seldom import Seldom

#: Every won deal is looked at.
LOOKS = Seldom(every=600)
_AT_ONCE = 500
#: What sorts behind it is no day of ours.
_NO_DAY = "9998"


def is_due() -> bool:
    """Whether there is something to tell; asked again within minutes, nobody looks."""
    settings = _settings()
    return settings is not None and LOOKS.is_time() and _untold(settings).exists()


def tell() -> int:
    """Note those that are due; how many."""
    settings = _settings()
    if settings is None:
        return 0
    found = _untold(settings).select_related("lead").order_by("pk")
    return sum(_tell(deal, day) for deal, day in _dated(found))


def next_due() -> datetime | None:
    """When the next one is to be told."""
    settings = _settings()
    if settings is None:
        return None
    later = _running(settings).filter(day__gt=_limit(settings).isoformat(), day__lt=_NO_DAY)
    day = later.aggregate(first=Min("day"))["first"]
    if not day:
        return None
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC) - settings.before.elapsed


def _settings() -> RenewalSettings | None:
    process = outcomes.applied()
    return process.renewal if process else None


def _running(settings: RenewalSettings) -> "QuerySet[Any]":
    """Won deals with their `day`, as text: dates are kept so that they sort."""
    day = Substr(KeyTextTransform(settings.name, "extra"), 1, 10)
    won = Deal.objects.filter(is_won=True, deleted_at=None, lead__deleted_at=None)
    return won.exclude(lead=None).annotate(day=day)


def _untold(settings: RenewalSettings) -> "QuerySet[Any]":
    """Of which no date was told, or another one."""
    days = (clock.now().date().isoformat(), _limit(settings).isoformat())
    told = Renewal.objects.filter(deal=OuterRef("pk"), day=OuterRef("day"))
    return _running(settings).filter(day__range=days).exclude(Exists(told))


def _limit(settings: RenewalSettings) -> date:
    return (clock.now() + settings.before.elapsed).date()


def _dated(deals: "QuerySet[Any]") -> Iterator[tuple[Deal, str]]:
    for deal in deals[:_AT_ONCE]:
        yield deal, str(deal.day)


def _tell(deal: Deal, day: str) -> bool:
    now = clock.now()
    with transaction.atomic():
        _, is_new = Renewal.objects.get_or_create(deal=deal, day=day, defaults={"noted_at": now})
        if is_new:
            note(
                "renewal_due",
                lead=deal.lead,
                deal=deal,
                occurred_at=now,
                key=f"renewal_due:{deal.pk}:{day}",
                data={"date": day},
            )
    return is_new
