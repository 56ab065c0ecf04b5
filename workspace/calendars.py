"""Public holidays: the days on which a whole country is closed, and how a team names them."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal
from warnings import catch_warnings

from holidays import country_holidays
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from workspace import countries
from workspace.problems import Fault

#: In place of a code: the country of the person who is written to.
LEAD = "lead"
NONE = "none"


@lru_cache(maxsize=5000)
def public_holidays(country: str, year: int) -> Mapping[date, str]:
    """The holidays of the whole country, those that are made up for on another day among them.

    Nothing for what is no country.
    """
    with catch_warnings(action="ignore", category=UserWarning):
        # Feasts by the moon are fixed a few years ahead; later ones are not known, and it says so.
        try:
            return dict(country_holidays(country, years=year, language="en_US", expand=False))
        except NotImplementedError:
            return {}


def is_holiday(country: str, day: date) -> bool:
    return day in public_holidays(country, day.year)


def _listed(written: Any) -> Any:
    """One name is a list of one; `none` is an empty one."""
    if written == NONE:
        return []
    if isinstance(written, str):
        return [written]
    if isinstance(written, list | tuple):
        return written
    shown = f'"{written}" ' if isinstance(written, int | float) else ""
    message = f"{shown}must be {LEAD}, {NONE} or a list of country codes such as [DE, FR]"
    raise Fault(message, choices=(LEAD, NONE))


def _entry(written: str) -> str:
    if written == NONE:
        raise Fault(f'"{NONE}" stands alone: it means no holidays at all', choices=(LEAD,))
    return written if written == LEAD else countries.known(written)


_Entry = Annotated[
    str,
    AfterValidator(_entry),
    WithJsonSchema({"type": "string", "pattern": f"^([A-Z]{{2}}|{LEAD})$"}),
]
#: Whose holidays count: codes of countries, and LEAD.
Holidays = Annotated[
    tuple[_Entry, ...],
    BeforeValidator(
        _listed, json_schema_input_type=Literal["lead", "none"] | _Entry | list[_Entry]
    ),
]
