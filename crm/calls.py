"""Calls that somebody logs in a CRM, and call tasks that are done: what is both is one call.

No CRM links the two, so they go by their moments: a logged call and a done task of one person within
SPAN are one, the nearest first, each with one other at most. Whichever we hear of later names the
other: a task that is done then says no more that the lead was called, and a call that comes then is
`call_logged`, which nothing counts.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: A rep logs a call and ticks its task off in one go; what lies further apart are two calls.
SPAN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Those of a lead that are not one with another yet: a number of each -> its moment."""

    logged: dict[int, datetime] = field(default_factory=dict)
    done: dict[int, datetime] = field(default_factory=dict)

    def take_logged(self, at: datetime) -> int | None:
        """The logged call that a task done at this moment is; no other is it then."""
        return _take(self.logged, at)

    def take_done(self, at: datetime) -> int | None:
        """The done task that a call logged at this moment is; no other is it then."""
        return _take(self.done, at)


def _take(moments: dict[int, datetime], at: datetime) -> int | None:
    apart = {number: abs(moment - at) for number, moment in moments.items()}
    near = [number for number in apart if apart[number] <= SPAN]
    taken = min(near, key=lambda number: (apart[number], number), default=None)
    if taken is not None:
        del moments[taken]
    return taken
