"""The weakest stage and the weakest step, each against its own past. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from process.reports import funnel, stays
from process.reports.answers import ANSWERED, touches
from process.reports.rates import Difference, Rate, difference
from process.reports.report import Report, Scope
from process.reports.rows import History
from process.reports.service_levels import ServiceLevels
from process.reports.stays import Stay
from sequences.power import once

_CREATED = "lead_created"
KINDS = frozenset({_CREATED}) | stays.KINDS | funnel.KINDS
COLUMNS = "what name within before_rate now_rate change low high verdict".split()
#: A drop by this share of the past rate is worth knowing.
NOTEWORTHY = 1 / 3
_ALPHA = 0.05
#: What counts of people, as the sentences say it.
_HITS = {"stage": "gone on", "step": "answered"}
_TO_ANSWER = f"{funnel.PATIENCE.days} days"
#: Stage or step, the sequence of a step, its name.
_Name = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One stage or one step in the last period and in the one before."""

    what: str  #: stage | step
    name: str  #: the stage, or the step
    sequence: str = ""  #: the step's
    within: str  #: what everybody had of time: the stage's service level, or that for an answer
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


def improve(
    histories: Iterable[History], scope: Scope, *, length: timedelta, levels: ServiceLevels
) -> Improvement:
    """Whoever came in the last period has just had their time at `scope.now`.

    So a stage's periods end its service level earlier, and a step's PATIENCE.
    """
    tallies: dict[_Name, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for history in histories:
        found = {**_of_stages(history, scope, length, levels), **_of_steps(history, scope, length)}
        for (name, is_now), hit in found.items():
            tallies[name][is_now].append(hit)
    compared = [
        Compared(
            what=what,
            name=name,
            sequence=sequence,
            within=str(levels.by_stage[name]) if what == "stage" else _TO_ANSWER,
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
    history: History, scope: Scope, length: timedelta, levels: ServiceLevels
) -> Mapping[tuple[_Name, bool], bool]:
    """Of those who came in a period and had their time, who had gone on.

    By when people left, what takes long would be missing from a young team's earlier period.
    """
    found: dict[tuple[_Name, bool], bool] = {}
    every = list(stays.stays(history))
    for number, stay in enumerate(every):
        due = _due(stay, history, levels)
        if due is None or (period := _period(scope.now - due, length)) is None:
            continue
        here = (one for one in every[number:] if one.stage == stay.stage)
        had_gone_on = any(one.went_on_at and one.went_on_at <= due for one in here)
        found.setdefault((("stage", "", stay.stage), period), had_gone_on)
    return found


def _due(stay: Stay, history: History, levels: ServiceLevels) -> datetime | None:
    """The end of a stay's time; None: there is nowhere to go on to, or nobody told when it began."""
    if stay.stage == stays.OF_CUSTOMERS:
        return None
    created_at = (event.at for event in history.events if event.kind == _CREATED)
    came_at = stay.since or next(created_at, None)
    return levels.due(stay.stage, came_at) if came_at else None


def _of_steps(
    history: History, scope: Scope, length: timedelta
) -> Mapping[tuple[_Name, bool], bool]:
    """Of those who got a step's email in a period and had their time, who had answered."""
    found: dict[tuple[_Name, bool], bool] = {}
    bounced = {event.message for event in history.events if event.kind == "bounced"}
    for touch in touches(history):
        period = _period(scope.now - funnel.PATIENCE - touch.email.at, length)
        if period is not None and touch.email.message not in bounced:
            key = ("step", touch.email.sequence, touch.email.step), period
            due = touch.email.at + funnel.PATIENCE
            answered = any(event.kind in ANSWERED and event.at <= due for event in touch.came)
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
    return [one.what, _called(one), one.within, one.before, one.now, *told, one.verdict]


def _points(one: Compared) -> Sequence[str]:
    """The change and its interval; none where nobody was in one of the periods."""
    change = one.change
    ends = (change.value, change.low, change.high) if change else ()
    return [f"{100 * point:+.1f}" for point in ends]


def _finding(one: Compared) -> str:
    sure = "it fell" if one.fell else one.verdict
    change, low, high = _points(one)
    return (
        f"Weakest {one.what}: {_called(one)}. {_HITS[one.what].capitalize()} within {one.within}: "
        f"{_told(one.now)}, before that {_told(one.before)}. {change} points ({low} to {high}), {sure}."
    )


def _called(one: Compared) -> str:
    return f"{one.sequence}, {one.name}" if one.sequence else one.name


def _told(rate: Rate) -> str:
    return str(rate).replace("\n", " ")


def _notes(length: timedelta) -> Sequence[str]:
    return (
        (
            f"Two periods of {length.days} days. Stages: people who came to it in the period, each once, "
            "and of those who had gone on `within` its service level from the first time. Steps: people to "
            "whom it was delivered in the period, and of those who had answered `within` so long. Both "
            "periods ended so long ago that everybody's time is over: whoever left later, was lost or is "
            "still there had not gone on."
        ),
        (
            f"Not counted: {stays.OF_CUSTOMERS}, where customers stay, and who was in a stage when first "
            "pulled, since when nobody told."
        ),
        (
            "change in percentage points with the 95% interval (Newcombe). weakest: the largest certain "
            "drop, else what may have lost the largest share of its past, those that fell "
            "first. short: people missing to tell a drop by a third in 8 of 10 cases."
        ),
    )
