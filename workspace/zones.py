"""Time zones by their IANA names, and those of countries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator

from workspace.problems import Fault


@lru_cache(maxsize=1000)
def zone(name: str) -> ZoneInfo:
    """The zone of this name; raises Fault with the nearest names."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = get_close_matches(name, sorted(available_timezones()), n=3) or [
            "Europe/Berlin",
            "UTC",
        ]
        raise Fault(
            f'unknown timezone "{name}"; IANA names are valid, such as {", ".join(near)}',
            choices=near,
        ) from error


def is_known(name: object) -> bool:
    """Whether a value of a CRM is the name of a zone."""
    try:
        return isinstance(name, str) and bool(zone(name))
    except Fault:
        return False


def known(*names: object) -> str:
    """The first that is a zone, for what CRMs and people wrote; UTC where none is."""
    return next((str(name) for name in names if name and is_known(name)), "UTC")


@lru_cache(maxsize=300)
def of_country(code: str) -> str:
    """The zone of a country in which all clocks show the same; blank for any other.

    Germany has two zones, and Büsingen's clock has not differed for decades: what counts is what
    clocks show from now on.
    """
    names = _by_country().get(code, [])
    return names[0] if len({_clock(name) for name in names}) == 1 else ""


@lru_cache(maxsize=1)
def _by_country() -> Mapping[str, Sequence[str]]:
    """ISO 3166 code -> its zones; the IANA's own table, in which the most populous come first."""
    found: dict[str, list[str]] = defaultdict(list)
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            code, _, name, *_ = line.split("\t")
            found[code].append(name)
    return found


def _clock(name: str) -> tuple[timedelta | None, ...]:
    """What the zone's clock shows, looked at often enough to tell it from any other."""
    place = zone(name)
    return tuple(
        (_FROM + number * _APART).astimezone(place).utcoffset() for number in range(_LOOKS)
    )


def _known(name: str) -> str:
    return zone(name).key


#: A dozen years in which every rule of today comes to bear, and none that was given up before.
_FROM, _APART, _LOOKS = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=10), 440
ZoneName = Annotated[str, AfterValidator(_known)]
