"""What happened with leads since some moment, for the rules that ask."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Max

from crm.kinds import COMPANY_ANSWERED, EVENTS, TOUCHES, activities_of
from crm.models import Activity, Lead


def since(
    starts: Mapping[int, datetime], leads: Mapping[int, Lead], events: Collection[str]
) -> dict[int, Counter[str]]:
    """Lead id -> event -> how often it happened after the lead's start.

    Two queries for all leads, none when no event is asked for.
    """
    counted: dict[int, Counter[str]] = {lead_id: Counter() for lead_id in starts}
    if not starts or not events:
        return counted
    names = {kind: name for name in events for kind in activities_of(name)}
    happened = Activity.objects.filter(
        lead__in=starts, kind__in=names, occurred_at__gt=min(starts.values())
    )
    for lead_id, kind, at in happened.values_list("lead", "kind", "occurred_at"):
        if at > starts[lead_id]:
            counted[lead_id][names[kind]] += 1
    if COMPANY_ANSWERED in events:
        _company_answers(counted, starts, leads)
    return counted


def last_touches(lead_ids: Collection[int]) -> Mapping[int, datetime]:
    """Lead id -> when somebody last wrote to it, spoke with it or heard from it."""
    touches = Activity.objects.filter(lead__in=lead_ids, kind__in=TOUCHES)
    return dict(touches.values_list("lead").annotate(last=Max("occurred_at")).order_by())


def _company_answers(
    counted: Mapping[int, Counter[str]],
    starts: Mapping[int, datetime],
    leads: Mapping[int, Lead],
) -> None:
    companies = {lead.company_id for lead in leads.values() if lead.company_id is not None}
    answers = list(
        Activity.objects.filter(
            kind__in=EVENTS["answered"],
            lead__company__in=companies,
            occurred_at__gt=min(starts.values()),
        ).values_list("lead__company", "lead", "occurred_at")
    )
    for lead_id, start in starts.items():
        company = leads[lead_id].company_id
        counted[lead_id][COMPANY_ANSWERED] = sum(
            1
            for of_company, by, at in answers
            if of_company == company and by != lead_id and at > start
        )
