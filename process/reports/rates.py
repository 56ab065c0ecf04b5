"""Shares of people, never without their counts and their interval. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from scipy.stats import binomtest

#: Of a hundred intervals so many contain what is true.
CONFIDENCE = 0.95
#: The normal quantile that belongs to it.
Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`hits` of `of` people. Its interval is Wilson's."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def low(self) -> float:
        return _wilson(self.hits, self.of)[0]

    @property
    def high(self) -> float:
        return _wilson(self.hits, self.of)[1]

    def __str__(self) -> str:
        if not self.of:
            return "0 of 0"
        share, low, high = 100 * self.hits / self.of, 100 * self.low, 100 * self.high
        return f"{self.hits:,} of {self.of:,}, {share:.1f}%\n({low:.1f} to {high:.1f})"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Of two rates, in shares: the later one less the earlier one."""

    value: float
    low: float
    high: float


def difference(later: Rate, earlier: Rate) -> Difference | None:
    """With the interval of Newcombe's method 10; None when one of them is of nobody.

    Newcombe, Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17 (1998).
    """
    if later.value is None or earlier.value is None:
        return None
    value = later.value - earlier.value
    down = sqrt((later.value - later.low) ** 2 + (earlier.high - earlier.value) ** 2)
    up = sqrt((later.high - later.value) ** 2 + (earlier.value - earlier.low) ** 2)
    return Difference(value=value, low=max(-1.0, value - down), high=min(1.0, value + up))


@lru_cache(maxsize=10_000)
def _wilson(hits: int, of: int) -> tuple[float, float]:
    if not of:
        return 0.0, 1.0
    found = binomtest(hits, of).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
