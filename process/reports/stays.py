"""A lead's stays in the stages, from its moves. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from process.definition import STAGES
from process.reports.report import Scope
from process.reports.rows import Event, History

Way = Literal["outcome", "person", "time", "crm"]
#: As moves name it themselves -> ours; moves of earlier days tell it by their rule alone.
_WAYS: Mapping[str, Way] = {"rule": "outcome", "time": "time", "person": "person", "crm": "crm"}
MOVED = "stage_moved"
CLOSED = "deal_closed"
KINDS = frozenset({MOVED, CLOSED})
#: There is no stage after it.
OF_CUSTOMERS = STAGES[-1]


@dataclass(frozen=True, kw_only=True)
class Stay:
    lead: int
    owner: str
    timezone: str
    stage: str
    #: None: the lead was there already when we first saw it, and nobody told since when; moved or not.
    since: datetime | None
    #: It did not come by a move: it was there when we first saw it.
    found: bool
    again: bool  #: the lead had been there before
    until: datetime | None = None
    to: str = ""
    way: Way | None = None
    lost_at: datetime | None = None  #: its deal was lost there
    #: A deal was won there, or in the stay after it: a CRM may tell later.
    won_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.until is None and self.lost_at is None

    @property
    def is_forward(self) -> bool:
        """It ended in a later stage, or as the process has it; not by a loss, nor put aside."""
        is_onward = not self._is_earlier and not self._is_put_aside
        return self._has_moved_on and (self.way == "outcome" or is_onward)

    @property
    def went_on_at(self) -> datetime | None:
        """When it had ended so: who was put where customers are, only once a deal was won."""
        if not self.is_forward or self.until is None:
            return None
        if self.to != OF_CUSTOMERS or self.way == "outcome" or self.won_at is None:
            return self.until
        return max(self.until, self.won_at)

    @property
    def is_back(self) -> bool:
        return self._has_moved_on and self.way != "outcome" and self._is_earlier

    @property
    def _has_moved_on(self) -> bool:
        return self.until is not None and self.lost_at is None

    @property
    def _is_put_aside(self) -> bool:
        """Whom somebody puts there without having sold anything came to nothing."""
        return self.to == OF_CUSTOMERS and self.won_at is None

    @property
    def _is_earlier(self) -> bool:
        return _place(self.to) <= _place(self.stage)


def stays(history: History) -> Iterator[Stay]:
    """In their order; whatever the events say, the last one is where the lead is now."""
    person = history.person
    moves = [event for event in history.events if event.kind == MOVED]
    if not moves:
        if person.stage:
            yield _stay(history, person.stage, None, found=True)
        return
    seen: set[str] = set()
    if first := str(moves[0].data.get("from") or ""):
        seen.add(first)
        yield _stay(history, first, None, found=True, moves=moves)
    for number, move in enumerate(moves, start=1):
        stage = str(move.data["to"])
        yield _stay(history, stage, was_at(move), again=stage in seen, moves=moves[number:])
        seen.add(stage)


def began(stay: Stay, scope: Scope) -> bool:
    """In the period; what nobody knows the beginning of began before any."""
    if stay.since is None:
        return scope.since is None
    return scope.covers(stay.since)


def way_of(data: Mapping[str, Any]) -> Way:
    """Who moved the lead: the process by an outcome or by the time, a person here, or in the CRM."""
    rule = (data.get("because") or {}).get("rule")
    told: Way = "crm" if rule == "moved in the CRM" else "outcome"
    return _WAYS.get(str(data.get("by")), told)


def was_at(event: Event) -> datetime:
    """When it was: of what was done in the CRM that is not when we saw it."""
    told = event.data.get("at")
    return datetime.fromisoformat(str(told)) if told else event.at


def _stay(
    history: History,
    stage: str,
    since: datetime | None,
    *,
    found: bool = False,
    again: bool = False,
    moves: Sequence[Event] = (),
) -> Stay:
    """`moves` are those that came after it: the first one ended it."""
    person = history.person
    move = moves[0] if moves else None
    later = moves[1] if len(moves) > 1 else None
    return Stay(
        lead=person.lead,
        owner=person.owner,
        timezone=person.timezone,
        stage=stage,
        since=since,
        found=found,
        again=again,
        until=was_at(move) if move else None,
        to=str(move.data["to"]) if move else "",
        way=way_of(move.data) if move else None,
        # A CRM that tells of a loss moves the lead at that moment, so the end belongs to the stay.
        lost_at=_closed_at(history.events, since, move, won=False),
        won_at=_closed_at(history.events, since, later, won=True),
    )


def _closed_at(
    events: Sequence[Event], since: datetime | None, until: Event | None, *, won: bool
) -> datetime | None:
    """The first time that a deal was won, or lost; `until` is the move that ended it."""
    for event in events:
        at = was_at(event)
        has_begun = since is None or since < at
        is_asked = event.kind == CLOSED and bool(event.data.get("won")) == won
        if is_asked and has_begun and (until is None or at <= was_at(until)):
            return at
    return None


def _place(stage: str) -> int:
    return next((place for place, name in enumerate(STAGES) if name == stage), len(STAGES))
