"""Whether an email may leave now: caps, spacing and the send window. Pure.

Caps are rolling, as providers count them: at most `per_day` in any 24 hours, `per_hour` in any 60
minutes and `per_minute` in any 60 seconds, so no midnight lets a double portion through. The gap has
a jitter, for a clockwork is no person.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TypeVar
from zoneinfo import ZoneInfo

from mail.window import Window, next_open
from workspace.zones import zone

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

Because = dict[str, object]
Email = TypeVar("Email")
#: The rule that is named, and how many are let through in how much time.
Cap = tuple[str, int, timedelta]


@dataclass(frozen=True, kw_only=True)
class Limits:
    per_day: int
    per_hour: int
    gap: timedelta  #: least time between two emails of the mailbox
    per_minute: int | None = None  #: None: no cap
    ramp_up: int | None = (
        None  #: what a new mailbox may send by now, see RampUp; None: it is not new
    )
    #: The mailbox's address, so that no two keep the same time.
    whose: str = ""

    @cached_property
    def caps(self) -> Sequence[Cap]:
        caps = (
            ("per_minute", self.per_minute, MINUTE),
            ("per_hour", self.per_hour, HOUR),
            ("ramp_up", self.ramp_up, DAY),
            ("per_day", self.per_day, DAY),
        )
        return [(rule, most, span) for rule, most, span in caps if most is not None]

    def gap_after(self, moment: datetime) -> timedelta:
        """The gap and up to a third more: always the same after the same moment."""
        return _gap(self.gap, self.whose, moment) if self.gap else self.gap


@dataclass(frozen=True, kw_only=True)
class RampUp:
    """A new mailbox sends a few emails a day at first, and more after each day on which it sent.

    Days are UTC's. A day without emails does not count: providers do not see one either.
    """

    start: int
    add: int
    days: int = 0  #: on which it sent, `last` among them
    last: date | None = None

    def most(self, now: datetime) -> int:
        today = now.astimezone(UTC).date()
        before = self.days - (self.last is not None and self.last >= today)
        return self.start + self.add * before

    def sent(self, now: datetime) -> "RampUp":
        today = now.astimezone(UTC).date()
        if self.last is not None and self.last >= today:
            return self
        return replace(self, days=self.days + 1, last=today)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What one recipient domain or one company gets from all mailboxes together."""

    caps: Sequence[Cap]
    history: list[datetime] = field(default_factory=list)


#: With its send window, the time zone in which that is read, and the quotas that it counts in.
Waiting = tuple[Email, Window | Mapping[str, object], ZoneInfo | str, Sequence[Quota]]


@dataclass(frozen=True, kw_only=True)
class Now:
    because: Because


@dataclass(frozen=True, kw_only=True)
class Later:
    at: datetime  #: asked again then, it is admitted unless others left meanwhile
    because: Because

    @property
    def is_for_all(self) -> bool:
        """It holds for whatever else the mailbox has: caps and spacing, no window and no quota."""
        return self.because["rule"] in {"gap", "per_minute", "per_hour", "ramp_up", "per_day"}


@dataclass(frozen=True, kw_only=True)
class Never:
    because: Because


Admission = Now | Later | Never


def admit(
    history: Iterable[datetime],
    limits: Limits,
    window: Window | Mapping[str, object],
    timezone: ZoneInfo | str,
    now: datetime,
    *,
    quotas: Sequence[Quota] = (),
) -> Admission:
    """May one more email leave `now`, after those of `history` (the last 24 hours suffice)?"""
    try:
        window = window if isinstance(window, Window) else Window.of(window)
        timezone = timezone if isinstance(timezone, ZoneInfo) else zone(timezone)
    except ValueError as error:
        return Never(because={"rule": "window", "error": str(error)})
    for rule, most, _ in limits.caps:
        if most <= 0:
            return Never(because={"rule": rule, "limit": most})
    now = now.astimezone(UTC)
    free, rule = paced(history, limits, now)
    shared, of = _shared(quotas, now)
    if shared > free:
        return Later(at=next_open(window, timezone, shared), because=of)
    opens = next_open(window, timezone, free)
    if opens > free:
        return Later(at=opens, because={"rule": "window", "timezone": timezone.key})
    if free > now:
        return Later(at=free, because={"rule": rule, "limit": _limit(limits, rule)})
    return Now(because={"rule": "admitted", "timezone": timezone.key})


def admit_each(
    waiting: Iterable[Waiting[Email]],
    history: list[datetime],
    limits: Limits,
    now: datetime,
) -> Iterator[tuple[Email, Admission]]:
    """A mailbox's emails in their order, up to the first that its caps hold back.

    Those that may leave are added to `history` and to their quotas. Whoever stands behind one that
    is held back waits with it: see `paced`.
    """
    for email, window, timezone, quotas in waiting:
        admission = admit(history, limits, window, timezone, now, quotas=quotas)
        if isinstance(admission, Now):
            for counted in (history, *(quota.history for quota in quotas)):
                counted.append(now)
        yield email, admission
        if isinstance(admission, Later) and admission.is_for_all:
            return


def paced(history: Iterable[datetime], limits: Limits, now: datetime) -> tuple[datetime, str]:
    """The first moment from `now` on that caps and spacing allow, and which of them decided."""
    times = sorted(history)
    del times[: bisect_right(times, now - DAY)]
    waits = [(now, "none")]
    if times:
        waits.append((times[-1] + limits.gap_after(times[-1]), "gap"))
    waits += [(free, rule) for free, rule, _ in _full(limits.caps, times)]
    # The first of equals wins: "none" whenever nothing needs to wait.
    return max(waits, key=lambda wait: wait[0])


@lru_cache(maxsize=1000)  # asked when the next email is held back, and when it may leave
def _gap(least: timedelta, whose: str, moment: datetime) -> timedelta:
    told = sha256(f"{whose}:{moment.timestamp()}".encode()).digest()
    return least + least * int.from_bytes(told[:2]) / (3 * 2**16)


def _shared(quotas: Sequence[Quota], now: datetime) -> tuple[datetime, Because]:
    """The first moment from `now` on that these allow, and which of them decided."""
    if not quotas:
        return now, {}
    waits: list[tuple[datetime, Because]] = [(now, {})]
    for quota in quotas:
        full = _full(quota.caps, sorted(quota.history))
        waits += [(free, {"rule": rule, "limit": most}) for free, rule, most in full]
    return max(waits, key=lambda wait: wait[0])


def _full(caps: Sequence[Cap], times: Sequence[datetime]) -> Iterator[tuple[datetime, str, int]]:
    """The caps that these moments, the oldest first, have filled: until when, the rule and its limit."""
    for rule, most, span in caps:
        if len(times) >= most:
            yield times[-most] + span, rule, most


def _limit(limits: Limits, rule: str) -> object:
    value = getattr(limits, rule)
    return value.total_seconds() if isinstance(value, timedelta) else value
