"""How many companies an experiment needs, reckoned before it begins. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, log, sqrt

import numpy as np
from scipy.special import ndtri

from sequences.experiments import ALPHA, Arm, judge, log_evidence, share_of

#: How often a difference of the size that is asked for shall be found.
POWER = 0.8
#: Nobody waits for more answers than these: from here on a figure is a lower bound.
_MOST = 20_000
#: So many answers say something of the rates.
_TELLING = 10
#: A forecast to more than so many times the companies is none.
_LONG = 50


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Companies by variant."""

    #: With a test that is looked at once, when all have been written to and waited for.
    once: Mapping[str, int]
    #: With ours, which may be looked at every day.
    always: Mapping[str, int]


def needed(weights: Mapping[str, int], base: float, better: float) -> Needed:
    """To tell `base` from `better` in 8 of 10 experiments, whichever two variants have them."""
    pairs = list(combinations(weights.values(), 2))
    alpha = ALPHA / len(pairs)
    return Needed(
        once=_by_variant(weights, lambda share: once(share, base, better, alpha)),
        always=_by_variant(weights, lambda share: always(share, base, better, alpha)),
    )


def more_at_these_rates(arms: Sequence[Arm], *, smallest: float) -> int | None:
    """How many more companies, of all variants together, until there is something to say.

    If answers go on as they came; None when they are too few to go by, or it takes ever so long.
    """
    if sum(arm.hits for arm in arms) < _TELLING:
        return None
    companies = sum(arm.units for arm in arms)
    for times in map(float, np.geomspace(1, _LONG, 200)):
        if judge([_many(arm, times) for arm in arms], smallest=smallest).is_decided:
            return ceil(companies * (times - 1))
    return None


def once(share: float, base: float, better: float, alpha: float) -> float:
    """Companies of both variants for the two-sided z-test of two proportions; `better` has `share`.

    Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (2003), chapter 4.
    """
    both = share * better + (1 - share) * base
    equal = sqrt(both * (1 - both) / (share * (1 - share)))
    apart = sqrt(better * (1 - better) / share + base * (1 - base) / (1 - share))
    return float((ndtri(1 - alpha / 2) * equal + ndtri(POWER) * apart) / (better - base)) ** 2


def always(share: float, base: float, better: float, alpha: float) -> float:
    """Companies of both variants until our evidence is enough at some look; `better` has `share`.

    Each answer is the better one's with a known chance, so the chance that the evidence was enough
    by then is followed from answer to answer, exactly. Only how many companies it takes to get an
    answer is taken as the rates say.
    """
    both = share * better + (1 - share) * base
    return max(
        _answers(share * better / both, share, alpha) / both, once(share, base, better, alpha)
    )


def _answers(of_all: float, share: float, alpha: float) -> int:
    """How many it takes, when `of_all` of them are the better one's."""
    #: The chance of each number of its answers, as long as the evidence was never enough.
    chances = np.zeros(_MOST + 2)
    chances[0] = 1.0
    enough, found = 1, 0.0
    for answers in range(1, _MOST + 1):
        reached = chances[: enough + 2]
        reached[1:] = reached[1:] * (1 - of_all) + reached[:-1] * of_all
        reached[0] *= 1 - of_all
        while enough <= answers and log_evidence(enough, answers - enough, share) < -log(alpha):
            enough += 1
        found += float(reached[enough:].sum())
        reached[enough:] = 0
        if found >= POWER:
            return answers
    return _MOST


def _many(arm: Arm, times: float) -> Arm:
    units, hits = round(arm.units * times), round(arm.hits * times)
    return Arm(name=arm.name, weight=arm.weight, units=units, hits=hits)


def _by_variant(weights: Mapping[str, int], of_both: Callable[[float], float]) -> Mapping[str, int]:
    """From what two variants need together to each one's, by its weight; the neediest pair counts."""
    per_weight = max(
        of_both(share_of(second, first)) / (first + second)
        for first, second in combinations(weights.values(), 2)
    )
    return {name: ceil(weight * per_weight) for name, weight in weights.items()}
