"""Who works for a company that bought from us."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crm.models import Deal, Lead
from crm.timeline import note


class Person(Protocol):
    @property
    def pk(self) -> int: ...
    @property
    def company_id(self) -> int | None: ...


def bought(leads: Sequence[Person]) -> Mapping[int, str]:
    """Lead -> the name of a deal that it, or its company, has won with us; who has none is missing."""
    won = Deal.objects.filter(is_won=True, deleted_at=None).order_by("pk")
    of_lead = dict(won.filter(lead__in=[lead.pk for lead in leads]).values_list("lead", "name"))
    of_company = companies({lead.company_id for lead in leads} - {None})
    found = {lead.pk: of_lead.get(lead.pk, of_company.get(lead.company_id)) for lead in leads}
    return {pk: name for pk, name in found.items() if name is not None}


def note_joined(leads: Iterable[Lead], *, at: datetime) -> None:
    """Of leads that are at another company than before, who is at one that has bought from us."""
    found = list(leads)
    won = companies({lead.company_id for lead in found} - {None})
    for lead in found:
        if lead.company_id in won:
            note("joined_customer", lead=lead, occurred_at=at, data={"won": won[lead.company_id]})


def companies(ids: Collection[int | None] | None = None) -> Mapping[int | None, str]:
    """Company -> the name of a deal that was won there, by the deal's company or its person's.

    Of these companies, or of all. In two queries, each of which has its index.
    """
    won = Deal.objects.filter(is_won=True, deleted_at=None).order_by("pk")
    by_person, by_deal = won.exclude(lead__company=None), won.exclude(company=None)
    if ids is not None:
        by_person, by_deal = by_person.filter(lead__company__in=ids), won.filter(company__in=ids)
    return {
        **dict(by_person.values_list("lead__company", "name")),
        **dict(by_deal.values_list("company", "name")),
    }
