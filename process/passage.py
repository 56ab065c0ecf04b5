"""A lead's way through the stages: how long it stayed in each, who moved it on, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm.models import Lead, StageMove
from process.definition import STAGES
from runtime import clock
from workspace.counts import counted
from workspace.wording import moment

_WHO = {StageMove.By.RULE: "a rule", StageMove.By.TIME: "time"}


@dataclass(frozen=True, kw_only=True)
class Stay:
    """From one move to the next; `move` began it, and there is none for the first stage."""

    stage: str
    move: StageMove | None
    until: datetime

    @property
    def length(self) -> timedelta | None:
        return self.until - self.move.at if self.move else None

    @property
    def is_regression(self) -> bool:
        return self.move is not None and is_backwards(self.move.from_stage, self.move.to_stage)


def is_backwards(before: str, after: str) -> bool:
    known: dict[str, int] = {name: number for number, name in enumerate(STAGES)}
    return known.get(after, len(STAGES)) < known.get(before, -1)


def stays(lead: Lead) -> Sequence[Stay]:
    moves = list(StageMove.objects.filter(lead=lead).order_by("at", "pk"))
    ends = [*(move.at for move in moves), clock.now()]
    began: list[StageMove | None] = [None, *moves]
    names = [moves[0].from_stage if moves else lead.stage, *(move.to_stage for move in moves)]
    found = zip(names, began, ends, strict=True)
    return [Stay(stage=name, move=move, until=end) for name, move, end in found if name]


def told(lead: Lead, place: ZoneInfo) -> Iterator[str]:
    """Lines for people, moments by the clock of a place."""
    found = stays(lead)
    yield f"stages (times in {place.key}):" if found else "stages: none"
    for stay in found:
        yield f"  {_line(stay, place, is_last=stay is found[-1])}"


def _line(stay: Stay, place: ZoneInfo, *, is_last: bool) -> str:
    move, length = stay.move, stay.length
    if move is None or length is None:
        ended = "never moved" if is_last else f"until {moment(stay.until, place)}"
        return f"{stay.stage}, as first seen, {ended}"
    by = _WHO.get(StageMove.By(move.by), move.who or move.by)
    notes = ["back"] * stay.is_regression + ["out of order"] * move.out_of_order
    reason = move.because.get("why") or move.because.get("rule", "")
    if told := ", ".join(_details(move)):
        reason = f"{reason} ({told})"
    at = f" [{move.because['at']}]" if move.because.get("at") else ""
    words = [moment(move.at, place), stay.stage, f"by {by}: {reason}{at}", *notes]
    return f"{', '.join(words)}; {counted(length.days, 'day')}"


def _details(move: StageMove) -> Iterator[str]:
    """Of a deal that made a rule move the lead: who brought it there, and why it was lost."""
    if who := move.because.get("who"):
        yield str(who)
    if lost := move.because.get("lost"):
        yield f"lost: {lost}"
