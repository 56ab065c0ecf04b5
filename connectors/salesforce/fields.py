"""Salesforce's vocabulary in one place, and its JSON as our records.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Kind
from connectors.mapping import FieldTable
from connectors.records import Malformed, flag, mapping, sequence, text

#: Our kind -> the objects that hold it; a person is a Lead until converted, then a Contact.
OBJECTS: Mapping[Kind, tuple[str, ...]] = {
    "owner": ("User",),
    "company": ("Account",),
    "lead": ("Lead", "Contact"),
    "deal": ("Opportunity",),
}
#: Our field -> the vendor's, as the workspace may map over it.
FIELDS: FieldTable = {
    "owner": {"name": "Name", "email": "Email", "active": "IsActive"},
    "company": {
        "name": "Name",
        "domain": "Website",
        "industry": "Industry",
        "country": "BillingCountry",
        "employees": "NumberOfEmployees",
        "owner_id": "OwnerId",
    },
    "lead": {
        "email": "Email",
        "first_name": "FirstName",
        "last_name": "LastName",
        "title": "Title",
        "phone": "Phone",
        "owner_id": "OwnerId",
        "do_not_contact": "HasOptedOutOfEmail",
    },
    "deal": {
        "name": "Name",
        "stage": "StageName",
        "amount": "Amount",
        "is_closed": "IsClosed",
        "is_won": "IsWon",
        "created_at": "CreatedDate",
        "closed_at": "CloseDate",
        "owner_id": "OwnerId",
        "company_id": "AccountId",
    },
}
#: What only one of the two objects of a person has.
OF_OBJECT: Mapping[str, Mapping[str, str]] = {
    "Lead": {"status": "Status", "country": "Country", "converted_to": "ConvertedContactId"},
    "Contact": {"country": "MailingCountry", "company_id": "AccountId"},
}
#: Computed by Salesforce: it refuses the write.
READ_ONLY = frozenset({"is_closed", "is_won", "created_at", "converted_to"})
SYSTEM = ("Id", "SystemModstamp", "IsDeleted")
ROLES = "(SELECT ContactId, IsPrimary FROM OpportunityContactRoles)"
#: The first three characters of an id say what it is an id of.
_PREFIXES = {"00Q": "Lead", "003": "Contact", "006": "Opportunity"}
MESSAGE_ID = "Message-ID: "


def object_of(external_id: str) -> str:
    """Lead, Contact or Opportunity; "" for an id of anything else."""
    return _PREFIXES.get(external_id[:3], "")


def names_in(table: FieldTable, kind: Kind, object_: str) -> dict[str, str]:
    """Our field -> the object's; the workspace's mapping goes over both."""
    return {**OF_OBJECT.get(object_, {}), **table[kind]}


def values_of(kind: Kind, item: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, object]:
    """Raw values under our names of one row as a query answers it."""
    values: dict[str, object] = {ours: item.get(theirs) for ours, theirs in names.items()}
    values["external_id"] = item.get("Id")
    values["modified_at"] = item.get("SystemModstamp")
    values["deleted"] = flag(item.get("IsDeleted"))
    if kind == "company":
        values["domain"] = domain_of(text(values.get("domain")))
    if kind == "deal":
        values["lead_ids"] = _people(item.get("OpportunityContactRoles"))
        if not flag(values.get("is_closed")):
            values["closed_at"] = None  # an open opportunity's CloseDate is a hope
    return values


def domain_of(website: str) -> str:
    """example.com of https://www.example.com/about."""
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname or ""
    except ValueError as error:
        raise Malformed(f"{website!r} where a website was expected") from error
    return host.removeprefix("www.")


def _people(roles: object) -> list[str]:
    """The primary contact first."""
    if roles is None:
        return []
    rows = [mapping(row) for row in sequence(mapping(roles).get("records"))]
    rows.sort(key=lambda row: (not flag(row.get("IsPrimary")), text(row.get("ContactId"))))
    return [text(row.get("ContactId")) for row in rows]


def literal(value: str) -> str:
    """A text as SOQL quotes it: nothing in it can end the quotation."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


def moment(at: datetime) -> str:
    """A moment as SOQL takes it, in milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
