"""Quantiles of lengths of time. Pure."""

from collections.abc import Iterable
from datetime import timedelta
from math import ceil


def quantile(times: Iterable[timedelta], share: float) -> timedelta | None:
    """The shortest of them that at least this share of them do not exceed; None of none."""
    ordered = sorted(times)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None
