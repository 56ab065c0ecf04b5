"""Which parts of a sequence its tests have walked."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sequences.cadence import NO_WAY
from sequences.definition import Sequence as Definition
from sequences.email_step import EmailStep
from sequences.steps import (
    BranchStep,
    EnrollStep,
    GoalStep,
    Step,
    StopStep,
    UpdateStep,
    Way,
    everywhere,
)
from sequences.task_step import TaskStep


@dataclass(frozen=True, kw_only=True)
class Part:
    """A step, a way of a branch or of a gate, an exit, a goal, or what an answer starts."""

    key: str
    told: str
    place: str  #: file:line


@dataclass(frozen=True, kw_only=True)
class Coverage:
    sequence: str
    parts: Sequence[Part]
    never: Sequence[Part]

    @property
    def walked(self) -> int:
        return len(self.parts) - len(self.never)

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all of them."""
        return 100 * self.walked // len(self.parts)


def coverage(sequence: Definition, walked: Collection[str]) -> Coverage:
    parts = list(_parts(sequence))
    never = [part for part in parts if part.key not in walked]
    return Coverage(sequence=sequence.name, parts=parts, never=never)


def _parts(sequence: Definition) -> Iterator[Part]:
    """A wait is walked with the step behind it."""
    for number, rule in enumerate(sequence.exit):
        yield _part(sequence, f"exit.{number}", f"exit {rule}")
    for answer in sequence.on_reply:
        yield _part(sequence, f"on_reply.{answer}", f"on_reply {answer}")
    for _, step in everywhere(sequence.steps):
        for key, told in _ways_through(step):
            yield _part(sequence, key, told, at=step.id)


def _part(sequence: Definition, key: str, told: str, *, at: str = "") -> Part:
    return Part(key=key, told=told, place=sequence.place(key) or sequence.place(at))


def _ways_through(step: Step) -> Iterator[tuple[str, str]]:
    match step:
        case GoalStep():
            yield step.id, f"goal {step.id}"
        case EmailStep() | UpdateStep() | EnrollStep() | StopStep():
            yield step.id, step.id
        case TaskStep():
            yield step.id, step.id
            if step.gate:
                yield f"{step.id}.done", f"{step.id}, done in time"
                yield f"{step.id}.skipped", f"{step.id}, skipped"
            for name in step.on_disposition:
                yield f"{step.id}.{name}", f"{step.id}: {name}"
        case BranchStep():
            for number, way in enumerate(step.branch):
                yield f"{step.id}.{number}", f"{step.id}: {_condition(way)}"
            if not step.is_exhaustive:
                yield f"{step.id}.{NO_WAY}", f"{step.id}: none of its ways"


def _condition(way: Way) -> str:
    if way.is_for_all:
        return "all others"
    return way.when or f"{way.percent} percent"
