"""HubSpot's vocabulary in one place, and its JSON as our records.

https://developers.hubspot.com/docs/reference/api/crm/objects
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from connectors.base import Kind
from connectors.mapping import FieldTable
from connectors.values import Malformed, flag, mapping, text

#: Our kind -> HubSpot's object; owners are no CRM object and stand at /crm/v3/owners.
OBJECTS: Mapping[Kind, str] = {"company": "companies", "lead": "contacts", "deal": "deals"}
#: Our field -> the property.
PROPERTIES: FieldTable = {
    "owner": {},
    "company": {
        "name": "name",
        "domain": "domain",
        "industry": "industry",
        "country": "country",
        "employees": "numberofemployees",
        "owner_id": "hubspot_owner_id",
        "merged_ids": "hs_merged_object_ids",
        "modified_at": "hs_lastmodifieddate",
    },
    "lead": {
        "email": "email",
        "first_name": "firstname",
        "last_name": "lastname",
        "title": "jobtitle",
        "phone": "phone",
        "country": "country",
        "language": "hs_language",
        "timezone": "hs_timezone",
        "status": "hs_lead_status",
        "lifecycle_stage": "lifecyclestage",
        "owner_id": "hubspot_owner_id",
        "company_id": "associatedcompanyid",
        "do_not_contact": "hs_email_optout",
        "merged_ids": "hs_merged_object_ids",
        # Contacts alone spell it without the prefix.
        "modified_at": "lastmodifieddate",
    },
    "deal": {
        "name": "dealname",
        "stage": "dealstage",
        "pipeline": "pipeline",
        "amount": "amount",
        "is_closed": "hs_is_closed",
        "is_won": "hs_is_closed_won",
        "created_at": "createdate",
        "closed_at": "closedate",
        "owner_id": "hubspot_owner_id",
        "modified_at": "hs_lastmodifieddate",
    },
}
#: Computed by HubSpot or kept elsewhere: it would take the write and not do it.
READ_ONLY = frozenset(
    {
        "is_closed", "is_won", "created_at", "modified_at", "company_id", "do_not_contact",
        "merged_ids",
    }
)  # fmt: skip
#: Of those what another endpoint writes.
WRITTEN_ELSEWHERE = frozenset({"do_not_contact"})
#: associationTypeId, all HUBSPOT_DEFINED.
EMAIL_TO_CONTACT, EMAIL_TO_DEAL, DEAL_TO_PRIMARY_COMPANY = 198, 210, 5
NOTE_TO_CONTACT, NOTE_TO_DEAL = 202, 214
TASK_TO_CONTACT, TASK_TO_DEAL = 204, 216
MEETING_TO_CONTACT, MEETING_TO_DEAL = 200, 212
CALL_TO_CONTACT, CALL_TO_DEAL = 194, 206
#: The same primary company as /crm/v3 lists spell it.
_PRIMARY_COMPANY = "deal_to_company"

_SPELLED = (("_slash_", "/"), ("_hyphen_", "-"), ("_plus_", "+"))
_ZONES = {name.casefold(): name for name in available_timezones()}


def values_of(
    kind: Kind, item: Mapping[str, Any], properties: Mapping[str, str]
) -> dict[str, object]:
    """Raw values under our names of one object as list, search and batch read answer it."""
    theirs = mapping(item.get("properties"))
    # A property that was removed from the account is left out of answers; a blank one is null.
    values = {ours: theirs[name] for ours, name in properties.items() if name in theirs}
    values["external_id"] = item.get("id")
    values["modified_at"] = values.get("modified_at") or item.get("updatedAt")
    values["deleted"] = flag(item.get("archived"))
    if "merged_ids" in values:
        listed = text(values["merged_ids"]).split(";")
        values["merged_ids"] = [id_.strip() for id_ in listed if id_.strip()]
    if "timezone" in values:
        values["timezone"] = zone_of(text(values.get("timezone")))
    if kind == "deal" and not flag(values.get("is_closed")):
        values["closed_at"] = None  # closedate is a forecast until then
    return values


def writable(kind: Kind, table: FieldTable) -> frozenset[str]:
    """Our names of the fields that can be written on a record."""
    return frozenset(table.get(kind, {})) - (READ_ONLY - WRITTEN_ELSEWHERE)


def owner_values(item: Mapping[str, Any]) -> dict[str, object]:
    names = (text(item.get("firstName")), text(item.get("lastName")))
    return {
        "external_id": item.get("id"),
        "email": item.get("email"),
        "name": " ".join(name for name in names if name),
        "active": not flag(item.get("archived")),
        "modified_at": item.get("updatedAt"),
    }


def users_of(items: Sequence[object]) -> dict[str, str]:
    """User id, which is another than the owner's, -> email; of those who are users now."""
    found: dict[str, str] = {}
    for item in items:
        with suppress(Malformed):  # it is told where the owners are built
            owner = mapping(item)
            found[text(owner.get("userId"))] = text(owner.get("email"))
    found.pop("", None)
    return found


def zone_of(value: str) -> str:
    """An IANA name; HubSpot spells its own zones `europe_slash_berlin`. Blank when unknown."""
    for spelled, sign in _SPELLED:
        value = value.replace(spelled, sign)
    return _ZONES.get(value.casefold(), "")


def in_order(ids: Sequence[str]) -> tuple[str, ...]:
    """HubSpot marks no primary person on a deal, and its two APIs list in different orders.

    The oldest record comes first, so that both paths agree.
    """
    return tuple(sorted(set(ids), key=lambda id_: (len(id_), id_)))


def primary(companies: Sequence[tuple[str, bool]]) -> str:
    """The primary one of (id, is primary) pairs, else the oldest; blank when there is none."""
    marked = in_order([id_ for id_, is_primary in companies if is_primary])
    ids = marked or in_order([id_ for id_, _ in companies])
    return ids[0] if ids else ""


def is_primary_label(label: object) -> bool:
    return label == _PRIMARY_COMPANY


def stamp(at: datetime) -> str:
    """A moment as HubSpot takes it in filters and properties: ISO 8601 in milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
