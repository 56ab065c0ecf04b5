"""Values in words, for people who read a terminal."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

#: As JSON keeps a moment.
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)").fullmatch


def in_words(  # noqa: PLR0911 - one for each kind of value
    value: object, place: tzinfo | None = None
) -> str:
    """Yes and no, lists without brackets, moments by the clock of `place`, else with their zone.

    Texts stay as they are, but for the moments that JSON keeps as texts.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value, place)
        case str():
            return _of_text(value, place)
        case Mapping():
            # PostgreSQL keeps the keys of JSON in an order of its own.
            return ", ".join(
                f"{name} {in_words(one, place)}" for name, one in sorted(value.items())
            )
        case list() | tuple() | set() | frozenset():
            return ", ".join(in_words(one, place) for one in value)
    return str(value)


def moment(at: datetime, place: tzinfo | None = None) -> str:
    """`Mon 2026-03-02 07:00` by the clock of a place that stands above it, or alone with its zone."""
    if place is not None:
        return f"{at.astimezone(place):%a %Y-%m-%d %H:%M}"
    named = at if hasattr(at.tzinfo, "key") else at.astimezone(UTC)
    return f"{named:%Y-%m-%d %H:%M} {zone_name(named)}"


def zone_name(at: datetime) -> str:
    """As a person would look it up: `Europe/Berlin` rather than CET."""
    return str(getattr(at.tzinfo, "key", "UTC"))


def _of_text(text: str, place: tzinfo | None) -> str:
    if not _WRITTEN(text):
        return text
    try:
        return moment(datetime.fromisoformat(text), place)
    except (ValueError, OverflowError):  # no day of the calendar, or none in that place
        return text
