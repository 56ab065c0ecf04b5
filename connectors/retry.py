"""Repeating a call by the kind of its error: the waits of one call stay under 30 seconds in all.

A longer wait is the caller's: it is raised, and goes to a row's due time.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)

from connectors.errors import RateLimited, Unavailable

T = TypeVar("T")

ATTEMPTS = 4
#: Seconds from the first attempt within which a last one may begin.
PATIENCE = 20.0
#: A longer `retry_after` is not waited for here.
SHORT = 10.0

_backoff = wait_exponential_jitter(multiplier=0.3, max=5, jitter=0.3)


def persistently(call: Callable[[], T], *, repeatable: bool) -> T:
    """Call until it succeeds or patience ends, then raise its last error.

    Pass `repeatable=True` for reads, and for writes where doing it twice is doing it once: only
    those are repeated after Unavailable, whose effect is unknown. RateLimited had no effect, so
    any call is repeated after it when the wait is short.
    """
    retrying = Retrying(
        retry=retry_if_exception(lambda error: _worth_another(error, repeatable=repeatable)),
        wait=_wait,
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(PATIENCE),
        sleep=rest,
        reraise=True,
    )
    return retrying(call)


def rest(seconds: float) -> None:
    """The one wait of the connectors, bounded by `persistently`."""
    time.sleep(seconds)


def _worth_another(error: BaseException, *, repeatable: bool) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after <= SHORT
    return repeatable and isinstance(error, Unavailable)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, RateLimited) else _backoff(state)
