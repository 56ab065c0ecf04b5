"""What an edited definition means for the people who are in the sequence: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sequences.cadence import NO_WAY, State, Taken, passed_at
from sequences.definition import Sequence
from sequences.steps import BranchStep, everywhere
from sequences.task_step import TaskStep


@dataclass(frozen=True, kw_only=True)
class Move:
    """The place in the new version from which an enrollment goes on."""

    anchor: str  #: behind this step; blank: from the top
    anchored_at: datetime  #: waits count from here
    #: Branches whose ways stand elsewhere now, with the way that was taken.
    ways: Mapping[str, int]


def move(old: Sequence, new: Sequence, state: State, now: datetime) -> Move | None:
    """How an enrollment of `old` goes on in `new`; None while it stays where it is.

    It stays for good when the new version says that people finish, and until the step at hand is
    over (an email's outcome, an open gate) when it says that they move or restart.
    """
    if new.when_changed == "finish" or state.outstanding or _open_gate(old, state):
        return None
    ways = _ways(old, new, state.taken)
    if new.when_changed == "restart":
        return Move(anchor="", anchored_at=now, ways=ways)
    known = {step.id for _, step in everywhere(new.steps)}
    order = [step.id for _, step in everywhere(old.steps)]
    kept = [id_ for id_ in order if id_ in state.taken and id_ in known]
    steps = {step.id: step for _, step in everywhere(old.steps)}
    passed = (passed_at(steps.get(id_), taken) for id_, taken in state.taken.items())
    anchored_at = max(passed, default=state.anchored_at or state.started_at)
    anchor = max(
        kept, key=lambda id_: (state.taken[id_].at, order.index(id_)), default=state.anchor
    )
    return Move(anchor=anchor if anchor in known else "", anchored_at=anchored_at, ways=ways)


def moved(state: State, to: Move) -> State:
    """The state in which `decide` is asked of the new version."""
    taken = {
        id_: taken._replace(way=to.ways.get(id_, taken.way)) for id_, taken in state.taken.items()
    }
    return state._replace(taken=taken, anchor=to.anchor, anchored_at=to.anchored_at)


def _open_gate(old: Sequence, state: State) -> bool:
    for _, step in everywhere(old.steps):
        taken = state.taken.get(step.id)
        if isinstance(step, TaskStep) and step.gate and taken and taken.ended_at is None:
            return True
    return False


def _ways(old: Sequence, new: Sequence, taken: Mapping[str, Taken]) -> Mapping[str, int]:
    """A way is known by its condition: whoever took one goes on where that one stands now."""
    before = {step.id: step for _, step in everywhere(old.steps) if isinstance(step, BranchStep)}
    found = {}
    for _, step in everywhere(new.steps):
        if isinstance(step, BranchStep) and step.id in taken:
            way = taken[step.id].way
            conditions = [(way.when, way.percent) for way in step.branch]
            # A branch that the old version lacks was taken in an older one: nobody knows the way.
            known = step.id in before and way != NO_WAY
            was = before[step.id].branch[way] if known else None
            condition = (was.when, was.percent) if was else None
            found[step.id] = conditions.index(condition) if condition in conditions else NO_WAY
    return found
