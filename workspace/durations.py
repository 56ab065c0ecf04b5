"""Lengths of time as people write them: `3 business days`, `90 seconds`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from workspace.problems import Fault, unknown
from workspace.zones import zone

Unit = Literal["second", "minute", "hour", "day", "business day", "week"]
UNITS: tuple[Unit, ...] = get_args(Unit)

_LENGTHS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "business day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
#: What may be written: ten years.
LONGEST = timedelta(days=3660)
_WRITTEN = re.compile(r"([0-9]{1,9})\s+([^\W\d]+(?:\s+[^\W\d]+)*)")
_FRIDAY = 4


@dataclass(frozen=True, kw_only=True)
class Duration:
    """An amount of a unit. Days, business days and weeks keep the wall clock's time."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3 business days`; raises Fault with the valid units."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise Fault(
                f'"{text}" is no duration; write an amount and a unit, such as "3 business days"',
                choices=UNITS,
            )
        amount, written = int(match[1]), " ".join(match[2].lower().split())
        unit = next((unit for unit in UNITS if written in (unit, f"{unit}s")), None)
        if unit is None:
            raise Fault(
                f'"{text}": {unknown("unit", written, (f"{unit}s" for unit in UNITS))}',
                choices=[f"{unit}s" for unit in UNITS],
            )
        if amount == 0 or amount * _LENGTHS[unit] > LONGEST:
            raise Fault(f'"{text}" is not between 1 {unit} and ten years')
        return cls(amount=amount, unit=unit)

    @property
    def elapsed(self) -> timedelta:
        """The length on a stop watch; business days have none."""
        if self.unit == "business day":
            raise ValueError("business days have no fixed length")
        return self.amount * _LENGTHS[self.unit]

    @property
    def longest(self) -> timedelta:
        """The length by the calendar, weekends counted: of business days the longest there is."""
        if self.unit != "business day":
            return self.elapsed
        weeks, days = divmod(self.amount, 5)
        return timedelta(weeks=weeks, days=days + 2 if days else 0)

    def after(self, moment: datetime, timezone: str | ZoneInfo) -> datetime:
        """The moment, in UTC, so long after `moment` by the calendar of `timezone`.

        Business days are Monday to Friday. A wall time that the clocks skip that day is taken as
        much later as they skip; of one that they show twice, the first is taken.
        """
        if self.unit in ("second", "minute", "hour"):
            return moment.astimezone(UTC) + self.elapsed
        return self._by_calendar(moment, timezone)

    def before(self, moment: datetime, timezone: str | ZoneInfo) -> datetime:
        """The moment, in UTC, so long before `moment`, likewise; business days are not counted back."""
        if self.unit in ("second", "minute", "hour"):
            return moment.astimezone(UTC) - self.elapsed
        local = moment.astimezone(zone(timezone) if isinstance(timezone, str) else timezone)
        return _at_its_time(local, local.date() - self.elapsed)

    @cached_property
    def _by_calendar(self) -> Callable[[datetime, str | ZoneInfo], datetime]:
        """Few durations are written, and each is asked about often: it remembers for itself."""
        return lru_cache(maxsize=5000)(self._reckoned)

    def _reckoned(self, moment: datetime, timezone: str | ZoneInfo) -> datetime:
        local = moment.astimezone(zone(timezone) if isinstance(timezone, str) else timezone)
        if self.unit == "business day":
            day = _business_days_later(local.date(), self.amount)
        else:
            day = local.date() + self.elapsed
        return _at_its_time(local, day)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._read, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        units = "|".join(f"{unit}s?" for unit in UNITS)
        return {
            "type": "string",
            "pattern": rf"^\s*[0-9]{{1,9}}\s+({units})\s*$",
            "description": f"an amount and a unit: {', '.join(f'{unit}s' for unit in UNITS)}",
            "examples": ["3 business days", "90 minutes"],
        }

    @classmethod
    def _read(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        return cls.parse(value if isinstance(value, str) else str(value))


def _at_its_time(local: datetime, day: date) -> datetime:
    """The same time of another day."""
    return local.replace(year=day.year, month=day.month, day=day.day, fold=0).astimezone(UTC)


def _fixed(duration: Duration) -> Duration:
    if duration.unit == "business day":
        choices = [f"{unit}s" for unit in UNITS if unit != "business day"]
        raise Fault(
            f'"{duration}": business days have no fixed length; valid: {", ".join(choices)}',
            choices=choices,
        )
    return duration


#: A duration that a stop watch could measure.
FixedDuration = Annotated[Duration, AfterValidator(_fixed)]


def _business_days_later(day: date, amount: int) -> date:
    weeks, days = divmod(amount, 5)
    day = min(
        day, day - timedelta(days=day.weekday() - _FRIDAY)
    )  # a weekend counts from its Friday
    day += timedelta(weeks=weeks)
    beyond_friday = day.weekday() + days > _FRIDAY
    return day + timedelta(days=days + (2 if beyond_friday else 0))
