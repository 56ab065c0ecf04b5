"""How likely customers are to recommend us. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt

from process.reports.rates import Z
from process.reports.report import Cell, Report, Scope
from process.reports.rows import History

KINDS = frozenset({"nps"})
COLUMNS = "owner people promoters passives detractors score low high".split()
EVERYBODY = "everybody"
PROMOTER, PASSIVE = 9, 7
NOTES = (
    (
        "Each person's last answer in the period. promoters: 9 and 10; passives: 7 and 8; detractors: 0 "
        "to 6. score: the percentage of promoters less that of detractors, from -100 to 100."
    ),
    "low and high: the 95% interval.",
)


def report(histories: Iterable[History], scope: Scope) -> Report:
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    for history in histories:
        scores = [int(e.data["score"]) for e in history.events if scope.covers(e.at)]
        if scores and scope.has_owner(history.person.owner):
            tallies[history.person.owner or "nobody"][_word(scores[-1])] += 1
    rows = [_row(owner, found) for owner, found in sorted(tallies.items())]
    together = sum(tallies.values(), Counter[str]())
    return Report(columns=COLUMNS, rows=[*rows, _row(EVERYBODY, together)], notes=NOTES)


def interval(promoters: int, passives: int, detractors: int) -> tuple[float, float]:
    """The adjusted Wald interval of the score, which adds three answers, and so holds for few.

    Rocks, Interval Estimation for the "Net Promoter Score", The American Statistician 70 (2016).
    """
    people = promoters + passives + detractors + 3
    ups, downs = (promoters + 0.75) / people, (detractors + 0.75) / people
    center = ups - downs
    reach = Z * sqrt((ups + downs - center**2) / people)
    return 100 * max(-1.0, center - reach), 100 * min(1.0, center + reach)


def _word(score: int) -> str:
    if score >= PROMOTER:
        return "promoters"
    return "passives" if score >= PASSIVE else "detractors"


def _row(owner: str, found: Counter[str]) -> Sequence[Cell]:
    counts = [found[name] for name in ("promoters", "passives", "detractors")]
    people = sum(counts)
    if not people:
        return [owner, 0, 0, 0, 0, None, None, None]
    low, high = interval(*counts)
    score = 100 * (counts[0] - counts[2]) / people
    # Of few who are of one mind the three added answers alone would leave their own score out.
    told = (score, min(low, score), max(high, score))
    return [owner, people, *counts, *(f"{one:.1f}" for one in told)]
