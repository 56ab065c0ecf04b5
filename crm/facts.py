"""What expressions and templates read of one lead."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from crm.fields import FIELDS
from crm.models import Deal, Lead

__all__ = [
    "BLANK",
    "COLUMNS",
    "FIELDS",
    "Facts",
    "columns",
    "context",
    "of_deal",
    "of_meeting",
    "told",
]

#: Facts of a deal that are no columns of its row.
_DERIVED = frozenset({"exists", "is_open"})
#: Kept as they are told, in the lead's row.
_TOLD = frozenset({"meeting"})
#: Name -> its fields that are columns, in the order in which they are read.
COLUMNS = {
    name: tuple(sorted(fields - _DERIVED)) for name, fields in FIELDS.items() if name not in _TOLD
}
#: Of a row that is not there.
BLANK: Mapping[str, dict[str, object]] = {
    name: dict.fromkeys(fields - _DERIVED) for name, fields in FIELDS.items()
}
Facts = dict[str, dict[str, object]]


def context(lead: Lead, deal: Deal | None, fields: Mapping[str, frozenset[str]] = FIELDS) -> Facts:
    """Each of these names of FIELDS with these fields at least; what is blank or unknown is None."""
    return {
        name: tell(lead, deal, fields[name]) for name, tell in _TOLD_BY.items() if name in fields
    }


def of_deal(deal: Deal | None) -> dict[str, object]:
    return _values(deal, "deal", FIELDS["deal"]) | {
        "exists": deal is not None,
        "is_closed": bool(deal and deal.is_closed),
        "is_won": bool(deal and deal.is_won),
        "is_open": bool(deal and not deal.is_closed),
    }


def of_meeting(kept: Mapping[str, object] | None) -> dict[str, object]:
    """As `crm.meetings` keeps it with the lead."""
    return {**BLANK["meeting"], **(kept or {})}


def columns(name: str, fields: Container[str]) -> tuple[str, ...]:
    """Those of the name's COLUMNS that are among the fields."""
    return tuple(column for column in COLUMNS[name] if column in fields)


def told(read: Sequence[str], values: Sequence[object]) -> dict[str, object]:
    """The facts of a name by these of its COLUMNS."""
    found = {name: None if value == "" else value for name, value in zip(read, values, strict=True)}
    if found.get("extra"):
        found["extra"] = _known(found["extra"])
    return found


_TOLD_BY: Mapping[str, Callable[[Lead, Deal | None, frozenset[str]], dict[str, object]]] = {
    "lead": lambda lead, _, fields: _values(lead, "lead", fields),
    "company": lambda lead, _, fields: _values(lead.company, "company", fields),
    "deal": lambda _, deal, __: of_deal(deal),
    "owner": lambda lead, _, fields: _values(lead.owner, "owner", fields),
    "answer": lambda lead, _, __: {"disposition": lead.disposition or None},
    "meeting": lambda lead, _, __: of_meeting(lead.meeting),
}


def _values(row: object, name: str, fields: frozenset[str]) -> dict[str, object]:
    columns, read = _reading(name, fields)
    return dict.fromkeys(columns) if row is None else told(columns, read(row))


@lru_cache(maxsize=1000)
def _reading(name: str, fields: frozenset[str]) -> tuple[Sequence[str], Callable[[Any], Any]]:
    """Those of its COLUMNS, and how their values are read of a row."""
    read = columns(name, fields)
    if len(read) > 1:
        return read, attrgetter(*read)
    return read, lambda row: [getattr(row, column) for column in read]


def _known(value: object) -> object:
    if not isinstance(value, dict):
        return None if value == "" else value
    return {name: _known(one) for name, one in value.items()}
