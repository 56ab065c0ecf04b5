"""What comes next for an enrollment, and why. Pure: production, simulation and explanation share it.

Walks the steps in order. A wait is not an event: it moves forward the moment from which the next
step may be taken. Emails leave inside the send window, spread by a jitter that is a hash of the
enrollment and the step, so that a simulation and production agree to the minute.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mail.window import next_open
from sequences.definition import EmailStep, Sequence, TaskStep, WaitStep
from workspace.expressions import evaluate

Because = Mapping[str, object]
#: Emails that would leave at one moment are spread over this much of the window.
JITTER = timedelta(hours=3)
JITTER_STEP = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class State:
    """What `decide` may know of an enrollment."""

    enrollment_id: int
    started_at: datetime
    timezone: str
    #: Step id -> when it was taken (an email: when it left).
    taken: Mapping[str, datetime]
    #: The step whose email is queued, on its way or unconfirmed.
    outstanding: str = ""
    #: What expressions may read, see crm.facts.
    facts: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Send:
    step: EmailStep
    because: Because


@dataclass(frozen=True, kw_only=True)
class Assign:
    step: TaskStep
    due_at: datetime
    because: Because


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nothing to do before `until`; None: until the outstanding email's outcome is known."""

    until: datetime | None
    because: Because


@dataclass(frozen=True, kw_only=True)
class Stop:
    #: "finished" when every step was taken, else the exit criterion.
    reason: str
    because: Because


Decision = Send | Assign | Wait | Stop


def decide(sequence: Sequence, state: State, now: datetime) -> Decision:
    """The next thing to do at `now`."""
    for number, criterion in enumerate(sequence.exit):
        if evaluate(criterion, state.facts):
            return Stop(reason="exit", because=_because(sequence, exit=number, rule=criterion))
    if state.outstanding:
        return Wait(until=None, because=_because(sequence, step=state.outstanding, rule="outcome"))
    ready_at = state.started_at
    for step in sequence.steps:
        if isinstance(step, WaitStep):
            ready_at = step.wait.after(ready_at, state.timezone)
        elif step.id in state.taken:
            ready_at = state.taken[step.id]
        else:
            return _take(sequence, step, state, ready_at, now)
    if now < ready_at:
        return Wait(until=ready_at, because=_because(sequence, rule="last wait"))
    return Stop(reason="finished", because=_because(sequence, rule="every step was taken"))


def _take(
    sequence: Sequence,
    step: EmailStep | TaskStep,
    state: State,
    ready_at: datetime,
    now: datetime,
) -> Decision:
    because = _because(sequence, step=step.id, ready_at=ready_at.isoformat())
    if isinstance(step, EmailStep):
        jitter = _jitter(state.enrollment_id, step.id)
        window = window_of(sequence)
        due_at = next_open(window, state.timezone, _next_mark(ready_at + jitter))
        if due_at < now:  # overdue, after downtime or a late answer: the window holds all the same
            due_at = next_open(window, state.timezone, now)
    else:
        due_at = ready_at
    if now < due_at:
        return Wait(until=due_at, because={**because, "rule": "send window"})
    if isinstance(step, EmailStep):
        return Send(step=step, because={**because, "rule": "due"})
    return Assign(
        step=step,
        due_at=step.due.after(now, state.timezone),
        because={**because, "rule": "due"},
    )


def window_of(sequence: Sequence) -> Mapping[str, object]:
    """The send window as mail.window reads it: days, from, to."""
    return sequence.window.model_dump(mode="json", by_alias=True)


def _jitter(enrollment_id: int, step_id: str) -> timedelta:
    digest = hashlib.sha256(f"{enrollment_id}:{step_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (JITTER // JITTER_STEP) * JITTER_STEP


def _next_mark(moment: datetime) -> datetime:
    """The next quarter hour: emails that become due together are decided and sent together."""
    into = timedelta(seconds=moment.timestamp() % JITTER_STEP.total_seconds())
    return moment + (JITTER_STEP - into) if into else moment


def _because(sequence: Sequence, **values: object) -> Because:
    return {"sequence": sequence.name, **values}
