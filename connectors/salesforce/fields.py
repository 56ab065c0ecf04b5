"""Salesforce's vocabulary in one place, and its JSON as our records.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Kind
from connectors.mapping import FieldTable
from connectors.values import Malformed, flag, mapping, sequence, text

#: Our kind -> the objects that hold it, in the order in which they are read: a person is a Lead
#: until it is converted, then the Contact.
OBJECTS: Mapping[Kind, tuple[str, ...]] = {
    "owner": ("User",),
    "company": ("Account",),
    "lead": ("Lead", "Contact"),
    "deal": ("Opportunity",),
}
#: The first three characters of an id say its object.
PREFIXES = {"001": "Account", "00Q": "Lead", "003": "Contact", "006": "Opportunity"}
_PERSON = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "title": "Title",
    "phone": "Phone",
    "owner_id": "OwnerId",
    "do_not_contact": "HasOptedOutOfEmail",
    # Where a person merged it away: the survivor.
    "merged_into": "MasterRecordId",
}
#: Object -> our field -> its own.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "User": {"email": "Email", "name": "Name", "active": "IsActive"},
    "Account": {
        "name": "Name",
        "domain": "Website",
        "industry": "Industry",
        "country": "BillingCountry",
        "employees": "NumberOfEmployees",
        "owner_id": "OwnerId",
        "merged_into": "MasterRecordId",
    },
    "Lead": {
        **_PERSON,
        "country": "Country",
        "status": "Status",
        # Where a person converts it: the program never does.
        "converted_to": "ConvertedContactId",
    },
    "Contact": {**_PERSON, "country": "MailingCountry", "company_id": "AccountId"},
    "Opportunity": {
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
#: A queue, which may own records in place of a person.
_QUEUE = "00G"
#: Set by the platform.
READ_ONLY = frozenset({"is_closed", "is_won", "created_at", "converted_to", "merged_into"})
#: Where the workspace's own mapping starts: it goes over whichever object has the field.
NO_CUSTOM: FieldTable = {"company": {}, "lead": {}, "deal": {}}
#: Objects that are read with their children, which a bulk query does not allow.
WITH_CHILDREN = frozenset({"Opportunity"})
_ROLES = "(SELECT ContactId, IsPrimary FROM OpportunityContactRoles)"


def selected(object_: str, names: Mapping[str, str]) -> str:
    """The SELECT list of an object, its mapped fields among them."""
    columns = {"Id", "SystemModstamp", *names.values()}
    if object_ != "User":  # which is never deleted and has no such field
        columns.add("IsDeleted")
    listed = ", ".join(sorted(columns))
    return f"{listed}, {_ROLES}" if object_ == "Opportunity" else listed


def values_of(object_: str, item: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, object]:
    """Raw values under our names of one row of a query."""
    values: dict[str, object] = {ours: item.get(theirs) for ours, theirs in names.items()}
    values["external_id"] = item.get("Id")
    values["modified_at"] = item.get("SystemModstamp")
    if object_ != "User":
        values["deleted"] = item.get("IsDeleted")
    if text(values.get("owner_id")).startswith(_QUEUE):
        values["owner_id"] = ""  # it waits there for an owner
    if object_ == "Account":
        values["domain"] = domain_of(text(values.get("domain")))
    if object_ == "Opportunity":
        values["lead_ids"] = people_of(item.get("OpportunityContactRoles"))
        if not flag(values.get("is_closed")):
            values["closed_at"] = None  # CloseDate is a forecast until then
    return values


def writable(external_id: str, custom: Mapping[str, str]) -> frozenset[str]:
    """Our names of the fields that can be written on a record; which object it is its id says.

    Of the mapped ones all: an object that lacks one refuses it by name.
    """
    standard = FIELDS.get(PREFIXES.get(external_id[:3], ""), {})
    return (frozenset(standard) | frozenset(custom)) - READ_ONLY


def written(value: object) -> object:
    """A value as Salesforce takes it: JSON's own, a blank as null, choices with semicolons."""
    if isinstance(value, list):
        value = ";".join(value)
    return None if value == "" else value


def people_of(roles: object) -> tuple[str, ...]:
    """Contact ids of a child query, the primary one first; without rows it is null."""
    rows = sequence(mapping(roles).get("records")) if roles is not None else ()
    people = [(not flag(mapping(row).get("IsPrimary")), text(row.get("ContactId"))) for row in rows]
    return tuple(dict.fromkeys(id_ for _, id_ in sorted(people) if id_))


def domain_of(website: str) -> str:
    """The host of a Website, which people type in any form."""
    address = website.strip()
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError as error:
        raise Malformed(f"domain: {address!r} is no address of a website") from error
    return host.removeprefix("www.")


def literal(at: datetime) -> str:
    """A moment as SOQL writes it, without quotes."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
