"""Where a lead is: in which time zone its emails leave, on whose holidays none does. Pure.

The lead's record is asked first, then its company's. A record tells a time zone by its own field,
else by a country in which all clocks show the same.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from workspace import countries, zones
from workspace.calendars import LEAD

Facts = Mapping[str, Any]
Because = dict[str, Any]

_RECORDS = ("lead", "company")


def timezone_of(facts: Facts, *, window: str | None, workspace: str) -> Because:
    """{"zone": ..., "from": "lead" | "company" | "window" | "workspace"}.

    "country" is there where the record's country decided.
    """
    for record in _RECORDS:
        if told := _zone_of(facts.get(record) or {}):
            return {**told, "from": record}
    return {"zone": window or workspace, "from": "window" if window else "workspace"}


def holidays_of(facts: Facts, holidays: tuple[str, ...]) -> Because:
    """{"countries": [...], "from": "lead" | "company" | "window"}.

    Where the lead's country is asked for and not known: "unknown" with what is written there.
    """
    told: Because = {"countries": list(countries_of(facts, holidays))}
    if LEAD not in holidays:
        return {**told, "from": "window"}
    code, record, written = _country_of(facts)
    return {**told, "from": record} if code else {**told, "unknown": written}


def countries_of(facts: Facts, holidays: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of the countries that `holidays` of a window come to for this lead."""
    return _countries(holidays, *_written(facts)) if LEAD in holidays else holidays


def facts_read(holidays: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """The facts by which `countries_of` tells the countries."""
    return frozenset((record, "country") for record in _RECORDS if LEAD in holidays)


def told_of(timezone: Because, holidays: Because) -> str:
    """Both in a few words: `Europe/Berlin by the company's country, holidays of DE by the lead`."""
    return ", ".join(part for part in (_told_zone(timezone), *_told_holidays(holidays)) if part)


def _zone_of(record: Facts) -> Because:
    own = record.get("timezone") or (record.get("extra") or {}).get("timezone")
    if zones.is_known(own):
        return {"zone": own}
    code = countries.code(str(record.get("country") or ""))
    zone = zones.of_country(code)
    return {"zone": zone, "country": code} if zone else {}


def _country_of(facts: Facts) -> tuple[str, str, str]:
    """Code, record, and what is written there; of what none can read the lead's."""
    return _country_written(*_written(facts))


def _written(facts: Facts) -> Sequence[str]:
    """The lead's country and its company's, as they are written there."""
    return [str((facts.get(name) or {}).get("country") or "") for name in _RECORDS]


@lru_cache(maxsize=10_000)
def _countries(holidays: tuple[str, ...], *by_record: str) -> tuple[str, ...]:
    own, *_ = _country_written(*by_record)
    named = (own if name == LEAD else name for name in holidays)
    return tuple(dict.fromkeys(code for code in named if code))


@lru_cache(maxsize=10_000)
def _country_written(*by_record: str) -> tuple[str, str, str]:
    read = list(zip(_RECORDS, by_record, strict=True))
    for record, written in read:
        if code := countries.code(written):
            return code, record, written
    return "", "", next((written for _, written in read if written), "")


def _told_zone(timezone: Because) -> str:
    who = timezone.get("from")
    if not who:
        return str(timezone["zone"])
    whose = f"{who}'s country" if "country" in timezone else who
    return f"{timezone['zone']} by the {whose}"


def _told_holidays(holidays: Because) -> list[str]:
    told = []
    if holidays["countries"]:
        by = f" by the {holidays['from']}" if "from" in holidays else ""
        told.append(f"holidays of {' '.join(holidays['countries'])}{by}")
    if "unknown" in holidays:
        written = f' "{holidays["unknown"]}"' if holidays["unknown"] else ""
        told.append(f"no holidays of the lead's country{written}, which is not known")
    return told
