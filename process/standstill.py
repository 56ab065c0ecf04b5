"""Leads with whom nothing happens any more, though the time of their stage is over.

Whoever is in a sequence, has an open task, a meeting ahead, or waits for a sequence or for an exit by
time has something to come. Nobody waits for whoever must not be written to, nor for a customer at the
end of the process.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm import stages
from crm.models import Lead, Meeting
from mail.suppression import book_of
from process import outcomes
from process.definition import STAGES, Process
from process.models import Task
from sequences.models import Enrollment, Waiting
from sequences.refusals import OPEN
from workspace.zones import known

_AT_ONCE = 500


def leads(at: datetime, *, ahead: timedelta = timedelta()) -> list[Lead]:
    """Those who stand still at that moment, or will so long after, since nothing is to come."""
    process = outcomes.applied()
    if process is None:
        return []
    late = [lead for lead in _idle(process, at) if _is_over(process, lead, at + ahead)]
    suppressed, customers = book_of(late), _customers(late)
    return [lead for lead in late if lead.pk not in customers and not suppressed.of_lead(lead)]


def _idle(process: Process, at: datetime) -> QuerySet[Lead]:
    mine = OuterRef("pk")
    ahead = (
        Exists(Enrollment.objects.filter(lead=mine, status__in=OPEN))
        | Exists(Task.objects.filter(lead=mine, done_at=None))
        | Exists(Meeting.objects.filter(lead=mine, status="booked", starts_at__gt=at))
        | Exists(Waiting.objects.filter(lead=mine))
    )
    waits = Q(pk__in=())
    for stage, length in process.times:
        waits |= Q(stage=stage, stage_since__gt=at - length)
    placed = Lead.objects.filter(stage__in=STAGES, stage_since__isnull=False, deleted_at=None)
    found = placed.filter(do_not_contact=False).exclude(ahead).exclude(waits)
    return found.select_related("owner", "source").order_by("pk")


def _is_over(process: Process, lead: Lead, at: datetime) -> bool:
    stage = process.stage(lead.stage)
    if stage is None or lead.stage_since is None:
        return False
    return stage.service_level.after(lead.stage_since, known(lead.timezone)) <= at


def _customers(late: Sequence[Lead]) -> Collection[int]:
    """Of those at the end of the process, who has bought."""
    ids = [lead.pk for lead in late if lead.stage == STAGES[-1]]
    batches = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
    deals = (found for batch in batches for found in stages.bound_deals(batch).items())
    return {lead for lead, deal in deals if deal.is_won}
