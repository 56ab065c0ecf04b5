"""Which leads suppressions cover, and the activity that stops them."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import QuerySet

from connectors.batches import chunks
from crm import timeline
from crm.models import Lead
from mail.models import Suppression
from mail.suppression import Book, book_of
from runtime import clock

#: Leads and rows that are looked at at once.
PAGE = 500
Pair = tuple[Lead, Suppression]


def covered(rows: Sequence[Suppression]) -> Iterator[Pair]:
    """The leads that any of the rows covers, each once, with the oldest that does."""
    if not rows:
        return
    by_address = Lead.objects.filter(deleted_at=None)
    if all(row.scope == "address" for row in rows):
        pages = chunks([row.email for row in rows], PAGE)
        walks = [_pages(by_address.filter(email__in=page)) for page in pages]
    else:  # whom a domain or a hash covers, no index tells
        walks = [_pages(by_address)]
    book = Book(rows)
    for walk in walks:
        for leads in walk:
            yield from ((lead, found[0]) for lead in leads if (found := book.of_lead(lead)))


def stop(pairs: Iterable[Pair]) -> int:
    """Note for each lead that it is suppressed, in the caller's transaction; how many they are."""
    notes = [
        timeline.Note(
            kind="suppressed",
            occurred_at=clock.now(),
            lead_id=lead.pk,
            deal_id=None,
            enrollment_id=None,
            message_id=None,
            key=f"suppressed:{row.pk}:{lead.pk}",
            data={"suppression": row.pk, "scope": row.scope, "kind": row.kind},
        )
        for lead, row in pairs
    ]
    timeline.note_all(notes)
    return len(notes)


def stop_newcomers(leads: QuerySet[Lead]) -> int:
    """Leads that came when what covers them was there already; how many they are."""
    stopped = 0
    for page in _pages(leads.filter(do_not_contact=False, deleted_at=None)):
        book = book_of(page)
        stopped += stop((lead, rows[0]) for lead in page if (rows := book.of_lead(lead)))
    return stopped


def _pages(leads: QuerySet[Lead]) -> Iterator[list[Lead]]:
    last = 0
    while page := list(leads.filter(pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        yield page
