"""What expressions and templates read of one lead."""

from operator import attrgetter

from crm.fields import FIELDS
from crm.models import Deal, Lead

__all__ = ["FIELDS", "Facts", "context"]

#: Facts of a deal that are no columns of its row.
_DERIVED = frozenset({"exists", "is_open"})
_COLUMNS = {name: tuple(sorted(fields - _DERIVED)) for name, fields in FIELDS.items()}
_READ = {name: attrgetter(*columns) for name, columns in _COLUMNS.items() if len(columns) > 1}
Facts = dict[str, dict[str, object]]


def context(lead: Lead, deal: Deal | None) -> Facts:
    """Every name of FIELDS with all its fields; what is blank or unknown is None."""
    return {
        "lead": _values(lead, "lead"),
        "company": _values(lead.company, "company"),
        "deal": _values(deal, "deal")
        | {
            "exists": deal is not None,
            "is_closed": bool(deal and deal.is_closed),
            "is_won": bool(deal and deal.is_won),
            "is_open": bool(deal and not deal.is_closed),
        },
        "owner": _values(lead.owner, "owner"),
        "answer": {"disposition": lead.disposition or None},
    }


def _values(row: object, name: str) -> dict[str, object]:
    columns = _COLUMNS[name]
    if row is None:
        return dict.fromkeys(columns)
    return dict(zip(columns, map(_known, _READ[name](row)), strict=True))


def _known(value: object) -> object:
    if not isinstance(value, dict):
        return None if value == "" else value
    return {name: _known(one) for name, one in value.items()}
