"""Walking enrollments through their sequences: claim what is due, ask `decide`, do what it says.

A batch is claimed, decided and written in one transaction, so a crash leaves it due as it was. No
step is taken twice: StepRun and Message are unique per (enrollment, step).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Least

from runtime import bell, clock
from sequences import advancing, claims
from sequences.cadence import BATCH
from sequences.endings import leave, locked, pause, resume, stop, stop_lead
from sequences.models import Enrollment, StepRun

__all__ = [
    "advance_due",
    "due",
    "leave",
    "pause",
    "reconsider",
    "resume",
    "sent",
    "stop",
    "stop_lead",
    "task_ended",
]

log = logging.getLogger(__name__)

#: Who cannot be asked about, through a fault of ours or of the rows, is tried again after so long.
AFTER_FAILURE = timedelta(hours=1)
#: The database cannot be reached, or broke a deadlock: the next tick goes on.
_NOBODYS_FAULT = (OperationalError, InterfaceError)


def due(now: datetime) -> QuerySet[Enrollment]:
    """Enrollments about which `decide` is to be asked."""
    return Enrollment.objects.filter(status__in=claims.OPEN, due_at__lte=now)


def advance_due() -> int:
    """Take every step that is due, in batches; how many enrollments were asked about."""
    asked = 0
    while batch := _advance_batch():
        asked += batch
        if batch < BATCH:
            break
    return asked


def _advance_batch() -> int:
    """One enrollment at fault must not hold up the others: a batch that fails is taken one by one."""
    now = clock.now()
    try:
        return _advance_claimed(now)
    except _NOBODYS_FAULT:
        raise
    except Exception:  # whatever it is, most of the batch has no part in it
        log.exception("a batch of enrollments failed: each is asked about alone")
    ids = list(due(now).order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH])
    for enrollment_id in ids:
        with _apart(enrollment_id, now):
            _advance_claimed(now, only=enrollment_id)
    return len(ids)


def _advance_claimed(now: datetime, *, only: int | None = None) -> int:
    with transaction.atomic():
        claimed = claims.claim(now, at_most=BATCH, only=only)
        alone = advancing.advance_all(claimed, now) if claimed else []
    for enrollment_id in alone:
        with _apart(enrollment_id, now), transaction.atomic():
            advancing.advance_alone(enrollment_id, now)
    return len(claimed)


@contextmanager
def _apart(enrollment_id: int, now: datetime) -> Iterator[None]:
    """Nothing happens to who fails in here: it is tried again later, and the others go on."""
    try:
        yield
    except _NOBODYS_FAULT:
        raise
    except Exception:
        log.exception("enrollment %s failed, and is tried again later", enrollment_id)
        Enrollment.objects.filter(pk=enrollment_id).update(due_at=now + AFTER_FAILURE)


def sent(enrollment_id: int, step_id: str, *, at: datetime, because: dict[str, object]) -> None:
    """An email left: its step is taken, and `decide` is asked about what follows."""
    enrollment = locked(enrollment_id)
    if enrollment is None:
        return
    StepRun.objects.get_or_create(
        enrollment=enrollment,
        step_id=step_id,
        defaults={"kind": "email", "at": at, "because": because},
    )
    if enrollment.status == Enrollment.Status.ACTIVE:
        enrollment.due_at = clock.now()
        enrollment.save(update_fields=["due_at"])
        transaction.on_commit(lambda: bell.ring("advance"))


def task_ended(enrollment_id: int, step_id: str, *, at: datetime, disposition: str = "") -> None:
    """A person did what the step assigned, or said that it need not be done: a gate is open."""
    runs = StepRun.objects.filter(enrollment=enrollment_id, step_id=step_id, ended_at=None)
    if runs.update(ended_at=at, disposition=disposition):
        reconsider(pk=enrollment_id)


def reconsider(**whose: object) -> int:
    """Something happened: ask `decide` of these active enrollments now; how many they are."""
    now = clock.now()
    found = Enrollment.objects.filter(**whose).values("pk")
    active = Enrollment.objects.filter(
        pk__in=found, status=Enrollment.Status.ACTIVE, started_at__lte=now
    )
    # Those who are due already, too: whoever is asking about them may have read the rows before.
    count = active.update(due_at=Least(Coalesce("due_at", now), now))
    if count:
        transaction.on_commit(lambda: bell.ring("advance"))
    return count
