"""How likely customers are to recommend us. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from process.reports.rates import Z
from process.reports.report import Cell, Report, Scope
from process.reports.rows import History

KINDS = frozenset({"nps"})
COLUMNS = "owner people promoters passives detractors score low high".split()
EVERYBODY = "everybody"
PROMOTER, PASSIVE = 9, 7
#: Until an interval's end is known to a float's last digits.
_HALVINGS = 50
NOTES = (
    (
        "Each person's last answer in the period. promoters: 9 and 10; passives: 7 and 8; detractors: 0 "
        "to 6. score: the percentage of promoters less that of detractors, from -100 to 100."
    ),
    "low and high: the 95% interval (Tango's score interval).",
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
    """All scores at which such answers are no surprise; for this difference what Wilson's is for a rate.

    The shares of promoters and of detractors are of the same people, as of matched pairs: Tango,
    Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design, Statistics in Medicine 17 (1998).
    """
    people = promoters + passives + detractors
    score = (promoters - detractors) / people

    def is_likely(other: float) -> bool:
        return (people * (score - other)) ** 2 <= Z**2 * _variance(
            promoters, detractors, people, other
        )

    return 100 * _last(is_likely, score, -1.0), 100 * _last(is_likely, score, 1.0)


def _variance(promoters: int, detractors: int, people: int, score: float) -> float:
    """Of promoters less detractors, with the share of detractors that is likeliest at that score."""
    part = promoters + detractors - (2 * people - promoters + detractors) * score
    rest = detractors * score * (1 - score)
    share = (sqrt(part**2 + 8 * people * rest) + part) / (4 * people)
    return people * (2 * share + score * (1 - score))


def _last(holds: Callable[[float], bool], inside: float, end: float) -> float:
    """From `inside` to `end`, as far as it holds."""
    if holds(end):
        return end
    for _ in range(_HALVINGS):
        middle = (inside + end) / 2
        inside, end = (middle, end) if holds(middle) else (inside, middle)
    return inside


def _word(score: int) -> str:
    if score >= PROMOTER:
        return "promoters"
    return "passives" if score >= PASSIVE else "detractors"


def _row(owner: str, found: Counter[str]) -> Sequence[Cell]:
    counts = [found[name] for name in ("promoters", "passives", "detractors")]
    people = sum(counts)
    if not people:
        return [owner, 0, 0, 0, 0, None, None, None]
    told = (100 * (counts[0] - counts[2]) / people, *interval(*counts))
    return [owner, people, *counts, *(f"{one:.1f}" for one in told)]
