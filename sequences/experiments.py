"""Which variant is better: a test that holds however often one looks. Pure.

The unit is what a variant is dealt to, a company; it counts once, however many of its people answer.
Only companies that answered are compared. Variants are dealt by chance; so while it makes no
difference to whether and when a company answers, an answer is from the one of two variants with its
share of their weights: a coin whose bias is known, whatever the rate is, however it changes over the
year and however long answers take. Nothing is approximated, so small rates do no harm.

The evidence is the likelihood of the answers under coins drawn from a Beta distribution around that
one, divided by their likelihood under that one. Without a difference it is a martingale that begins
at 1, so that it ever comes to 20 with a probability of at most 1 in 20 (Ville's inequality). Looking
daily, stopping early and going on longer are all allowed.

Robbins, Statistical methods related to the law of the iterated logarithm, Annals of Mathematical
Statistics 41 (1970); for counts of two arms: Lindon and Malek, Anytime-valid inference for
multinomial count data, NeurIPS 2022, https://arxiv.org/abs/2011.03567.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, log
from typing import Any, Literal

from scipy.optimize import brentq
from scipy.special import betaln

#: At most so often is one variant put above another, at whatever look, when none is better.
ALPHA = 0.05
#: The split itself is doubted at this level: an uneven one makes every other figure worthless.
_ALPHA_OF_THE_SPLIT = 0.001
#: How close to "no difference" the coins of the evidence lie: about from 0.5 to 2 times the answers.
#: Fixed, so that nobody can turn it once the answers are in.
_CLOSENESS = 12.0
#: The same for one variant's own rate, of which nothing is expected.
_ANY_RATE = (0.5, 0.5)
#: A share so small that no answers fit it.
_TINY = 1e-300

Outcome = Literal["undecided", "winner", "no difference worth it", "uneven split"]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What came of one variant."""

    name: str
    weight: int
    units: int  #: companies that were written to
    hits: int  #: those of them that answered, or met
    #: Those that did not, and were written to so lately that they well may.
    waiting: int = 0

    @property
    def rate(self) -> float:
        return self.hits / self.units if self.units else 0.0


@dataclass(frozen=True, kw_only=True)
class Range:
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two variants: the later one in the file against the earlier one, the control first of all."""

    variant: str
    against: str
    #: Against there being no difference; it is enough at `threshold`.
    evidence: float
    threshold: float
    #: How many times the answers it brings, for as long as that stays the same.
    ratio: Range
    #: The same in answers per company; the rate of both together is taken from its own range.
    difference: Range

    @property
    def is_decided(self) -> bool:
        return self.evidence >= self.threshold

    @property
    def is_better(self) -> bool:
        return self.ratio.low > 1

    @property
    def loser(self) -> str:
        return self.against if self.is_better else self.variant

    @property
    def p_value(self) -> float:
        """Always valid; the error is shared among the comparisons already."""
        return min(1.0, ALPHA * self.threshold / self.evidence)


@dataclass(frozen=True, kw_only=True)
class Judgment:
    outcome: Outcome
    winner: str | None
    #: Variants that another one has beaten.
    beaten: Sequence[str]
    comparisons: Sequence[Comparison]

    @property
    def is_decided(self) -> bool:
        return self.outcome in ("winner", "no difference worth it")


def judge(arms: Sequence[Arm], *, smallest: float) -> Judgment:
    """Every variant against every other; a winner has beaten all others.

    The comparisons share the error: the evidence must be as many times larger as there are of them.
    """
    pairs = list(combinations(arms, 2))
    comparisons = [_compare(first, second, alpha=ALPHA / len(pairs)) for first, second in pairs]
    beaten = sorted({found.loser for found in comparisons if found.is_decided})
    left = [arm.name for arm in arms if arm.name not in beaten]
    open_ones = [found for found in comparisons if {found.variant, found.against} <= {*left}]
    winner = left[0] if len(left) == 1 and _beat_all(left[0], comparisons) else None
    if any(_is_uneven(*pair, alpha=_ALPHA_OF_THE_SPLIT / len(pairs)) for pair in pairs):
        outcome: Outcome = "uneven split"
    elif winner is not None:
        outcome = "winner"
    elif open_ones and all(_is_small(found.difference, smallest) for found in open_ones):
        outcome = "no difference worth it"
    else:
        outcome = "undecided"
    return Judgment(
        outcome=outcome,
        winner=winner if outcome == "winner" else None,
        beaten=beaten if outcome != "uneven split" else (),
        comparisons=comparisons,
    )


def log_evidence(hits: Any, others: Any, share: float) -> Any:
    """Against `share` being the share of `hits` in all; numbers, or arrays of them."""
    prior = (_CLOSENESS * share, _CLOSENESS * (1 - share))
    return _log_mixture(hits, others, prior) - hits * log(share) - others * log(1 - share)


def rate_of(arm: Arm) -> Range:
    """Where the variant's own rate lies, at every look, in 19 of 20 experiments."""
    return _rate(arm.hits, arm.units)


def share_of(weight: int, other: int) -> float:
    return weight / (weight + other)


def _rate(hits: int, units: int) -> Range:
    return _interval(hits, units - hits, _ANY_RATE, ALPHA)


def _compare(first: Arm, second: Arm, *, alpha: float) -> Comparison:
    share = share_of(second.weight, first.weight)
    prior = (_CLOSENESS * share, _CLOSENESS * (1 - share))
    of_all = _interval(second.hits, first.hits, prior, alpha)
    return Comparison(
        variant=second.name,
        against=first.name,
        evidence=_evidence(second.hits, first.hits, share),
        threshold=1 / alpha,
        ratio=Range(low=_times(of_all.low, share), high=_times(of_all.high, share)),
        difference=_difference(first, second, of_all),
    )


def _evidence(hits: int, others: int, share: float) -> float:
    return float(2.0 ** min(1000.0, log_evidence(hits, others, share) / log(2)))


def _times(of_all: float, share: float) -> float:
    """How many times the answers, when one of two has `of_all` of them and `share` of the units."""
    return inf if of_all == 1 else of_all / (1 - of_all) * (1 - share) / share


def _difference(first: Arm, second: Arm, of_all: Range) -> Range:
    """The difference of the rates, as far apart as the rate of both together allows.

    Those who are waited for may all answer or not, as the ones before them did.
    """
    share = share_of(second.weight, first.weight)
    hits, units = first.hits + second.hits, first.units + second.units
    lowest = _rate(hits, units).low
    highest = _rate(hits, units - first.waiting - second.waiting).high
    ends = [
        rate * (part / share - (1 - part) / (1 - share))
        for part in (of_all.low, of_all.high)
        for rate in (lowest, highest)
    ]
    ends = [max(-1.0, min(1.0, end)) for end in ends]
    return Range(low=min(ends), high=max(ends))


def _beat_all(name: str, comparisons: Sequence[Comparison]) -> bool:
    own = [found for found in comparisons if name in (found.variant, found.against)]
    return all(found.is_decided and found.loser != name for found in own)


def _is_uneven(first: Arm, second: Arm, *, alpha: float) -> bool:
    share = share_of(second.weight, first.weight)
    return _evidence(second.units, first.units, share) >= 1 / alpha


def _is_small(difference: Range, smallest: float) -> bool:
    return -smallest < difference.low and difference.high < smallest


def _interval(hits: int, others: int, prior: tuple[float, float], alpha: float) -> Range:
    """Every share against which there is not enough evidence: it holds at all looks at once."""
    enough = float(_log_mixture(hits, others, prior)) + log(alpha)
    return Range(low=_lowest(hits, others, enough), high=1 - _lowest(others, hits, enough))


def _lowest(hits: int, others: int, enough: float) -> float:
    """The share below the one that was seen at which the log-likelihood comes to `enough`."""
    if not hits:
        return 0.0

    def surplus(share: float) -> float:
        return enough - hits * log(share) - (others and others * log(1 - share))

    return float(brentq(surplus, _TINY, hits / (hits + others)))


def _log_mixture(hits: Any, others: Any, prior: tuple[float, float]) -> Any:
    """The likelihood of a series of hits and others, over coins drawn from Beta(prior)."""
    return betaln(prior[0] + hits, prior[1] + others) - betaln(*prior)
