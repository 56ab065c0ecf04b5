"""Experiments simulated: how often a winner is named, rightly and wrongly, when looked at daily."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from sequences.experiments import ALPHA, Arm, judge, log_evidence, share_of

Counts = NDArray[np.int64]
_SEED = 20_240_229
_RUNS = 1_000
_DAYS = 100
#: An answer comes so many days later, on average.
_DELAY = 3.0


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Every experiment at the end of every day: arrays of (experiment, day, variant)."""

    weights: Sequence[int]
    units: Counts
    hits: Counts

    def winners(self) -> list[str | None]:
        """Of each experiment whom it named at the first look at which it named anybody."""
        # Only looks with enough evidence somewhere can name anybody: the others need no judge.
        days = [np.flatnonzero(row) for row in self.beaten()]
        return [self._first_named(run, on) for run, on in enumerate(days)]

    def beaten(self) -> NDArray[np.bool_]:
        """At which looks of each experiment there was enough evidence that one beats another."""
        pairs = list(combinations(range(len(self.weights)), 2))
        enough = [self._evidence(*pair) >= log(len(pairs) / ALPHA) for pair in pairs]
        beaten: NDArray[np.bool_] = np.logical_or.reduce(enough)
        return beaten

    def _evidence(self, first: int, second: int) -> NDArray[np.float64]:
        share = share_of(self.weights[second], self.weights[first])
        found: NDArray[np.float64] = log_evidence(
            self.hits[..., second], self.hits[..., first], share
        )
        return found

    def _first_named(self, run: int, days: Counts) -> str | None:
        named = (judge(self._arms(run, int(day)), smallest=0.03).winner for day in days)
        return next((winner for winner in named if winner is not None), None)

    def _arms(self, run: int, day: int) -> list[Arm]:
        return [
            Arm(name="abcdef"[at], weight=weight, units=int(units), hits=int(hits))
            for at, (weight, units, hits) in enumerate(
                zip(self.weights, self.units[run, day], self.hits[run, day], strict=True)
            )
        ]


def simulate(
    rates: Sequence[float],
    *,
    weights: Sequence[int] = (1, 1),
    companies: int = 2_000,
    people: int = 1,
    count_people: bool = False,
    runs: int = _RUNS,
    seed: int = _SEED,
) -> Looks:
    """Companies dealt by chance and written to over time; who answers does so days later.

    With several `people`, those of one company answer alike: some companies answer readily, most
    never. `count_people` counts them one by one, as one must not.
    """
    rng = np.random.default_rng(seed)
    shape = (runs, companies)
    dealt = rng.choice(len(weights), p=np.array(weights) / sum(weights), size=shape)
    rate = np.array(rates)[dealt]
    answers = rng.binomial(people, _of_each(rate, people, rng))
    counted = answers if count_people else np.minimum(answers, 1)
    written = np.broadcast_to(np.arange(companies) * (_DAYS * 3 // 4) // companies, shape)
    answered = np.minimum(written + rng.geometric(1 / _DELAY, size=shape), _DAYS - 1)
    each = people if count_people else 1
    return Looks(
        weights=weights,
        units=_by_day(written, dealt, np.full(shape, each), len(weights)),
        hits=_by_day(answered, dealt, counted, len(weights)),
    )


def measure(_data: Path | None) -> dict[str, object]:
    """Each share is of experiments that named a winner at any of the looks, one a day."""
    began = perf_counter()
    told: dict[str, object] = {
        "experiments": _RUNS,
        "looks": _DAYS,
        "companies_per_arm": 1_000,
        "aa_winners": named(simulate((0.05, 0.05))),
        "aa_winners_weights_4_to_1": named(simulate((0.05, 0.05), weights=(4, 1))),
        "aa_any_beaten_of_three": ever(simulate((0.05,) * 3, weights=(1, 1, 1)).beaten()),
        "aa_winners_five_people_each": named(simulate((0.05, 0.05), people=5)),
        "aa_winners_if_people_counted": named(simulate((0.05, 0.05), people=5, count_people=True)),
        "aa_winners_by_z_test": ever(_z_test(simulate((0.05, 0.05)))),
        "power": named(simulate((0.05, 0.10)), "b"),
        "power_weights_4_to_1": named(simulate((0.05, 0.10), weights=(4, 1)), "b"),
        "power_five_people_each": named(simulate((0.05, 0.10), people=5), "b"),
        "wrong_winners": named(simulate((0.05, 0.10)), "a"),
    }
    return {**told, "seconds": round(perf_counter() - began, 2)}


def named(looks: Looks, only: str = "") -> float:
    """The share of experiments that named a winner, or just this one."""
    winners = looks.winners()
    return sum(name is not None and only in (name, "") for name in winners) / len(winners)


def ever(looks: NDArray[np.bool_]) -> float:
    """The share of experiments in which it was so at any look."""
    return float(looks.any(axis=1).mean())


def _of_each(
    rate: NDArray[np.float64], people: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Each person's chance, so that the company's as a whole is `rate`."""
    if people == 1:
        return rate
    readily = 0.5
    answers_at_all = rate / (1 - (1 - readily) ** people)
    return np.where(rng.random(rate.shape) < answers_at_all, readily, 0.0)


def _by_day(day: Counts, dealt: Counts, counted: Counts, arms: int) -> Counts:
    """Sums up to the end of each day, by experiment and variant."""
    runs = len(day)
    at = (np.arange(runs)[:, None] * _DAYS + day) * arms + dealt
    sums = np.bincount(at.ravel(), weights=counted.ravel(), minlength=runs * _DAYS * arms)
    return sums.reshape(runs, _DAYS, arms).cumsum(axis=1).astype(np.int64)


def _z_test(looks: Looks) -> NDArray[np.bool_]:
    """What the usual test says at each look: it is meant to be looked at once."""
    first, second = np.moveaxis(looks.units, 2, 0)
    rates = looks.hits / np.maximum(looks.units, 1)
    both = looks.hits.sum(axis=2) / np.maximum(first + second, 1)
    error = np.sqrt(both * (1 - both) * (1 / np.maximum(first, 1) + 1 / np.maximum(second, 1)))
    gap = np.abs(rates[..., 1] - rates[..., 0])
    result: NDArray[np.bool_] = gap > 1.959964 * np.maximum(error, 1e-12)
    return result
