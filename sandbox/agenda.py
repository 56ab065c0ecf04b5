"""The sandbox's moment, which never flows by itself, and what is to happen at later ones."""

import heapq
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

#: Called without arguments; may be a coroutine function.
Event = Callable[[], Awaitable[None] | None]


class Agenda:
    def __init__(self, start: datetime) -> None:
        self.moment = start.astimezone(UTC)
        self._events: list[tuple[datetime, int, Event]] = []
        self._count = 0

    def at(self, moment: datetime, event: Event) -> None:
        """Call `event` when the world reaches `moment`; a past moment means the present one.

        What is put on the same moment happens in the order in which it was put there.
        """
        self._count += 1
        due = max(moment.astimezone(UTC), self.moment)
        heapq.heappush(self._events, (due, self._count, event))

    @property
    def next_due(self) -> datetime | None:
        return self._events[0][0] if self._events else None

    async def run_until(self, now: datetime) -> int:
        """Let everything due until `now` happen, also what it puts on the agenda; counts events.

        Raises ValueError for a moment before the present one.
        """
        if now < self.moment:
            raise ValueError(f"{now.isoformat()} lies before {self.moment.isoformat()}")
        done = 0
        while self._events and self._events[0][0] <= now:
            self.moment, _, event = heapq.heappop(self._events)
            outcome = event()
            if inspect.isawaitable(outcome):
                await outcome
            done += 1
        self.moment = now.astimezone(UTC)
        return done
