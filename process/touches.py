"""The touches to come of whoever a plan enrolls, when nobody answers and the mailbox is free."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm import facts
from mail import invited
from runtime import clock
from sequences.cadence import Assign, Send, State
from sequences.definition import Sequence as Definition
from sequences.forecast import Foreseen, forecast
from sequences.refusals import Candidate
from sequences.whereabouts import Because


@dataclass(frozen=True, kw_only=True)
class Touch:
    """A step to come of one lead, when nobody answers and the mailbox is free."""

    at: datetime
    kind: str  #: email | task
    what: str  #: the template, or the kind of task
    step: str
    #: Why it would fail then, by the facts as they are now; blank: nothing speaks against it.
    problem: str = ""


def foreseen(
    definition: Definition,
    candidates: Sequence[Candidate],
    places: Mapping[int, Mapping[str, Because]],
) -> Iterator[tuple[int, list[Touch]]]:
    """As `decide` foresees them from now on; a throttle lets some begin later."""
    now = clock.now()
    for candidate in candidates:
        timezone = str(places[candidate.lead.pk]["timezone"]["zone"])
        state = _beginning(candidate, timezone, now)
        found = (_touch(one, state.facts) for one in forecast(definition, state, now))
        yield candidate.lead.pk, [touch for touch in found if touch is not None]


def _touch(foreseen: Foreseen, known: Mapping[str, object]) -> Touch | None:
    at, decision = foreseen.at, foreseen.decision
    if isinstance(decision, Assign):
        return Touch(at=at, kind="task", what=decision.step.task, step=decision.step.id)
    if not isinstance(decision, Send):
        return None
    invite = decision.step.invite
    problem = invited.problem(invite.plain(), known, now=at) if invite else ""
    step = decision.step.id
    return Touch(at=at, kind="email", what=decision.template, step=step, problem=problem)


def _beginning(candidate: Candidate, timezone: str, now: datetime) -> State:
    lead = candidate.lead
    return State(
        lead_id=lead.pk,
        unit=f"company {lead.company_id}" if lead.company_id else "",
        started_at=now,
        timezone=timezone,
        taken={},
        facts={**facts.context(lead, candidate.deal), "event": {}},
    )
