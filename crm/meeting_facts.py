"""Which of a lead's meetings its rules and emails are about, and what they read of it. Pure.

One that lies ahead comes before one that was, the next one first; one that was called off, or only
proposed, is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from workspace.zones import zone


class Standing(NamedTuple):
    """What counts of a meeting."""

    starts_at: datetime
    timezone: str
    title: str = ""
    url: str = ""
    status: str = "booked"  #: booked | held | missed


def of(meetings: Iterable[Standing]) -> Mapping[str, object] | None:
    found = sorted(meetings)
    one = next(iter(ahead(found) or reversed(found)), None)
    return None if one is None else _told(one)


def ahead(meetings: Iterable[Standing]) -> Sequence[Standing]:
    """Those that are still to be held, the next one first."""
    return sorted(one for one in meetings if one.status == "booked")


def _told(one: Standing) -> Mapping[str, object]:
    """Day and time are those of the lead's place."""
    local = one.starts_at.astimezone(zone(one.timezone))
    return {
        "start": one.starts_at.astimezone(UTC).isoformat(),
        "day": f"{local:%A}, {local.day} {local:%B}",
        "time": f"{local:%H:%M}",
        "timezone": one.timezone,
        "title": one.title or None,
        "url": one.url or None,
        "status": one.status,
    }
