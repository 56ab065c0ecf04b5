"""Whom the exits of process.yaml, as it is written now, would move once it is applied. Writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from crm import stages
from crm.facts import context
from crm.models import Deal, Lead
from process import outcomes, timing
from process.definition import Process
from process.exits import TIME_PASSED, Standing
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
    """By time and by condition; what waits for an event moves nobody at apply."""
    until = timing.timed_until() if outcomes.is_at_work(process) else None
    asked = timing.due(process, until, clock.now())
    rows = asked.select_related("company", "owner").iterator(PAGE)
    while page := list(islice(rows, PAGE)):
        ids = [lead.pk for lead in page]
        deals, put_here = stages.bound_deals(ids), stages.put_here_from(ids)
        for lead in page:
            place = _standing(lead, deals.get(lead.pk), put_here.get(lead.pk, ""))
            way = process.way_out(place, TIME_PASSED)
            if way is not None:
                missing = process.missing(way.to, place.facts)
                yield Departure(lead=lead, to=way.to, because=way.because, missing=tuple(missing))


def _standing(lead: Lead, deal: Deal | None, put_here_from: str) -> Standing:
    return Standing(
        stage=lead.stage,
        since=lead.stage_since,
        now=clock.now(),
        facts=lambda: context(lead, deal),
        put_here_from=lambda: put_here_from,
    )
