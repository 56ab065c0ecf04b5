"""What expressions and templates may read of a lead, and the values for one lead."""

from collections.abc import Mapping

from crm.models import Deal, Lead

#: Name -> its fields: the schema that `check` holds expressions and templates against.
FIELDS: Mapping[str, frozenset[str]] = {
    "lead": frozenset(
        "email first_name last_name title phone country language timezone status "
        "lifecycle_stage stage extra".split()
    ),
    "company": frozenset("name domain industry country employees extra".split()),
    "deal": frozenset(
        "name stage_value pipeline amount is_closed is_won is_open exists extra".split()
    ),
    "owner": frozenset("name email".split()),
    "answer": frozenset({"disposition"}),
}
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
    return {field: _known(getattr(row, field, None)) for field in FIELDS[name]}


def _known(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _known(one) for name, one in value.items()}
    return None if value == "" else value
