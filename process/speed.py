"""How soon a lead was first touched after a rep got it, and whose time that was. Pure.

What waits for a person is human: a gate from its assignment to its end, and the task that became
the first touch. All else is the system's: windows, caps and waits of the sequence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: What begins the time, the better known first: an owner given here, one seen in the CRM, the sequence.
BEGINNINGS = ("assigned", "owner_seen", "enrolled")
#: Work that reaches the lead.
TOUCHING = frozenset({"call", "social", "email"})
Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Event:
    """An activity of the timeline, as far as it counts."""

    #: assigned, owner_seen, enrolled, email_sent, task_assigned, task_done, task_skipped
    kind: str
    at: datetime
    task: str = ""  #: which one; blank for anything else
    work: str = ""  #: its kind: call, research, ...
    gate: bool = False  #: the sequence waits for it


@dataclass(frozen=True, kw_only=True)
class Speed:
    lead: int
    since: datetime
    by: str  #: which of BEGINNINGS
    touched_at: datetime | None  #: None: not yet
    touch: str  #: email_sent, or the kind of task; blank: none yet
    system: timedelta
    human: timedelta

    @property
    def total(self) -> timedelta:
        return self.system + self.human


def measure(lead: int, events: Iterable[Event], now: datetime) -> Speed | None:
    """From assignment to first touch, till now for who was not touched; None for who has no start."""
    told = sorted(events, key=lambda event: event.at)
    begun = _beginning(told)
    if begun is None:
        return None
    touch = next((one for one in told if one.at >= begun.at and _touches(one)), None)
    until = touch.at if touch else now
    human = _length(_clipped(_waits(told, touch, now), begun.at, until))
    return Speed(
        lead=lead,
        since=begun.at,
        by=begun.kind,
        touched_at=touch.at if touch else None,
        touch=(touch.work or touch.kind) if touch else "",
        system=max(until - begun.at, timedelta(0)) - human,
        human=human,
    )


def _beginning(events: Sequence[Event]) -> Event | None:
    for kind in BEGINNINGS:
        for event in events:
            if event.kind == kind:
                return event
    return None


def _touches(event: Event) -> bool:
    return event.kind == "email_sent" or (event.kind == "task_done" and event.work in TOUCHING)


def _waits(events: Sequence[Event], touch: Event | None, now: datetime) -> Iterator[Span]:
    """The spans in which a person was waited for."""
    ended = {
        event.task: event.at for event in events if event.kind in {"task_done", "task_skipped"}
    }
    for event in events:
        if event.kind != "task_assigned":
            continue
        is_touch = event.task == touch.task if touch else event.work in TOUCHING
        if event.gate or is_touch:
            yield event.at, ended.get(event.task, now)


def _clipped(spans: Iterable[Span], since: datetime, until: datetime) -> Iterator[Span]:
    for start, end in spans:
        if start < until and end > since:
            yield max(start, since), min(end, until)


def _length(spans: Iterable[Span]) -> timedelta:
    """Together; what overlaps counts once."""
    total, counted = timedelta(0), None
    for start, end in sorted(spans):
        begin = start if counted is None else max(start, counted)
        total += max(end - begin, timedelta(0))
        counted = end if counted is None else max(counted, end)
    return total
