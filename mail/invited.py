"""What an email invites to, as the facts tell it: when, to what, where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import TemplateError

from workspace.expressions import look_up
from workspace.templating import known, render

#: CRMs write others for no date at all, and near the calendar's ends no time zone can be reckoned.
_YEARS = range(1970, 9998)


@dataclass(frozen=True, kw_only=True)
class Told:
    title: str
    starts_at: datetime
    location: str


def read(written: Mapping[str, Any], facts: Mapping[str, object], *, now: datetime | None) -> Told:
    """`written` as Message.invite has it. ValueError when it cannot be made, or has begun by `now`."""
    facts = known(facts)
    return Told(
        title=_rendered(written, "title", facts),
        starts_at=_start(written["start"], facts, now),
        location=_rendered(written, "location", facts),
    )


def problem(written: Mapping[str, Any], facts: Mapping[str, object], *, now: datetime) -> str:
    """Why nobody can be invited to it; blank when somebody can."""
    try:
        read(written, facts, now=now)
    except ValueError as error:
        return str(error)
    return ""


def _rendered(written: Mapping[str, Any], name: str, facts: Mapping[str, object]) -> str:
    try:
        return " ".join(render(written[name] or "", facts).split())
    except TemplateError as error:
        raise ValueError(f"the invitation's {name}: {error}") from error


def _start(fact: str, facts: Mapping[str, object], now: datetime | None) -> datetime:
    value = look_up(fact.split("."), facts)
    if value is None:
        raise ValueError(f"the invitation's start, {fact}, is blank")
    moment = _moment(str(value))
    if moment is None or moment.year not in _YEARS:
        raise ValueError(f"the invitation's start, {fact}, is no moment: {value}")
    if now is not None and moment <= now:
        raise ValueError(f"the invitation's start, {fact}, has passed: {value}")
    return moment


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
