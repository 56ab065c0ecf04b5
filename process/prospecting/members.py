"""Who is on our lists, kept in step with the lists of the CRMs that process.yaml names.

Reading is the pull's; here is said who is on ours, and what differs is owed to the CRMs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Min, QuerySet

from crm import facts, listing, lists
from crm.models import Connection, Lead, ListCounterpart, Listed
from crm.stages import bound_deals
from mail.suppression import book_of
from process import outcomes
from process.prospecting.lists import ListDefinition, Lists
from runtime import clock
from sequences.models import ListMember
from workspace.expressions import evaluate

#: Leads are walked by key in pages of this size.
PAGE = 500


def configure(described: Lists) -> None:
    """The counterparts are those that process.yaml names; the others are forgotten."""
    connections = {row.name: row for row in Connection.objects.all()}
    kept: list[int] = []
    for name, found in described.items():
        for connection in sorted(found.sources.keys() | found.targets.keys()):
            row, _ = ListCounterpart.objects.update_or_create(
                connection=connections[connection], name=name, defaults=_values(found, connection)
            )
            kept.append(row.pk)
            if not row.writes:
                listing.drop(row)
    dropped = ListCounterpart.objects.exclude(pk__in=kept)
    for row in dropped:
        listing.drop(row)
    dropped.delete()
    for name in set(Listed.objects.values_list("list", flat=True)):
        lists.prune(name)


def settle_due() -> int:
    """Owe the CRMs what differs, of the lists whose time has come; how many there were."""
    names = _due().order_by("name").values_list("name", flat=True).distinct()
    for name in list(names):
        settle(name)
    return len(names)


def are_due() -> bool:
    return _due().exists()


def next_due() -> datetime | None:
    moment: datetime | None = ListCounterpart.objects.aggregate(at=Min("settle_due_at"))["at"]
    return moment


def settle(name: str) -> None:
    """Owe every CRM that a list goes to what differs there."""
    process = outcomes.applied()
    found = process.lists.get(name) if process else None
    if found is None:
        return
    ours: set[int] = set()
    may_join: set[int] = set()
    for page in _pages(name, found):
        ours |= {lead.pk for lead in page}
        may_join |= _may_join(page)
    # Who was deleted here, or merged into another, was not taken off by anybody.
    listed = set(Listed.objects.filter(list=name).values_list("lead_id", flat=True))
    for counterpart in ListCounterpart.objects.filter(name=name, writes=True).order_by("pk"):
        there = listed if counterpart.both_ways else ours
        listing.settle(counterpart, there, may_join=may_join, at=clock.now())


def _values(found: ListDefinition, connection: str) -> Mapping[str, object]:
    source, target = found.sources.get(connection), found.targets.get(connection)
    named = source or target
    called, called_id = named.list if named is not None else ("", "")
    return {
        "called": called,
        "called_id": called_id,
        "reads": source is not None,
        "writes": target is not None,
        "statuses": list(source.status) if source else [],
        "status": (target.status if target else None) or "",
        "settle_due_at": clock.now() if target else None,
    }


def _due() -> QuerySet[ListCounterpart]:
    return ListCounterpart.objects.filter(writes=True, settle_due_at__lte=clock.now())


def _pages(name: str, found: ListDefinition) -> Iterator[Sequence[Lead]]:
    """Everybody who is on our list."""
    last = 0
    rows = _candidates(name, found).select_related("company", "owner").order_by("pk")
    while page := list(rows.filter(pk__gt=last)[:PAGE]):
        last = page[-1].pk
        if found.when is None:
            yield page
            continue
        deals = bound_deals([lead.pk for lead in page])
        known = ((lead, facts.context(lead, deals.get(lead.pk))) for lead in page)
        yield [lead for lead, context in known if evaluate(found.when, context)]


def _candidates(name: str, found: ListDefinition) -> QuerySet[Lead]:
    rows = Lead.objects.filter(deleted_at=None)
    if found.sources:
        return rows.filter(pk__in=Listed.objects.filter(list=name).values("lead"))
    if found.is_in_a_file:
        named = ListMember.objects.filter(list=name)
        return rows.filter(email__in=named.values("email")).exclude(email="")
    return rows


def _may_join(page: Sequence[Lead]) -> set[int]:
    """Nobody is put on a list who must not be written to, or who may be somebody else twice."""
    book = book_of(page)
    return {
        lead.pk
        for lead in page
        if not (lead.do_not_contact or lead.doubt or lead.erased_at or book.of_lead(lead))
    }
