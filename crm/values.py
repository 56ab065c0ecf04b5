"""A record's or a row's values by field name, JSON-ready, so that both sides compare alike."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.db.models import Model

from connectors.base import DealRecord, Kind, LeadRecord, OwnerRecord, Record
from connectors.records import names_of
from crm.normalize import domain as normalized_domain
from crm.normalize import email as normalized_email
from crm.policy import EXTRA

#: Not values of a row: what identifies a record, and what links it to others.
_NOT_VALUES = {
    "external_id", "modified_at", "deleted", "owner_id", "company_id", "lead_ids", "cross_id",
    "converted_to", "merged_ids", "merged_into", "extra", "absent",
}  # fmt: skip
#: The record's name of a field -> our row's, where they differ.
_RENAMED = {"stage": "stage_value"}
_LINKS = ("owner_id", "company_id", "lead_ids", "cross_id")


def of_record(record: Record) -> dict[str, object]:
    """A record's values under our rows' names; custom fields as `extra.<name>`."""
    values: dict[str, object] = {}
    for field in fields(record):
        if field.name not in _NOT_VALUES and field.name not in record.absent:
            values[_RENAMED.get(field.name, field.name)] = plain(getattr(record, field.name))
    for name, value in getattr(record, "extra", {}).items():
        values[EXTRA + name] = value
    if "email" in values:
        values["email"] = normalized_email(str(values["email"]))
    if "domain" in values:
        values["domain"] = normalized_domain(str(values["domain"]))
    return values


def of_row(row: Any, *, names: Iterable[str]) -> dict[str, object]:
    """Our values of `names`; links of a base snapshot are left out."""
    return {
        name: row.extra.get(name.removeprefix(EXTRA), "")
        if name.startswith(EXTRA)
        else plain(getattr(row, name))
        for name in names
        if name not in _LINKS
    }


def put(row: Any, values: Mapping[str, object]) -> list[str]:
    """Set values on a row, each in its column's type; the columns to save."""
    columns: dict[str, None] = {}
    for name, value in values.items():
        if name.startswith(EXTRA):
            row.extra = {**row.extra, name.removeprefix(EXTRA): value}
            columns["extra"] = None
        else:
            setattr(row, name, _typed(row, name, value))
            columns[name] = None
    return list(columns)


def columns_of(row: Model) -> list[str]:
    """The columns of a lead or company that a CRM's record fills, links to others among them."""
    kind = type(row).__name__.lower()
    names = {_RENAMED.get(name, name) for name in names_of(cast("Kind", kind))}
    known = {field.name for field in row._meta.fields}  # noqa: SLF001 - Django's public name
    links = {"owner", "company"} & known
    return sorted(((names & known) | links | {"extra"}) - {"do_not_contact"})


def new_row(record: Record) -> dict[str, Any]:
    """What a fresh row of ours holds of a record."""
    found = of_record(record)
    values = {name: value for name, value in found.items() if not name.startswith(EXTRA)}
    if not isinstance(record, OwnerRecord):
        values["extra"] = dict(record.extra)
    if isinstance(record, DealRecord):
        values |= {
            "amount": record.amount,
            "created_at": record.created_at,
            "closed_at": record.closed_at,
        }
    return values


def links_of(record: Record) -> dict[str, object]:
    """To which other records it is linked, as base snapshots hold it."""
    if isinstance(record, OwnerRecord):
        return {}
    links: dict[str, object] = {"owner_id": record.owner_id}
    if isinstance(record, LeadRecord | DealRecord):
        links["company_id"] = record.company_id
    if isinstance(record, DealRecord):
        links["lead_ids"] = list(record.lead_ids)
    if isinstance(record, LeadRecord) and record.cross_id:
        links["cross_id"] = record.cross_id
    return links


def links_in(base: Mapping[str, object]) -> dict[str, object]:
    return {name: base[name] for name in _LINKS if name in base}


def plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:z.2f}"  # never "-0.00", which no database gives back
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _typed(row: Model, name: str, value: object) -> object:
    """The row's own type of a plain value: a moment, a decimal."""
    field: Any = row._meta.get_field(name)  # noqa: SLF001 - Django's public name
    return field.to_python(value) if isinstance(value, str) else value
