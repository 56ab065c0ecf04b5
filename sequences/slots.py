"""The starts that a throttle leaves free: so many a day, today first. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta


class Slots:
    def __init__(
        self, per_day: int | None, now: datetime, *, begun: Callable[[datetime], int]
    ) -> None:
        """`begun` counts those who began, or are to begin, on the day that begins at a moment."""
        self._per_day, self._begun = per_day, begun
        self._start = now
        self._left = self._left_on(now)

    def free(self) -> datetime:
        """When the next one begins."""
        while self._left <= 0:
            self._start = _midnight(self._start) + timedelta(days=1)
            self._left = self._left_on(self._start)
        return self._start

    def take(self) -> None:
        self._left -= 1

    def _left_on(self, moment: datetime) -> float:
        if self._per_day is None:
            return float("inf")
        return self._per_day - self._begun(_midnight(moment))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
