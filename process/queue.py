"""In which order a rep's tasks are to be done, and why. Pure.

By service level, then by value: a task counts by the whole days for which its deadline is over, so
that nothing waits for ever behind what is worth more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

_DAY = timedelta(days=1)
_UNITS = {"day": _DAY, "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An open task, as far as its place hangs on it."""

    id: int
    created_at: datetime
    due_at: datetime | None = None
    stage: str = ""  #: of its lead
    stage_until: datetime | None = None  #: when the stage's service level ends
    amount: Decimal | None = None  #: of the lead's open deal
    score: float | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    task: int
    deadline: datetime
    because: tuple[str, ...]


def order(tasks: Iterable[Waiting], now: datetime) -> list[Place]:
    """The most urgent first."""
    return [
        Place(task=task.id, deadline=_deadline(task), because=tuple(_because(task, now)))
        for task in sorted(tasks, key=lambda task: _urgency(task, now))
    ]


def _urgency(task: Waiting, now: datetime) -> tuple[object, ...]:
    deadline = _deadline(task)
    late = (now - deadline) // _DAY
    return -late, -(task.amount or 0), -(task.score or 0), deadline, task.id


def _deadline(task: Waiting) -> datetime:
    """What nobody gave a time is due from when it was made."""
    due_at = task.due_at or task.created_at
    return min(due_at, task.stage_until) if task.stage_until else due_at


def _because(task: Waiting, now: datetime) -> Iterator[str]:
    due_at = task.due_at or task.created_at
    if task.stage_until is not None and task.stage_until < due_at:
        yield f"service level of {task.stage} {_told(task.stage_until, now, 'ended', 'ends')}"
    else:
        yield _told(due_at, now, "was due", "is due")
    if task.amount:
        yield f"deal of {task.amount:,.0f}"
    if task.score is not None:
        yield f"score {task.score:g}"


def _told(moment: datetime, now: datetime, past: str, ahead: str) -> str:
    apart = abs(now - moment)
    name = next((name for name, unit in _UNITS.items() if apart >= unit), "minute")
    count = apart // _UNITS[name]
    amount = f"{count} {name}{'' if count == 1 else 's'}"
    return f"{past} {amount} ago" if moment <= now else f"{ahead} in {amount}"
