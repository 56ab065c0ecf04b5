"""Time zones by their IANA names."""

from difflib import get_close_matches
from functools import lru_cache
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


def _known(name: str) -> str:
    return zone(name).key


ZoneName = Annotated[str, AfterValidator(_known)]
