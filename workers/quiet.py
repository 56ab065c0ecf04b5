"""Whether the tasks that this process rang for are done, when it works them off itself."""

import threading

from celery.signals import task_postrun


class Quiet:
    """Counts what was queued and what was done; only for a broker inside the process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._outstanding = 0
        task_postrun.connect(self._done, weak=False)

    def queued(self) -> None:
        with self._changed:
            self._outstanding += 1

    def wait(self, seconds: float) -> bool:
        """Until nothing is outstanding, at most so long; whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._outstanding <= 0, seconds)

    def _done(self, **_about: object) -> None:
        with self._changed:
            self._outstanding -= 1
            self._changed.notify_all()
