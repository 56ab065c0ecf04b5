"""What was rung for in this process, when it works the tasks off itself."""

import threading
from collections import Counter
from collections.abc import Sequence

from celery import Task
from celery.signals import task_postrun, task_prerun

from runtime import clock

#: A task's name and its arguments as text.
Call = tuple[str, str]
#: Real seconds after which a task that has not begun is queued once more.
LOST_AFTER = 5.0


class Quiet:
    """Which tasks wait and how many are not done; only for a broker inside the process.

    A task that waits already need not be queued twice: when it begins, it sees every row that was
    committed before the second ring as well.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[Call, float] = {}
        self._outstanding: Counter[str] = Counter()
        task_prerun.connect(self._begun, weak=False)
        task_postrun.connect(self._done, weak=False)

    def queued(self, name: str, args: object) -> bool:
        """Count a task that is about to be queued; False when the same one waits already."""
        with self._changed:
            call, moment = (name, str(args)), clock.monotonic()
            if moment - self._waiting.get(call, 0.0) < LOST_AFTER:
                return False
            self._waiting[call] = moment
            self._outstanding[name] += 1
            return True

    def wait(self, seconds: float) -> bool:
        """Until nothing is outstanding, at most so long; whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not +self._outstanding, seconds)

    def _begun(self, *, sender: Task, args: Sequence[object], **_about: object) -> None:
        with self._changed:
            self._waiting.pop((sender.name, str(list(args))), None)

    def _done(self, *, sender: Task, **_about: object) -> None:
        with self._changed:
            self._outstanding[sender.name] -= 1
            self._changed.notify_all()
