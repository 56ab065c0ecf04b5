"""What comes next for an enrollment, and why. Pure: production, simulation and explanation share it.

Walks the steps in order. A wait is no event: it moves forward the moment from which the next step
may be taken. Emails leave inside the send window, spread by a jitter that is a hash of the lead and
the step, so that a simulation and production agree to the minute.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mail.window import next_open
from sequences.definition import Sequence
from sequences.email_step import EmailStep
from sequences.moments import moment_of
from sequences.steps import (
    BranchStep,
    EnrollStep,
    GoalStep,
    Step,
    Steps,
    StopStep,
    UpdateStep,
    WaitStep,
    behind,
)
from sequences.task_step import TaskStep
from workspace.durations import Duration
from workspace.expressions import evaluate

Because = Mapping[str, object]
#: Emails that would leave at one moment are spread over this much of the window.
JITTER = timedelta(hours=3)
JITTER_STEP = timedelta(minutes=15)
_JITTERS = tuple(number * JITTER_STEP for number in range(JITTER // JITTER_STEP))
#: So long after it was ready an email has come to its mark, however it was drawn.
_SPREAD_OVER = JITTER + JITTER_STEP
_A_MARK = datetime(1970, 1, 1, tzinfo=UTC)
#: A gate that says nothing else is passed after so long: nobody is held for ever.
PATIENCE = Duration(amount=20, unit="business day")
#: Ends after which the rules are asked again; the others come with an event of their own, or from a
#: person, who may not want the lead to go on.
RAN_ITS_COURSE = frozenset({"finished", "goal", "exit"})
#: So many enrollments are decided at once. What is noted of them follows in an order that depends on
#: it, so a simulation takes as many.
BATCH = 500
#: A wait is for a moment of which the lead's facts do not tell: a meeting that was called off.
NO_MOMENT = "nothing to wait for"
#: The way of a branch none of whose conditions was met.
NO_WAY = -1


class Taken(NamedTuple):
    """A step that was taken; a tuple, since a tick reads thousands."""

    at: datetime  #: of an email: when it left
    way: int = NO_WAY  #: of a branch: which of its ways
    ended_at: datetime | None = None  #: of a task: when it was done or skipped
    disposition: str = ""  #: of a task: how it turned out


class State(NamedTuple):
    """What `decide` may know of an enrollment; a tuple as well."""

    lead_id: int
    started_at: datetime
    timezone: str
    #: By step id.
    taken: Mapping[str, Taken]
    #: What expressions may read, see crm.facts.
    facts: Mapping[str, object]
    #: Who get the same variant: a company's people, or the lead alone.
    unit: str = ""
    #: The step whose email is queued, on its way or unconfirmed.
    outstanding: str = ""
    #: The rep does not work there any more.
    owner_gone: bool = False
    #: After a move to another version: the steps behind this one, and the moment they follow.
    anchor: str = ""
    anchored_at: datetime | None = None


_TAKEN = State._fields.index("taken")


class Send(NamedTuple):  # as most decisions a tuple, which is made in half the time
    step: EmailStep
    template: str  #: the variant
    because: Because


class Assign(NamedTuple):
    step: TaskStep
    due_at: datetime
    because: Because


class Skip(NamedTuple):
    """Nobody opened a gate in time."""

    step: TaskStep
    because: Because


class Miss(NamedTuple):
    """An email is of no use any more once it could leave: it is passed over."""

    step: EmailStep
    because: Because


class Branch(NamedTuple):
    step: BranchStep
    way: int  #: NO_WAY: none of them
    because: Because


class Update(NamedTuple):
    step: UpdateStep
    because: Because


@dataclass(slots=True, unsafe_hash=True)  # frozen, it is made in thrice the time
class Wait:
    """Nothing to do before `until`; None: until the outstanding email's outcome is known."""

    until: datetime | None
    #: Tells why, when somebody asks: a tick lets most people wait and asks for none of them.
    why: Callable[[], Because] = field(compare=False)

    @property
    def because(self) -> Because:
        return self.why()


class Stop(NamedTuple):
    """The enrollment ends: "finished" when every step was taken or the goal is reached."""

    #: finished | goal | exit | owner gone | enrolled elsewhere | a stop step's own words
    reason: str
    because: Because
    #: The sequence that takes over.
    enroll: str = ""

    @property
    def is_finish(self) -> bool:
        return self.reason in {"finished", "goal"} or bool(self.enroll)


Decision = Send | Assign | Skip | Miss | Branch | Update | Wait | Stop


def decide(sequence: Sequence, state: State, now: datetime) -> Decision:
    """The next thing to do at `now`."""
    return leaves(sequence, state) or next_step(sequence, state, now)


def next_step(  # noqa: PLR0911 - one for each kind of decision
    sequence: Sequence, state: State, now: datetime
) -> Decision:
    """The same for somebody of whom it is known that nothing makes it leave."""
    if step_id := state.outstanding:
        return Wait(until=None, why=lambda: _because(sequence, step_id, "outcome", step=step_id))
    ready_at = state.anchored_at or state.started_at
    unknown: Step | None = None  # a wait for a moment that there is not
    ahead = behind(sequence.steps, state.anchor)
    for step in _walk(ahead, state.taken) if sequence.has_branches else ahead:
        # By type: `isinstance` goes through pydantic's metaclass, for each step of everybody.
        if type(step) is WaitStep or type(step) is GoalStep:
            waited = _waited(step, ready_at, state)
            unknown, ready_at = (step, ready_at) if waited is None else (unknown, waited)
            continue
        taken = state.taken.get(step.id)
        if taken is None:
            if unknown is not None:
                return _nothing_to_wait_for(sequence, unknown)
            return _take(sequence, step, state, ready_at, now)
        if type(step) is TaskStep and step.gate and taken.ended_at is None:
            return _gate(sequence, step, taken, state, now)
        unknown, ready_at = None, max(ready_at, passed_at(step, taken))
    if unknown is not None:
        return _nothing_to_wait_for(sequence, unknown)
    if now < ready_at:
        return Wait(until=ready_at, why=lambda: _because(sequence, "steps", "last wait"))
    because = _because(sequence, "steps", "every step was taken")
    return Stop(reason="finished", because=because)


def after(state: State, decision: Assign | Skip | Miss | Branch | Update, now: datetime) -> State:
    """The state in which `decide` is asked next, once that step is taken."""
    step_id = decision.step.id
    if isinstance(decision, Skip):
        taken = state.taken[step_id]._replace(ended_at=now)
    else:
        taken = Taken(now, decision.way if isinstance(decision, Branch) else NO_WAY)
    known = {**state.taken, step_id: taken}
    return State._make((*state[:_TAKEN], known, *state[_TAKEN + 1 :]))


def leaves(sequence: Sequence, state: State) -> Stop | None:
    """Why somebody leaves before the last step: an exit, a goal, or a rep who is gone."""
    if state.owner_gone:
        return Stop(reason="owner gone", because=_because(sequence, "", "owner gone"))
    for is_met in sequence.exits:
        if is_met(state.facts):
            number = sequence.exits.index(is_met)
            because = _because(sequence, f"exit.{number}", sequence.exit[number], exit=number)
            return Stop(reason="exit", because=because)
    for step in sequence.goals:
        if evaluate(step.goal, state.facts):
            because = _because(sequence, step.id, step.goal, step=step.id)
            return Stop(reason="goal", because=because)
    return None


def passed_at(step: Step | None, taken: Taken) -> datetime:
    """When a step that was taken let the next one come."""
    held = type(step) is TaskStep and step.gate
    return taken.ended_at or taken.at if held else taken.at


def variant(sequence: Sequence, step: EmailStep, unit: str) -> str:
    """The template for this company or lead: the same one whenever it is asked."""
    if len(step.email) == 1:
        return next(iter(step.email))
    drawn = _share(f"{sequence.name}:{step.id}:{unit}")
    return next(name for name, until in step.shares if drawn < until)


def _walk(steps: Steps, taken: Mapping[str, Taken]) -> Iterator[Step]:
    """The steps in order, on the ways that were taken at the branches."""
    for step in steps:
        yield step
        if type(step) is BranchStep and step.id in taken:
            way = taken[step.id].way
            if 0 <= way < len(step.branch):
                yield from _walk(step.branch[way].steps, taken)


def _waited(step: WaitStep | GoalStep, ready_at: datetime, state: State) -> datetime | None:
    """When the wait is over; None where it is for a moment of which the facts do not tell."""
    wait = step.wait if isinstance(step, WaitStep) else step.within
    if isinstance(wait, Duration):
        return wait.after(ready_at, state.timezone)
    if wait is None:
        return ready_at
    moment = wait.moment(state.facts, state.timezone)
    return moment and max(ready_at, moment)


def _nothing_to_wait_for(sequence: Sequence, step: Step) -> Stop:
    return Stop(
        reason=NO_MOMENT, because=_because(sequence, step.id, "no such moment", step=step.id)
    )


def _gate(
    sequence: Sequence, step: TaskStep, taken: Taken, state: State, now: datetime
) -> Decision:
    because = _because(sequence, step.id, "gate", step=step.id)
    skip_at = (step.skip_after or PATIENCE).after(taken.at, state.timezone)
    if now < skip_at:
        return Wait(until=skip_at, why=lambda: because)
    return Skip(step=step, because={**because, "rule": "skip_after"})


def _take(
    sequence: Sequence, step: Step, state: State, ready_at: datetime, now: datetime
) -> Decision:
    """Of a step whose turn has come, or comes at `ready_at`."""
    if type(step) is EmailStep:
        return _email(sequence, step, state, ready_at, now)
    if now < ready_at:
        return Wait(ready_at, lambda: _told(sequence, step, "wait", ready_at))
    match step:
        case TaskStep():
            due_at = step.due.after(now, state.timezone)
            return Assign(step, due_at, _told(sequence, step, "due", ready_at))
        case BranchStep():
            return _branch(sequence, step, state, ready_at)
        case UpdateStep():
            return Update(step, _told(sequence, step, "due", ready_at))
        case EnrollStep() | StopStep():
            return _stop(sequence, step, ready_at)
    raise AssertionError(f"{step.id} is passed, not taken")


def _email(
    sequence: Sequence, step: EmailStep, state: State, ready_at: datetime, now: datetime
) -> Decision:
    if step.before is not None and now < ready_at:  # it may be moved until then
        return Wait(ready_at, lambda: _told(sequence, step, "wait", ready_at))
    window, zone = sequence.window_for(state.facts), state.timezone
    # When overdue, after downtime or a late answer, the window holds all the same.
    due_at = next_open(window, zone, max(_spread(sequence, step, state, ready_at, now), now))
    if step.before is not None:
        limit = moment_of(step.before, state.facts)
        if limit is None or limit <= due_at:
            due_at = next_open(window, zone, now)  # without a spread
        if limit is None or limit <= due_at:
            return Miss(step, _told(sequence, step, "too late", ready_at))
    if now < due_at:
        return Wait(due_at, lambda: _told(sequence, step, "send window", ready_at))
    template = variant(sequence, step, state.unit or f"lead {state.lead_id}")
    about = {"variant": template} if len(step.email) > 1 else {}
    return Send(step, template, _told(sequence, step, "due", ready_at, **about))


def _branch(sequence: Sequence, step: BranchStep, state: State, ready_at: datetime) -> Branch:
    drawn = 100 * _share(f"{sequence.name}:{step.id}:{state.lead_id}")
    share = 0
    for number, way in enumerate(step.branch):
        share += way.percent or 0
        if way.when is None:
            met, rule = way.percent is None or drawn < share, f"{way.percent} percent"
        else:
            met, rule = evaluate(way.when, state.facts), way.when
        if met:
            rule = "all others" if way.is_for_all else rule
            return Branch(step, number, _told(sequence, step, rule, ready_at, way=number))
    because = _told(sequence, step, "no way's condition is met", ready_at)
    return Branch(step, NO_WAY, because)


def _stop(sequence: Sequence, step: EnrollStep | StopStep, ready_at: datetime) -> Stop:
    if isinstance(step, StopStep):
        return Stop(step.stop, _told(sequence, step, "stop", ready_at))
    because = _told(sequence, step, "enroll", ready_at)
    return Stop(f"enrolled in {step.enroll}", because, enroll=step.enroll)


def _told(
    sequence: Sequence, step: Step, rule: str, ready_at: datetime, **values: object
) -> Because:
    step_id = step.id
    told = {"sequence": sequence.name, "rule": rule, "step": step_id}
    return _placed(sequence, step_id, {**told, "ready_at": ready_at.isoformat(), **values})


def _spread(
    sequence: Sequence, step: EmailStep, state: State, ready_at: datetime, now: datetime
) -> datetime:
    """When an email would leave were there no window; of one long overdue it does not matter."""
    if ready_at + _SPREAD_OVER <= now:
        return now
    return _next_mark(ready_at + _jitter(f"{sequence.name}:{state.lead_id}:{step.id}"))


def _jitter(key: str) -> timedelta:
    return _JITTERS[_hash(key) % len(_JITTERS)]


def _share(key: str) -> float:
    """A number in [0, 1) that is always the same for the same key."""
    return _hash(key) / 2**32


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")


def _next_mark(moment: datetime) -> datetime:
    """The next quarter hour: emails that become due together are decided and sent together."""
    return moment + (_A_MARK - moment) % JITTER_STEP


def _because(sequence: Sequence, part: str, rule: str, **values: object) -> Because:
    """The rule, and where it is written when that is known."""
    return _placed(sequence, part, {"sequence": sequence.name, "rule": rule, **values})


def _placed(sequence: Sequence, part: str, told: dict[str, object]) -> Because:
    if place := sequence.place(part):
        told["at"] = place
    return told
