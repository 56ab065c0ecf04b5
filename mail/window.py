"""Send windows: days of the week and hours of the day, in the time of the person who is written to.

They are closed on the public holidays of the countries they name. A moment is judged by what the
person's wall clock shows then, so gaps and overlaps of daylight saving time and zones that
abolished it need no rule of their own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic_core import from_json, to_json

from workspace.calendars import is_holiday
from workspace.zones import zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: A window opens at least this often, holidays or not.
LONGEST_CLOSED = timedelta(days=60)

_CLOCK_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


class Written(Protocol):
    """A window as a pydantic model of a definition, `from` and `to` being its aliases."""

    def model_dump(self, *, mode: str, by_alias: bool) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Window:
    """Open on `days` (0 is Monday) from minute `opens` up to, not including, minute `closes`."""

    days: frozenset[int]
    opens: int
    closes: int
    #: ISO codes of the countries on whose public holidays it is closed.
    holidays: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: "Written | Mapping[str, object]") -> Self:
        """Read {"days": ["mon", ...], "from": "09:00", "to": "17:00", "holidays": ["DE"]}.

        Holidays may be missing. ValueError says what is off.
        """
        if not isinstance(data, Mapping):
            data = data.model_dump(mode="json", by_alias=True)
        return cls._read(to_json(data))

    @classmethod
    @lru_cache(maxsize=1000)  # a team has few, and each email has its own
    def _read(cls, written: bytes) -> Self:
        data = from_json(written)
        names = data.get("days")
        if not isinstance(names, list | tuple) or not names:
            raise ValueError(f"window: days are {names!r}; name at least one of {', '.join(DAYS)}")
        unknown = [name for name in names if name not in DAYS]
        if unknown:
            raise ValueError(f"window: day {unknown[0]!r} is none of {', '.join(DAYS)}")
        opens, closes = _minute(data.get("from")), _minute(data.get("to"))
        if opens >= closes:
            raise ValueError(f"window: from {data['from']} is not before to {data['to']}")
        return cls(
            days=frozenset(map(DAYS.index, names)),
            opens=opens,
            closes=closes,
            holidays=_codes(data.get("holidays") or ()),
        )

    def opens_on(self, day: date) -> bool:
        return day.weekday() in self.days and not (self.holidays and _is_off(self.holidays, day))


def is_open(window: Window, timezone: ZoneInfo, moment: datetime) -> bool:
    local = moment.astimezone(timezone)
    minute = local.hour * 60 + local.minute
    return window.opens <= minute < window.closes and window.opens_on(local.date())


def next_open(
    window: Window | Written | Mapping[str, object], timezone: ZoneInfo | str, moment: datetime
) -> datetime:
    """`moment` itself when the window is open then, else when it opens next, in UTC.

    Holidays that would close it for longer than LONGEST_CLOSED do not count: `check` refuses such
    a window, and nobody waits for ever.
    """
    window = window if isinstance(window, Window) else Window.of(window)
    timezone = timezone if isinstance(timezone, ZoneInfo) else zone(timezone)
    moment = moment.astimezone(UTC)
    if is_open(window, timezone, moment):
        return moment
    day = moment.astimezone(timezone).date()
    for _ in range(LONGEST_CLOSED.days):
        if window.opens_on(day):
            for opening in _openings(window.opens, timezone, day):
                if opening >= moment and is_open(window, timezone, opening):
                    return opening
        day += timedelta(days=1)
    if window.holidays:
        return next_open(replace(window, holidays=()), timezone, moment)
    raise ValueError(f"window: never open in {timezone.key}")  # a zone would need 8 odd weeks


def never_opens(window: Window, first: date, last: date) -> bool:
    """Whether, between these days, holidays close it for longer than LONGEST_CLOSED."""
    closed_since = first
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if window.opens_on(day):
            closed_since = day
        elif day - closed_since > LONGEST_CLOSED:
            return True
    return False


@lru_cache(maxsize=20_000)  # a year of 50 groups of countries
def _is_off(countries: tuple[str, ...], day: date) -> bool:
    return any(is_holiday(country, day) for country in countries)


@lru_cache(maxsize=20_000)  # a year of 50 zones
def _openings(opens: int, timezone: ZoneInfo, day: date) -> Sequence[datetime]:
    """The instants at which the wall clock first shows (or passes) minute `opens` on `day`."""
    wall = datetime.combine(day, time(*divmod(opens, 60)))
    first, second = (wall.replace(tzinfo=timezone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:  # the two of an overlap
        return (first, second)
    return (_jump(timezone, second, first),)  # in a gap: fold=1 lies before it, fold=0 behind


def _jump(timezone: ZoneInfo, before: datetime, behind: datetime) -> datetime:
    """The first second with the new UTC offset in (before, behind]."""
    offset = before.astimezone(timezone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(behind - before) // timedelta(seconds=2))
        if middle.astimezone(timezone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind


def _codes(listed: object) -> tuple[str, ...]:
    if not isinstance(listed, list | tuple) or not all(isinstance(code, str) for code in listed):
        raise ValueError(f"window: holidays are {listed!r}; a list of country codes is valid")
    return tuple(listed)


def _minute(text: object) -> int:
    match = _CLOCK_TIME.fullmatch(text) if isinstance(text, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minute <= 24 * 60:
        raise ValueError(f"window: {text!r} is no time of day such as '09:00'")
    return minute
