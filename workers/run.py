"""The long-running processes: a worker, the beat, the listener, or all of them in one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from celery.beat import Service

from mail.listen import Listener
from runtime import memory
from workers.app import app, fill_bell
from workers.clock import use_moment_if_kept


def worker(*, concurrency: int = 4) -> None:
    """Work until told to stop; finishes the task at hand."""
    _prepare()
    with working(concurrency):
        _until_told()


def beat() -> None:
    """Ring the sweeps. Two of them are harmless: a tick only claims due rows."""
    _prepare()
    with _thread("beat", *_beat()):
        _until_told()


def listener() -> None:
    """Hold IDLE on the mailboxes that no other listener holds."""
    _prepare()
    with _thread("listener", *_listener()):
        _until_told()


def everything() -> None:
    """Worker, beat and listener in this process; the caller serves the web beside them."""
    _prepare()
    with working(4), _thread("beat", *_beat()), _thread("listener", *_listener()):
        _until_told()


@contextmanager
def working(concurrency: int) -> Iterator[None]:
    """A Celery worker of `concurrency` threads in this process."""
    fill_bell()
    controller = app.WorkController(pool="threads", concurrency=concurrency, loglevel="WARNING")
    memory.settle()
    with _thread("worker", controller.start, controller.stop):
        yield


def _prepare() -> None:
    use_moment_if_kept()
    fill_bell()


def _beat() -> tuple[Callable[[], None], Callable[[], None]]:
    service = Service(app)
    return service.start, service.stop


def _listener() -> tuple[Callable[[], None], Callable[[], None]]:
    told = threading.Event()
    return lambda: Listener(told).run(), told.set


@contextmanager
def _thread(name: str, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=start, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(timeout=30)


def _until_told() -> None:
    """Until SIGTERM or SIGINT."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    told.wait()
