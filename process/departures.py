"""Whom the exits of process.yaml, as it is written now, would move once it is applied. Writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from crm import stages
from crm.facts import context
from crm.models import Deal, Lead
from process import outcomes, timing
from process.definition import Process
from process.exits import TIME_PASSED, Standing
from process.models import HeldMove
from runtime import clock

#: Leads are looked at in pages of this size.
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A lead's move by the first exit that fits, which waits while facts are missing."""

    lead: Lead
    to: str
    because: Mapping[str, object]
    missing: tuple[str, ...]


def foreseen(process: Process) -> Iterator[Departure]:
    """By time and by condition, and then who waits for facts that are not required any more.

    What waits for an event moves nobody at apply.
    """
    until = timing.timed_until() if outcomes.is_at_work(process) else None
    held = {one.lead_id: one for one in HeldMove.objects.all()}
    for lead, place in _placed(timing.due(process, until, clock.now())):
        found = _let_go(process, lead, place, held.pop(lead.pk, None))
        found = found or _by_exit(process, lead, place)
        if found is not None:
            yield found
    waiting = Lead.objects.filter(heldmove__isnull=False, deleted_at=None)
    for lead, place in _placed(waiting.order_by("heldmove")):
        found = _let_go(process, lead, place, held.get(lead.pk))
        if found is not None:
            yield found


def _let_go(
    process: Process, lead: Lead, place: Standing, held: HeldMove | None
) -> Departure | None:
    is_here = held is not None and held.from_stage == lead.stage
    if held is None or not is_here or process.missing(held.to_stage, place.facts):
        return None
    return Departure(lead=lead, to=held.to_stage, because=held.because, missing=())


def _by_exit(process: Process, lead: Lead, place: Standing) -> Departure | None:
    way = process.way_out(place, TIME_PASSED)
    if way is None:
        return None
    missing = tuple(process.missing(way.to, place.facts))
    return Departure(lead=lead, to=way.to, because=way.because, missing=missing)


def _placed(leads: QuerySet[Lead]) -> Iterator[tuple[Lead, Standing]]:
    rows = leads.select_related("company", "owner").iterator(PAGE)
    while page := list(islice(rows, PAGE)):
        ids = [lead.pk for lead in page]
        deals, put_here = stages.bound_deals(ids), stages.put_here_from(ids)
        for lead in page:
            yield lead, _standing(lead, deals.get(lead.pk), put_here.get(lead.pk, ""))


def _standing(lead: Lead, deal: Deal | None, put_here_from: str) -> Standing:
    return Standing(
        stage=lead.stage,
        since=lead.stage_since,
        now=clock.now(),
        facts=lambda: context(lead, deal),
        put_here_from=lambda: put_here_from,
    )
