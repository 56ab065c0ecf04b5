"""One budget of API calls per connection, shared by every worker: token buckets in rows.

A call takes a token, and a day's count keeps below the account's limit. What is urgent may take the
last ones: opt-outs and stops before stage changes, then touches, then reading.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Least
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay

from connectors import retry
from connectors.endpoints import Bucket
from connectors.errors import RateLimited
from crm import lease
from crm.models import CallBudget, Connection
from runtime import clock

#: Seconds that a call may wait here for its token; a longer wait is the caller's.
PATIENCE = 20.0
#: Of a full bucket and of the day's calls, the share that each priority must leave untouched.
_LEAVES = (0.0, 0.0, 0.1, 0.2)
_DAY_LEAVES = (0.0, 0.0, 0.02, 0.05)
_READING = len(_LEAVES) - 1
_priority: ContextVar[int] = ContextVar("priority", default=_READING)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an account's tier allows: `burst` at once, then `rate` a second; `day` in all."""

    burst: float
    rate: float
    search_rate: float
    day: int


#: HubSpot's tiers: 100, 190 or 250 calls in any ten seconds, so burst + 10 x rate stays below.
#: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
HUBSPOT = {
    "free": Limits(burst=10, rate=8.9, search_rate=4, day=250_000),
    "professional": Limits(burst=20, rate=16.9, search_rate=4, day=625_000),
    "enterprise": Limits(burst=20, rate=16.9, search_rate=4, day=1_000_000),
    "add_on": Limits(burst=30, rate=21.9, search_rate=4, day=1_000_000),
}
#: Salesforce has no limit a second, but 25 long calls at once; the day's calls roll.
_SALESFORCE_RATE = 50.0
#: No account is granted more calls a day.
_MOST_A_DAY = 10**9


def limits_of(connection: Connection) -> Limits:
    settings = connection.settings
    if connection.kind == "salesforce":
        day = int(settings.get("calls_per_day") or 100_000)
        return Limits(burst=50, rate=_SALESFORCE_RATE, search_rate=_SALESFORCE_RATE, day=day)
    if connection.kind == "hubspot":
        limits = HUBSPOT[str(settings.get("tier") or "free")]
        if granted := settings.get("calls_per_10_seconds"):
            burst = int(granted) * 0.1
            rate = (int(granted) - burst) / 10
            limits = replace(limits, burst=burst, rate=rate)
        if granted := settings.get("searches_per_second"):
            limits = replace(limits, search_rate=float(granted))
        return limits
    return Limits(burst=1000, rate=1000, search_rate=1000, day=1_000_000_000)


@contextmanager
def at(priority: int) -> Iterator[None]:
    """Calls within are that urgent; see crm.ledger for the priorities."""
    token = _priority.set(min(priority, _READING))
    try:
        yield
    finally:
        _priority.reset(token)


class Budget:
    """What a connector asks before each call, and tells what the CRM said of its use."""

    def __init__(self, connection: Connection) -> None:
        self._connection_id = connection.pk
        self._limits = limits_of(connection)
        self._made: set[str] = set()
        self._allowed: int | None = None

    def take(self, bucket: Bucket) -> None:
        """Wait for a call's turn. Raises RateLimited when it is not within PATIENCE."""
        Retrying(
            retry=retry_if_exception_type(RateLimited),
            wait=_wait,
            stop=stop_before_delay(PATIENCE),
            sleep=retry.rest,
            reraise=True,
        )(self._take, bucket)

    def told(self, *, used: int, allowed: int) -> None:
        """The CRM's own count for the day, by anybody: it wins over ours where it is higher."""
        if not (0 < allowed <= _MOST_A_DAY and 0 <= used <= _MOST_A_DAY):
            return  # no account's numbers
        rows = CallBudget.objects.filter(connection=self._connection_id, name="call")
        rows.filter(day_used__lt=used - allowed // 100).update(day_used=used)
        if allowed != self._allowed:
            rows.update(day_limit=allowed)
            self._allowed = allowed

    def _take(self, bucket: Bucket) -> None:
        lease.keep()
        self._make(bucket)
        now, priority = clock.monotonic(), _priority.get()
        burst, rate = self._size(bucket)
        rows = CallBudget.objects.filter(connection=self._connection_id, name=bucket)
        full = Least(
            F("tokens") + (Value(now) - F("refilled_at")) * rate,
            Value(burst),
            output_field=FloatField(),
        )
        day = _day(now)
        used = Case(When(day=day, then=F("day_used")), default=Value(0))
        leave = 1 + burst * _LEAVES[priority]
        day_share = 1 - _DAY_LEAVES[priority]
        free = rows.annotate(full=full, used=used).filter(
            full__gte=leave, used__lt=F("day_limit") * day_share
        )
        if free.update(tokens=full - 1, refilled_at=now, day=day, day_used=used + 1):
            return
        row = rows.get()
        if row.day == day and row.day_used >= row.day_limit * day_share:
            wait = (datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)).timestamp()
            raise RateLimited("the day's API calls are used up", retry_after=max(60.0, wait - now))
        missing = leave - min(burst, row.tokens + (now - row.refilled_at) * rate)
        raise RateLimited(
            "the API budget is used up for now", retry_after=max(0.01, missing / rate)
        )

    def _size(self, bucket: Bucket) -> tuple[float, float]:
        if bucket == "search":
            return 1.0 / (1 - _LEAVES[_READING]) + 1, self._limits.search_rate
        return self._limits.burst, self._limits.rate

    def _make(self, bucket: Bucket) -> None:
        if bucket in self._made:
            return
        burst, _ = self._size(bucket)
        CallBudget.objects.get_or_create(
            connection_id=self._connection_id,
            name=bucket,
            defaults={
                "tokens": burst,
                "refilled_at": clock.monotonic(),
                "day": _day(clock.monotonic()),
                "day_limit": self._limits.day,
            },
        )
        self._made.add(bucket)


def today() -> date:
    """The day whose calls are counted: by UTC and the real clock."""
    return _day(clock.monotonic())


def _day(moment: float) -> date:
    return datetime.fromtimestamp(moment, UTC).date()


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, RateLimited) else 0.0
