"""Moments that facts tell."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

from pydantic import model_validator

from sequences.texts import Expression
from workspace.durations import Duration, FixedDuration
from workspace.expressions import look_up
from workspace.problems import Fault
from workspace.validation import Definition

#: CRMs write others for no date at all, and near the calendar's ends no time zone can be reckoned.
_YEARS = range(1970, 9998)


class Until(Definition):
    """A moment that a fact tells, or so long before or after it."""

    until: Expression  #: the fact, such as meeting.start
    less: FixedDuration | None = None
    plus: Duration | None = None

    @model_validator(mode="after")
    def _is_on_one_side(self) -> Self:
        if self.less is not None and self.plus is not None:
            raise Fault('"less" and "plus" exclude each other', path=("plus",))
        return self

    def moment(self, facts: Mapping[str, object], timezone: str) -> datetime | None:
        """None while the fact is blank, or no moment."""
        found = moment_of(self.until, facts)
        if found is None:
            return None
        if self.less is not None:
            return self.less.before(found, timezone)
        return self.plus.after(found, timezone) if self.plus is not None else found


def moment_of(fact: str, facts: Mapping[str, object]) -> datetime | None:
    """What a fact tells, in UTC; None while it is blank, no moment, or out of all reckoning."""
    try:
        found = datetime.fromisoformat(str(look_up(fact.split("."), facts)))
    except ValueError:
        return None
    is_moment = found.tzinfo is not None and found.year in _YEARS
    return found.astimezone(UTC) if is_moment else None
