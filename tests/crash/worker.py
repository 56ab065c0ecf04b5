"""A worker's process: it delivers from every mailbox, in an order of its own, until it is killed."""

import json
import logging
import os
import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

from runtime import clock
from tests.crash.watch import Watch
from workers import tasks

log = logging.getLogger(__name__)
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
fork = get_context("fork")


class Shared:
    """What the driver and its processes read of each other, without a lock that a kill could keep."""

    def __init__(self, workers):
        self.is_open = fork.RawValue("b", False)
        self.is_idle = fork.RawArray("b", workers)
        #: Whether a worker has given an email to the server, and done nothing since.
        self.has_given = fork.RawArray("b", workers)
        #: Seconds by which the machine's clock is ahead here: leases run out at once.
        self.ahead = fork.RawValue("d", 0.0)
        self.minutes = fork.RawValue("d", 0.0)

    def install_clocks(self):
        real = clock.monotonic
        clock.monotonic = lambda: real() + self.ahead.value
        clock.install(self.now)

    def now(self):
        return NOON + timedelta(minutes=self.minutes.value)


def work(shared, place, mailbox_ids, folder, seed):
    """Rung for every mailbox at once, as by a broker that rings twice and to several workers."""
    shared.install_clocks()
    checks = os.open(folder / "checks.jsonl", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    Watch(
        lambda *told: os.write(checks, json.dumps(told).encode() + b"\n"),
        lambda is_given: shared.has_given.__setitem__(place, is_given),
    ).install()
    logging.basicConfig(filename=folder / "faults.log", level=logging.ERROR)
    order = random.Random(seed)  # noqa: S311 - a test that can be repeated
    while True:
        shared.is_idle[place] = False
        if shared.is_open.value:
            try:
                tasks.deliver(order.sample(mailbox_ids, len(mailbox_ids)))
            except Exception:
                log.exception("a task failed")
        shared.is_idle[place] = True
        time.sleep(0.002)
