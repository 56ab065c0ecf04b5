"""Places in sequences that come free, and who is asked then."""

from functools import partial

from django.db import transaction

from runtime import bell, clock
from sequences.judging import COLLEAGUE
from sequences.models import Waiting


def place_is_free(sequence: str, company_id: int | None) -> None:
    """Somebody's enrollment ended: those who wait for its place are judged again at once.

    After the commit, since a transaction that holds the rows of who waits, and waits for a company's
    row itself, stands in the way of one that has that and enrolls them. Where it is lost, they are
    judged when their own wait is over.
    """
    transaction.on_commit(partial(_judge_again, sequence, company_id), robust=True)


def _judge_again(sequence: str, company_id: int | None) -> None:
    """Who waits longest for a place in the sequence, and the colleagues who had to wait."""
    longest = Waiting.objects.filter(sequence=sequence).order_by("since", "pk")[:1]
    colleagues = Waiting.objects.filter(lead__company=company_id, reason=COLLEAGUE)
    asked = [*longest, *(colleagues if company_id is not None else ())]
    for row in asked:  # one by one: who holds a single lock is in nobody's way
        Waiting.objects.filter(pk=row.pk).update(retry_at=clock.now())
    if asked:
        bell.ring("enroll")
