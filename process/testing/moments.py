"""Days and times as tests write them: `tue 10 mar`, `tue 10 mar 09:30`, `2026-03-10 09:30`."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import PlainValidator

from mail.window import DAYS
from workspace.durations import Duration
from workspace.problems import Fault

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Of a day that is written without a time.
MORNING = time(9)

_CLOCK = r"(?:[ T](?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9]))?"
_ISO = re.compile(rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}}){_CLOCK}")
_SPOKEN = re.compile(
    rf"(?:(?P<weekday>{'|'.join(DAYS)}) )?(?P<day>[0-9]{{1,2}}) (?P<name>{'|'.join(MONTHS)})"
    rf"(?: (?P<year>[0-9]{{4}}))?{_CLOCK}"
)
_LIKE = '"tue 10 mar", "tue 10 mar 09:30" or "2026-03-10 09:30"'
_LEAP_YEAR = 2024


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A day, in the lead's time zone; without a year it is the next such day."""

    written: str
    year: int | None
    month: int
    day: int
    weekday: int | None = None  #: 0 is Monday
    clock: time | None = None

    @classmethod
    def parse(cls, written: object) -> Self:
        """Raises Fault with the forms that are read."""
        text = " ".join(str(written).lower().split())
        match = _SPOKEN.fullmatch(text) or _ISO.fullmatch(text.replace("t", " "))
        if match is None:
            raise Fault(f'"{written}" is no moment; write it like {_LIKE}')
        found = match.groupdict()
        year = int(found["year"]) if found["year"] else None
        name, weekday = found.get("name"), found.get("weekday")
        month = MONTHS.index(name) + 1 if name else int(found["month"])
        try:
            date(year or _LEAP_YEAR, month, int(found["day"]))
        except ValueError as error:
            raise Fault(f'"{written}": there is no such day') from error
        clock = time(int(found["hour"]), int(found["minute"])) if found["hour"] else None
        return cls(
            written=text,
            year=year,
            month=month,
            day=int(found["day"]),
            weekday=DAYS.index(weekday) if weekday else None,
            clock=clock,
        )

    def resolve(self, start: date) -> date:
        """Raises Fault when it is another day of the week."""
        years = [self.year] if self.year else range(start.year, start.year + 9)
        days = [date(y, self.month, self.day) for y in years if self._is_in(y)]
        found = next((day for day in days if self.year or day >= start), days[0])
        if self.weekday not in {None, found.weekday()}:
            raise Fault(f'"{self.written}": in {found.year} it is {told(found)}')
        return found

    def moment(self, start: datetime) -> datetime:
        """In the time zone of `start`."""
        wall = datetime.combine(self.resolve(start.date()), self.clock or MORNING)
        return wall.replace(tzinfo=start.tzinfo)

    def _is_in(self, year: int) -> bool:
        try:
            date(year, self.month, self.day)
        except ValueError:
            return False
        return True


def told(moment: date) -> str:
    """As tests are written: `tue 10 mar`, and with its time if it has one."""
    day = f"{DAYS[moment.weekday()]} {moment.day} {MONTHS[moment.month - 1]}"
    return f"{day} {moment:%H:%M}" if isinstance(moment, datetime) else day


def local(moment: datetime, timezone: ZoneInfo) -> str:
    return told(moment.astimezone(timezone))


def _at(written: object) -> Moment | Duration:
    try:
        return Moment.parse(written)
    except Fault as fault:
        if "no such day" in str(fault):
            raise
    try:
        return Duration.parse(str(written))
    except Fault as fault:
        message = f'"{written}" is neither a duration such as "2 days" nor a moment; write it like {_LIKE}'
        raise Fault(message) from fault


def _start(written: object) -> Moment:
    moment = Moment.parse(written)
    if moment.year is None:
        raise Fault(f'"{written}" has no year; write it like "2026-03-02 09:00"')
    moment.resolve(date.min)
    return moment


#: So long after the start, or a moment.
At = Annotated[Moment | Duration, PlainValidator(_at)]
#: A moment with its year.
Start = Annotated[Moment, PlainValidator(_start)]
