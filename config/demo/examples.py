"""Leads worth looking at when the demo is over: those in most stages of which something was done."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from crm.models import Activity
from process.definition import STAGES
from sequences import versions
from sequences.models import Enrollment

#: What a tactic comes to on a timeline.
_DONE = frozenset({"called", "email_sent", "meeting_held", "crm_meeting_held", "task_done"})
_MOVED = "stage_moved"


@dataclass(frozen=True, kw_only=True)
class Example:
    outcome: str  #: won | lost
    lead: int
    #: Stages of which a tactic is on its timeline.
    stages: int


def found() -> list[Example]:
    """One for each outcome that a deal had."""
    return [best for outcome in ("won", "lost") if (best := _best(outcome)) is not None]


def _best(outcome: str) -> Example | None:
    closed = Activity.objects.filter(kind="deal_closed", data__won=outcome == "won")
    leads = set(closed.exclude(lead=None).values_list("lead", flat=True))
    worked = {lead: len(stages) for lead, stages in _worked(leads).items()}
    lead = max(worked, key=lambda one: (worked[one], -one), default=None)
    return None if lead is None else Example(outcome=outcome, lead=lead, stages=worked[lead])


def _worked(leads: Collection[int]) -> Mapping[int, Collection[str]]:
    """Lead -> the stages in which something was done with it, or by whose sequence."""
    stage_of = {one.sequence: versions.definition_of(one).stage for one in versions.active()}
    entered = Enrollment.objects.filter(lead__in=leads).values_list("pk", "sequence")
    by_enrollment = {pk: stage_of.get(sequence, "") for pk, sequence in entered}
    rows = Activity.objects.filter(lead__in=leads, kind__in=_DONE | {_MOVED})
    told = rows.order_by("lead", "occurred_at", "pk").values_list(
        "lead", "kind", "data", "enrollment_id", "lead__stage"
    )
    return {
        lead: {*_stages(list(mine), by_enrollment)}.intersection(STAGES)
        for lead, mine in groupby(told, key=lambda row: row[0])
    }


def _stages(
    told: list[tuple[int, str, dict[str, str], int | None, str]], by_enrollment: Mapping[int, str]
) -> Iterator[str]:
    was_done = False
    for _, kind, data, enrollment, _ in told:
        if kind == _MOVED:
            if was_done:
                yield data["from"]
            was_done = False
        else:
            was_done = True
            yield by_enrollment.get(enrollment or 0, "")
    if was_done:
        yield told[-1][-1]
