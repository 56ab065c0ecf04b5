"""On which day of a sequence a step comes, for whoever reads it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from workspace.durations import Duration

#: Days are counted as for somebody who begins on a Monday at nine.
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
_ZONE = "UTC"
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Day:
    """The earliest and the latest moment at which a step may come."""

    earliest: datetime = MONDAY
    latest: datetime = MONDAY
    #: The moment from which days are counted anew, such as "1 day before the meeting".
    anchor: str = ""

    def after(self, wait: Duration) -> Self:
        earliest, latest = (wait.after(moment, _ZONE) for moment in (self.earliest, self.latest))
        return replace(self, earliest=earliest, latest=latest)

    def by(self, wait: Duration) -> Self:
        """At any time until then."""
        return replace(self, latest=wait.after(self.latest, _ZONE))

    def at(self, anchor: str) -> Self:
        return type(self)(anchor=anchor)

    def met(self, other: Self) -> Self:
        """Where two ways meet again."""
        if other.anchor != self.anchor:
            return replace(self, anchor=self.anchor or other.anchor)
        return replace(
            self,
            earliest=min(self.earliest, other.earliest),
            latest=max(self.latest, other.latest),
        )

    def __str__(self) -> str:
        first, last = self._number(self.earliest), self._number(self.latest)
        days = f"{first}" if first == last else f"{first} to {last}"
        if not self.anchor:
            return f"Day {days}"
        if self.latest == MONDAY:
            return self.anchor
        return "Later that day" if last == 0 else f"Day {days} from then"

    def _number(self, moment: datetime) -> int:
        return (moment.date() - MONDAY.date()) // _DAY
