"""Who works for a company that bought from us.

A won deal counts for its person, wherever that works now, and for the people of the company that it
names: the person may have left, and the new employer has bought nothing. One that names none is of
its person's company. mail.stops says the same in SQL, a simulation's scene in memory.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.db.models import Q, QuerySet

from crm.models import Deal, Lead
from crm.timeline import note


class Person(Protocol):
    @property
    def pk(self) -> int: ...
    @property
    def company_id(self) -> int | None: ...


def bought(leads: Sequence[Person]) -> Mapping[int, str]:
    """Lead -> the name of a won deal that counts for it; who has none is missing."""
    of_company = companies({lead.company_id for lead in leads} - {None})
    of_lead = persons([lead.pk for lead in leads])
    found = {lead.pk: of_lead.get(lead.pk, of_company.get(lead.company_id)) for lead in leads}
    return {pk: name for pk, name in found.items() if name is not None}


def people(deal: Deal) -> Q:
    """The leads for whom it counts, once it is won."""
    company = deal.company_id or (deal.lead.company_id if deal.lead else None)
    own = Q(pk=deal.lead_id)
    return own if company is None else own | Q(company=company)


def note_joined(leads: Iterable[Lead], *, at: datetime) -> None:
    """Of leads that are at another company than before, who is at one that has bought from us."""
    found = list(leads)
    won = companies({lead.company_id for lead in found} - {None})
    for lead in found:
        if lead.company_id in won:
            note("joined_customer", lead=lead, occurred_at=at, data={"won": won[lead.company_id]})


def companies(ids: Collection[int | None] | None = None) -> Mapping[int | None, str]:
    """Company -> the name of a deal that was won there.

    Of these companies, or of all. In two queries, each of which has its index.
    """
    by_person = _won().filter(company=None).exclude(lead__company=None)
    by_deal = _won().exclude(company=None)
    if ids is not None:
        by_person, by_deal = by_person.filter(lead__company__in=ids), _won().filter(company__in=ids)
    return {
        **dict(by_person.values_list("lead__company", "name")),
        **dict(by_deal.values_list("company", "name")),
    }


def persons(ids: Collection[int] | None = None) -> Mapping[int, str]:
    """Lead -> the name of a deal of its own; of these leads, or of all."""
    won = _won().exclude(lead=None)
    won = won if ids is None else won.filter(lead__in=ids)
    return dict(won.values_list("lead", "name"))


def _won() -> QuerySet[Deal]:
    return Deal.objects.filter(is_won=True, deleted_at=None).order_by("pk")
