"""What became of the leads in each stage, and how long it took. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from process.definition import STAGES
from process.reports import stays
from process.reports.quantiles import quantile
from process.reports.rates import Rate
from process.reports.report import Report, Scope
from process.reports.rows import History
from process.reports.service_levels import ServiceLevels
from process.reports.stays import Stay

KINDS = stays.KINDS
COLUMNS = (
    "stage people entered again found by_outcome by_person by_time in_crm back lost there onward "
    "onward_rate median p90"
).split()
NOTES = (
    "people: leads with a stay that began in the period; each once, however often it came back.",
    (
        "entered: stays that began by a move; again: of those, by a lead that had been there before; "
        "found: leads that were there when first seen, since when nobody told."
    ),
    (
        "by_outcome, by_person, by_time, in_crm: how stays ended; back: of those, in an earlier stage, "
        "though no outcome leads there; lost: the deal was lost there, wherever the CRM put the lead "
        "then; there: neither left nor lost."
    ),
    (
        "onward: people who went on to a later stage or by an outcome, and lost no deal on the way; to "
        "Follow-up by hand, in the CRM or by time, only whoever won one; "
        "onward_rate: of those who came at least the stage's service level ago, so that who goes at "
        "once does not count before who stays; with the 95% interval."
    ),
    "median and p90: time in the stage of stays that began by a move and have ended.",
)


@dataclass(kw_only=True)
class _Tally:
    people: int = 0
    #: Who came at least the service level ago, and those of them who went on.
    due: int = 0
    onward: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    times: list[timedelta] = field(default_factory=list)


def report(histories: Iterable[History], scope: Scope, *, levels: ServiceLevels) -> Report:
    tallies: dict[str, _Tally] = {
        str(stage): _Tally() for stage in STAGES if scope.has_stage(stage)
    }
    for history in histories:
        if scope.has_owner(history.person.owner):
            _count(tallies, list(_asked(history, scope)), scope, levels)
    return Report(
        columns=COLUMNS, rows=[_row(name, tally) for name, tally in tallies.items()], notes=NOTES
    )


def _asked(history: History, scope: Scope) -> Iterator[Stay]:
    return (stay for stay in stays.stays(history) if stays.began(stay, scope))


def _count(
    tallies: dict[str, _Tally], ones: Sequence[Stay], scope: Scope, levels: ServiceLevels
) -> None:
    """One lead's stays."""
    for stage in {stay.stage for stay in ones} & tallies.keys():
        there = [stay for stay in ones if stay.stage == stage]
        tally, went_on = tallies[stage], any(stay.is_forward for stay in there)
        tally.people += 1
        tally.counts["onward"] += went_on
        if levels.is_over(stage, there[0].since, scope.now):
            tally.due += 1
            tally.onward += went_on
        for stay in there:
            tally.counts.update(_words(stay))
            if stay.until is not None and stay.since is not None and not stay.found:
                tally.times.append(stay.until - stay.since)


def _words(stay: Stay) -> Iterable[str]:
    yield "found" if stay.found else "entered"
    if stay.again:
        yield "again"
    if stay.way is not None:
        yield stay.way
    if stay.is_back:
        yield "back"
    if stay.lost_at is not None:
        yield "lost"
    if stay.is_open:
        yield "there"


def _row(stage: str, tally: _Tally) -> Sequence[str | int | Rate | timedelta | None]:
    names = "entered again found outcome person time crm back lost there onward".split()
    return [
        stage,
        tally.people,
        *(tally.counts[name] for name in names),
        Rate(hits=tally.onward, of=tally.due),
        quantile(tally.times, 0.5),
        quantile(tally.times, 0.9),
    ]
