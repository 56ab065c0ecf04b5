"""The Celery application: Redis when REDIS_URL is set, else a broker inside this process.

The broker only rings a bell. It may lose everything: sweeps find the work in the rows.
"""

import logging
from collections.abc import Sequence

from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from runtime import bell
from workers.quiet import Quiet

log = logging.getLogger(__name__)

app = Celery("cadenza", set_as_current=True)
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://",
    # The memory transport asks its queues once a second unless told otherwise; a sandbox run, in
    # which nobody waits but the clock, asks more often than production should.
    broker_transport_options={"visibility_timeout": 3600}
    if settings.REDIS_URL
    else {"polling_interval": 0.001 if settings.CADENZA_MODE == "sandbox" else 0.02},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    # A killed worker's task is rung again by a sweep; prefetched ones would hide for an hour.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    timezone="UTC",
    # Database connections are kept over tasks; Django drops those that are obsolete or broken.
    CELERY_DB_REUSE_MAX=10_000,
    imports=["workers.tasks"],
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "sweep": {"task": "workers.tasks.sweep", "schedule": 5.0, "options": {"expires": 30}}
    },
)


#: With the broker inside this process: whether all that was rung for is done.
quiet = None if settings.REDIS_URL else Quiet()


def ring(name: str, ids: Sequence[int]) -> None:
    """Queue the task that the bell is called after; a broker that is down is only logged."""
    task, args = f"workers.tasks.{name}", [list(ids)] if ids else []
    if quiet is not None and not quiet.queued(task, args):
        return
    try:
        app.send_task(task, args=args)
    except OperationalError as error:
        log.warning("the broker did not take %s: %s; a sweep will find the work", name, error)


def fill_bell() -> None:
    """Make everything that rings in this process prompt."""
    bell.install(ring)
