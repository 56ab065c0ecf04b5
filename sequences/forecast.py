"""What comes of an enrollment when nobody does anything: `decide`, asked along the clock. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sequences.cadence import Decision, Send, State, Stop, Taken, Wait, after, decide
from sequences.definition import Sequence
from sequences.steps import everywhere

#: Each step is taken once, each wait is asked twice; the rest is a safety net.
_TURNS_PER_STEP = 4


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    at: datetime
    decision: Decision


def forecast(sequence: Sequence, state: State, now: datetime) -> Iterator[Foreseen]:
    """The steps to come with their moments, up to the end or to what only a person can open.

    Emails are taken to leave when they are due: caps and spacing of the mailbox come on top.
    """
    turns = _TURNS_PER_STEP * (1 + sum(1 for _ in everywhere(sequence.steps)))
    for _ in range(turns):
        decision = decide(sequence, state, now)
        if isinstance(decision, Wait):
            if decision.until is None:
                yield Foreseen(at=now, decision=decision)
                return
            now = decision.until
            continue
        yield Foreseen(at=now, decision=decision)
        if isinstance(decision, Stop):
            return
        if isinstance(decision, Send):
            taken = {**state.taken, decision.step.id: Taken(at=now)}
            state = state._replace(taken=taken, outstanding="")
        else:
            state = after(state, decision, now)
    raise AssertionError(f"{sequence.name} does not come to an end")
