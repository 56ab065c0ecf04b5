"""What expressions and templates read of one lead."""

from collections.abc import Callable, Container, Mapping, Sequence
from operator import attrgetter

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
_READ = {name: attrgetter(*columns) for name, columns in COLUMNS.items() if len(columns) > 1}
Facts = dict[str, dict[str, object]]


def context(lead: Lead, deal: Deal | None, names: Container[str] = FIELDS) -> Facts:
    """Each of these names of FIELDS with all its fields; what is blank or unknown is None."""
    return {name: tell(lead, deal) for name, tell in _TOLD_BY.items() if name in names}


def of_deal(deal: Deal | None) -> dict[str, object]:
    return _values(deal, "deal") | {
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


_TOLD_BY: Mapping[str, Callable[[Lead, Deal | None], dict[str, object]]] = {
    "lead": lambda lead, _: _values(lead, "lead"),
    "company": lambda lead, _: _values(lead.company, "company"),
    "deal": lambda _, deal: of_deal(deal),
    "owner": lambda lead, _: _values(lead.owner, "owner"),
    "answer": lambda lead, _: {"disposition": lead.disposition or None},
    "meeting": lambda lead, _: of_meeting(lead.meeting),
}


def _values(row: object, name: str) -> dict[str, object]:
    return dict(BLANK[name]) if row is None else told(COLUMNS[name], _READ[name](row))


def _known(value: object) -> object:
    if not isinstance(value, dict):
        return None if value == "" else value
    return {name: _known(one) for name, one in value.items()}
