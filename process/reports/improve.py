"""The weakest stage and the weakest step, each against its own past. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from process.reports import funnel, stays
from process.reports.answers import ANSWERED, touches
from process.reports.rates import Difference, Rate, difference
from process.reports.report import Report, Scope
from process.reports.rows import History
from sequences.power import once

KINDS = stays.KINDS | funnel.KINDS
COLUMNS = "what name before_rate now_rate change low high verdict".split()
#: A drop by this share of the past rate is worth knowing.
NOTEWORTHY = 1 / 3
_ALPHA = 0.05
#: What counts of people, as the sentences say it.
_HITS = {"stage": "gone on", "step": "answered"}
#: Stage or step, the sequence of a step, its name.
_Name = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One stage or one step in the last period and in the one before."""

    what: str  #: stage | step
    name: str  #: the stage, or the step
    sequence: str = ""  #: the step's
    before: Rate
    now: Rate

    @property
    def both(self) -> Rate:
        """The rate of both periods together."""
        return Rate(hits=self.before.hits + self.now.hits, of=self.before.of + self.now.of)

    @property
    def change(self) -> Difference | None:
        return difference(self.now, self.before)

    @property
    def fell(self) -> bool:
        return self.change is not None and self.change.high < 0

    @property
    def missing(self) -> int:
        """People short of telling a noteworthy drop in 8 of 10 cases, in the smaller period."""
        share = self.before.value or 0.0
        if not 0 < share < 1:
            return 0
        people = ceil(once(0.5, share, share * (1 - NOTEWORTHY), _ALPHA) / 2)
        return max(0, people - min(self.before.of, self.now.of))

    @property
    def verdict(self) -> str:
        if self.change is None:
            return "nobody in one of the periods"
        if self.fell:
            return "fell"
        if self.change.low > 0:
            return "rose"
        short = f"; {self.missing:,} people short" if self.missing else ""
        return f"not certain{short}"


@dataclass(frozen=True, kw_only=True)
class Improvement:
    compared: Sequence[Compared]
    stage: Compared | None
    step: Compared | None
    length: timedelta

    def report(self) -> Report:
        rows = [_row(one) for one in self.compared]
        return Report(columns=COLUMNS, rows=rows, notes=[*self.findings, *_notes(self.length)])

    @property
    def to_try(self) -> Sequence[Compared]:
        """Steps from the weakest on: the first without an experiment is the one to try something at."""
        left, ordered = [one for one in self.compared if one.what == "step"], []
        while (worst := weakest(left)) is not None:
            ordered.append(worst)
            left.remove(worst)
        return ordered

    @property
    def findings(self) -> Sequence[str]:
        weak = (("stage", self.stage), ("step", self.step))
        return [_finding(one) if one else self._untold(what) for what, one in weak]

    def _untold(self, what: str) -> str:
        if any(one.what == what and one.change is not None for one in self.compared):
            return (
                f"Weakest {what}: none can be told; of what was there in both periods, nobody had "
                f"{_HITS[what]} in the earlier one."
            )
        return f"Weakest {what}: none can be told yet; nothing was there in both periods."


def improve(histories: Iterable[History], scope: Scope, *, length: timedelta) -> Improvement:
    """`scope.now` is the end of the last period of stages; that of steps ends PATIENCE earlier."""
    tallies: dict[_Name, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for history in histories:
        found = {**_of_stages(history, scope, length), **_of_steps(history, scope, length)}
        for (name, is_now), hit in found.items():
            tallies[name][is_now].append(hit)
    compared = [
        Compared(
            what=what,
            name=name,
            sequence=sequence,
            before=_rate(periods[False]),
            now=_rate(periods[True]),
        )
        for (what, sequence, name), periods in sorted(tallies.items())
    ]
    return Improvement(
        compared=compared,
        stage=weakest(one for one in compared if one.what == "stage"),
        step=weakest(one for one in compared if one.what == "step"),
        length=length,
    )


def weakest(compared: Iterable[Compared]) -> Compared | None:
    """The largest certain drop; else of those that fell, then of all, what may have lost most."""
    known = [one for one in compared if one.change is not None and one.before.hits]
    return min(known, key=_strength, default=None)


def _strength(one: Compared) -> tuple[int, float]:
    change = one.change
    if change is None or not one.before.value:
        return 3, 0.0
    if one.fell:
        return 0, change.value
    return (1 if change.value < 0 else 2), change.low / one.before.value


def _of_stages(
    history: History, scope: Scope, length: timedelta
) -> Mapping[tuple[_Name, bool], bool]:
    """Of those who left or lost in a period, who went on; who is still there counts in neither."""
    found: dict[tuple[_Name, bool], bool] = {}
    for stay in stays.stays(history):
        ended = stay.lost_at or stay.until
        if ended is not None and (period := _period(scope.now - ended, length)) is not None:
            key = ("stage", "", stay.stage), period
            found[key] = found.get(key, False) or stay.is_forward
    return found


def _of_steps(
    history: History, scope: Scope, length: timedelta
) -> Mapping[tuple[_Name, bool], bool]:
    """Of those who got a step's email in a period and had time to answer, who did."""
    found: dict[tuple[_Name, bool], bool] = {}
    bounced = {event.message for event in history.events if event.kind == "bounced"}
    for touch in touches(history):
        period = _period(scope.now - funnel.PATIENCE - touch.email.at, length)
        if period is not None and touch.email.message not in bounced:
            key = ("step", touch.email.sequence, touch.email.step), period
            answered = any(event.kind in ANSWERED for event in touch.came)
            found[key] = found.get(key, False) or answered
    return found


def _period(ago: timedelta, length: timedelta) -> bool | None:
    """True: the last one; False: the one before; None: neither."""
    if timedelta() <= ago < length:
        return True
    return False if length <= ago < 2 * length else None


def _rate(hits: Sequence[bool]) -> Rate:
    return Rate(hits=sum(hits), of=len(hits))


def _row(one: Compared) -> Sequence[str | Rate | None]:
    told: Sequence[str | None] = _points(one) or (None, None, None)
    return [one.what, _called(one), one.before, one.now, *told, one.verdict]


def _points(one: Compared) -> Sequence[str]:
    """The change and its interval; none where nobody was in one of the periods."""
    change = one.change
    ends = (change.value, change.low, change.high) if change else ()
    return [f"{100 * point:+.1f}" for point in ends]


def _finding(one: Compared) -> str:
    sure = "it fell" if one.fell else one.verdict
    change, low, high = _points(one)
    return (
        f"Weakest {one.what}: {_called(one)}. {_told(one.now)} after {_told(one.before)}: "
        f"{change} points ({low} to {high}), {sure}."
    )


def _called(one: Compared) -> str:
    return f"{one.sequence}, {one.name}" if one.sequence else one.name


def _told(rate: Rate) -> str:
    return str(rate).replace("\n", " ")


def _notes(length: timedelta) -> Sequence[str]:
    return (
        (
            f"Two periods of {length.days} days. Stages: people who left or lost in it, and of those who "
            f"went on. Steps: people to whom it was delivered in it, {funnel.PATIENCE.days} days earlier, "
            "so that all had as long to answer, and of those who did."
        ),
        (
            "change in percentage points with the 95% interval (Newcombe). weakest: the largest certain "
            "drop, else what may have lost the largest share of its past, those that fell "
            "first. short: people missing to tell a drop by a third in 8 of 10 cases."
        ),
    )
