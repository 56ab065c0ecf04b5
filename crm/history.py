"""What happened with leads since some moment, for the rules that ask."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Max

from crm import rows
from crm.kinds import COMPANY_ANSWERED, EVENTS, TOUCHES, activities_of
from crm.models import Activity


def since(
    starts: Mapping[int, datetime], companies: Mapping[int, int | None], events: Collection[str]
) -> Mapping[int, Mapping[str, int]]:
    """Lead id -> event -> how often it happened after the lead's start; who is missing had none.

    Two queries for all leads, none when no event is asked for.
    """
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    if not starts or not events:
        return counted
    names = {kind: name for name in events for kind in activities_of(name)}
    for lead_id, kind, at in _happened(starts, list(names)):
        if at > starts[lead_id]:
            counted[lead_id][names[kind]] += 1
    if COMPANY_ANSWERED in events:
        _company_answers(counted, starts, companies)
    return counted


def moments(lead_ids: Collection[int], kinds: Collection[str]) -> Sequence[rows.Row]:
    """Lead id, kind and moment of everything of these kinds that happened with them."""
    if not kinds:
        return []
    return rows.read(
        Activity,
        ("lead_id", "kind", "occurred_at"),
        lead_ids,
        by="lead_id",
        also=f"AND kind IN ({', '.join(['%s'] * len(kinds))})",
        given=sorted(kinds),
    )


def last_touches(lead_ids: Collection[int]) -> Mapping[int, datetime]:
    """Lead id -> when somebody last wrote to it, spoke with it or heard from it."""
    touches = Activity.objects.filter(lead__in=lead_ids, kind__in=TOUCHES)
    return dict(touches.values_list("lead").annotate(last=Max("occurred_at")).order_by())


def _happened(starts: Mapping[int, datetime], kinds: Sequence[str]) -> Sequence[rows.Row]:
    """Lead, kind and moment of what happened since the first of these starts."""
    return rows.read(
        Activity,
        ("lead_id", "kind", "occurred_at"),
        starts,
        by="lead_id",
        also=f"AND occurred_at > %s AND kind IN ({', '.join(['%s'] * len(kinds))})",
        given=[rows.moment(min(starts.values())), *kinds],
    )


def _company_answers(
    counted: Mapping[int, Counter[str]],
    starts: Mapping[int, datetime],
    companies: Mapping[int, int | None],
) -> None:
    asked = {company for company in companies.values() if company is not None}
    answers = list(
        Activity.objects.filter(
            kind__in=EVENTS["answered"],
            lead__company__in=asked,
            occurred_at__gt=min(starts.values()),
        ).values_list("lead__company", "lead", "occurred_at")
    )
    for lead_id, start in starts.items():
        company = companies[lead_id]
        counted[lead_id][COMPANY_ANSWERED] = sum(
            1
            for of_company, by, at in answers
            if of_company == company and by != lead_id and at > start
        )
