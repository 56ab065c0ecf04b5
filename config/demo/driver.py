"""The demo's driver: it hands each moment to the witness, rings what is due, waits until the rows
are quiet, and jumps to the next due moment.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from config.demo.desk import Desk
from crm.models import Connection
from mail.models import Mailbox
from runtime import clock
from workers import clock as moments
from workers import schedule
from workers.app import quiet

#: Real seconds without any progress before the bell is rung again, and before giving up.
RING_AGAIN = 1.0
GIVE_UP = 120.0
#: How often the rows are looked at while other processes work.
LOOK_EVERY = 0.02

#: Told after each moment that passed: the moment.
Passed = Callable[[datetime], None]


class StandstillError(Exception):
    """Work stayed due for too long: something does not finish."""


@dataclass(kw_only=True)
class Driver:
    control: str
    ends_at: datetime
    #: None: nobody does what people are asked to do.
    desk: Desk | None = None

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.pause = threading.Event()

    def run(self, passed: Passed) -> None:
        """Live through every due moment until the end, when the CRMs are asked once more."""
        has_caught_up = False
        while True:
            now = clock.now()
            due = [self.live(now), schedule.next_due()]
            if self.desk is not None:
                due.append(self.desk.next_due(now))
            passed(now)
            following = [at for at in due if at is not None]
            if following and (min(following) <= self.ends_at or schedule.owing()):
                moments.advance(min(following))
                has_caught_up = False  # the world went on, too
            elif has_caught_up:
                return
            else:
                # What people did in a CRM since its last pull is no news yet: as `cadenza sync` does.
                Connection.objects.update(pull_due_at=now)
                has_caught_up = True

    def live(self, now: datetime) -> datetime | None:
        """One moment: the world first, then everything that it makes due. The world's next due."""
        told = self._hand_over(now)
        self._settle(now, sorted(told["delivered"]))
        if self.desk is not None and self.desk.is_due(now):
            self.desk.work(now)
            self._settle(now, [])
        next_due = told["next_due"]
        return datetime.fromisoformat(next_due) if next_due else None

    def _hand_over(self, now: datetime) -> dict[str, Any]:
        answer = self.session.post(
            f"{self.control}/moment", json={"now": now.isoformat()}, timeout=60
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def _settle(self, now: datetime, unread: list[str]) -> None:
        """Ring and wait until nothing is due, queued, sending, unread or ready to push."""
        before = None
        began = rung = clock.monotonic()
        while work := self._work(now, unread):
            moment = clock.monotonic()
            if work != before:
                before, began = work, moment
                schedule.ring_due(work)
                rung = moment
            elif moment - rung > RING_AGAIN:
                schedule.ring_due(work)
                rung = moment
            if moment - began > GIVE_UP:
                raise StandstillError(f"at {now} this stays due: {work}")
            self._wait()

    def _wait(self) -> None:
        """Let the others work: until they are done when they are here, else for a moment."""
        if quiet is None:
            self.pause.wait(LOOK_EVERY)
        else:
            quiet.wait(RING_AGAIN)

    def _work(self, now: datetime, unread: list[str]) -> schedule.Due | None:
        """What is left to do; answers first, since what they stop must not leave."""
        inboxes = self._unread(now, unread)
        if inboxes:
            return schedule.Due(read_mailbox=inboxes)
        return schedule.due(inboxes=False) or None

    def _unread(self, now: datetime, unread: list[str]) -> list[int]:
        """Mailboxes that got something at this moment and were not read at it."""
        if not unread:
            return []
        rows = Mailbox.objects.filter(address__in=unread).exclude(read_at__gte=now)
        return list(rows.values_list("pk", flat=True))
