"""Exits by time: who has been in a stage for as long as a rule waits, found from the rows.

Up to `timed_until` everybody was asked whose time had come; a lead whose condition was not true then
is asked again when something happens with it. A process at work for the first time asks everybody
whose stage has exits that wait for no event, and who waits for facts that it may not require any more.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from crm.models import Lead
from process import moves, outcomes
from process.definition import Process
from process.exits import TIME_PASSED
from process.models import AppliedProcess
from runtime import clock

BATCH = 500


def is_due() -> bool:
    process, until = outcomes.applied(), timed_until()
    if process is None:
        return False
    is_new = until is None
    if (is_new or process.requires_facts) and moves.held_are_due(now=is_new):
        return True
    return due(process, until, clock.now()).exists()


def next_due() -> datetime | None:
    """When the next lead's time comes, of those that nobody was asked about."""
    process, until = outcomes.applied(), timed_until()
    moments = []
    for stage, length in process.times if process else ():
        rows = _in_stages([stage])
        later = rows.filter(stage_since__gt=until - length) if until else rows
        since = later.aggregate(at=Min("stage_since"))["at"]
        moments += [since + length] if since else []
    return min(moments, default=None)


def move_on() -> int:
    """Move everybody whose time has come and whose exit fits; how many moved."""
    process, until, now = outcomes.applied(), timed_until(), clock.now()
    if process is None:
        return 0
    moved = last = 0
    asked = due(process, until, now).values_list("pk", flat=True)
    while ids := list(asked.filter(pk__gt=last)[:BATCH]):
        moved += sum(_moves(pk, now) for pk in ids)
        last = ids[-1]
    AppliedProcess.objects.filter(active=True).update(timed_until=now)
    is_new = until is None
    return moved + (moves.ask_held(now=is_new) if is_new or process.requires_facts else 0)


def timed_until() -> datetime | None:
    """Up to when everybody was asked whose time had come."""
    found = AppliedProcess.objects.filter(active=True).values_list("timed_until", flat=True)
    return found.first()


def due(process: Process, until: datetime | None, now: datetime) -> QuerySet[Lead]:
    """Whom to ask whether they move on, of whom nobody was asked at `until`; by number."""
    if until is None:
        return _in_stages(process.unprompted).order_by("pk")
    asked = Q(pk__in=())
    for stage, length in process.times:
        asked |= Q(stage=stage, stage_since__gt=until - length, stage_since__lte=now - length)
    return _in_stages(process.unprompted).filter(asked).order_by("pk")


def _moves(lead_id: int, now: datetime) -> bool:
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
        return moves.move_on(lead, TIME_PASSED, at=now)


def _in_stages(stages: Collection[str]) -> QuerySet[Lead]:
    return Lead.objects.filter(stage__in=stages, stage_since__isnull=False, deleted_at=None)
