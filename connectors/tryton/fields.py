"""Tryton's models as our kinds, and which of their fields stands for which of ours.

A lead is an email address of a party, with the name that stands beside it; a company is a party; a
deal is an opportunity, whose employee is the owner.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connectors.base import CustomType, Kind
from connectors.mapping import FieldTable
from connectors.tryton.wire import day, stamp
from connectors.values import mapping, text

MODELS: Mapping[Kind, str] = {
    "owner": "company.employee",
    "company": "party.party",
    "lead": "party.contact_mechanism",
    "deal": "sale.opportunity",
}
#: What a kind's model holds besides.
DOMAINS: Mapping[Kind, list[Any]] = {
    "owner": [],
    "company": [],
    "lead": [["type", "=", "email"]],
    "deal": [],
}
FIELDS: FieldTable = {
    "owner": {"name": "party.name", "email": "party.email"},
    "company": {"name": "name", "domain": "website"},
    "lead": {"email": "value", "first_name": "name", "last_name": "name", "company_id": "party"},
    "deal": {
        "name": "description",
        "stage": "state",
        "amount": "amount",
        "closed_at": "end_date",
        "created_at": "create_date",
        "owner_id": "employee",
        "company_id": "party",
        "lead_ids": "contact",
    },
}
#: Kept elsewhere or by Tryton itself.
READ_ONLY = frozenset(
    {"closed_at", "created_at", "owner_id", "company_id", "lead_ids", "domain", "modified_at"}
)
NAMES = frozenset({"first_name", "last_name"})
#: A state that a person or a program may move an opportunity to -> the button that does.
BUTTONS: Mapping[str, str] = {
    "lead": "lead",
    "opportunity": "opportunity",
    "lost": "lost",
    "cancelled": "cancel",
}
CLOSED = frozenset({"won", "lost", "cancelled"})
#: Models that have no `active`: their records are deleted or there.
_ALWAYS_THERE = frozenset({"owner", "deal"})
_REFERENCES = frozenset({"owner_id", "company_id"})


def asked(kind: Kind, names: Mapping[str, str]) -> list[str]:
    """The fields of a search, the mapped ones among them."""
    always = {"id", "create_date", "write_date"} | (set() if kind in _ALWAYS_THERE else {"active"})
    return sorted(always | set(names.values()))


def values_of(kind: Kind, row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, object]:
    """Raw values under our names."""
    values: dict[str, object] = {ours: _at(row, theirs) for ours, theirs in names.items()}
    values["external_id"] = text(row.get("id"))
    values["modified_at"] = row.get("write_date") or row.get("create_date")
    for name in _REFERENCES & set(values):
        values[name] = text(values[name])
    if kind not in _ALWAYS_THERE:
        values["deleted"] = row.get("active") is False
    if kind == "lead":
        values["first_name"], values["last_name"] = split(text(row.get("name")))
    if kind == "deal":
        state = text(row.get("state"))
        values["is_closed"], values["is_won"] = state in CLOSED, state == "won"
        contact = text(values.get("lead_ids"))
        values["lead_ids"] = [contact] if contact else []
        values["name"] = values.get("name") or f"Opportunity {values['external_id']}"
        if state not in CLOSED:
            values["closed_at"] = None
    return values


def written(value: object, declared: CustomType | None) -> object:
    """A value as Tryton takes it: a blank as null, dates and moments by their parts."""
    if value == "":
        return None
    if isinstance(value, str) and declared == "date":
        return day(date.fromisoformat(value))
    if isinstance(value, str) and declared == "datetime":
        return stamp(datetime.fromisoformat(value))
    return value


def split(name: str) -> tuple[str, str]:
    """The last word of a person's name, and what stands before it."""
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last


def _at(row: Mapping[str, Any], path: str) -> object:
    value: object = row
    for part in path.split("."):
        value = mapping(value).get(part) if value is not None else None
    return value
