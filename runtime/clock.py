"""The only place that asks the time.

`now()` is business time, which a demo may jump forward; `monotonic()` is real time for timeouts,
retries, rate limits and leases, and always flows.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Source = Callable[[], datetime]


def _real() -> datetime:
    return datetime.now(UTC)


_source: Source = _real
#: Anchored once, so that it never goes back in this process and still compares across machines.
_anchor = time.time() - time.monotonic()


def now() -> datetime:
    """The business moment, aware, in UTC."""
    return _source()


def monotonic() -> float:
    """Real seconds since the epoch that never go back; leases in rows compare across machines."""
    return _anchor + time.monotonic()


def install(source: Source | None) -> None:
    """Read business time from `source` from now on; None brings the real clock back."""
    global _source  # noqa: PLW0603 - one clock per process is the point
    _source = source or _real


def is_real() -> bool:
    return _source is _real
