"""What this HubSpot account consists of: objects, properties, the deal pipeline.

Follows https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from sandbox.hubspot.stamps import iso
from sandbox.store import Moment, Record, Store

#: Plural name -> object type id. Ids of ours start behind `FIRST_ID`, apart for each object.
OBJECT_TYPES = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "emails": "0-49",
    "calls": "0-48",
}
SINGULAR = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "task": "tasks",
    "note": "notes",
    "meeting": "meetings",
    "email": "emails",
    "call": "calls",
}
#: What is no CRM object: lists, and who is on them.
LISTS, MEMBERS = "lists", "memberships"
_FIRST_ID = 10_000_000_000
_BLOCK = 1_000_000_000


@dataclass(frozen=True)
class Property:
    name: str
    type: str = "string"  #: string | enumeration | number | date | datetime | bool
    options: Sequence[tuple[str, str]] = ()  #: value, label
    calculated: bool = False  #: written by HubSpot alone
    unique: bool = False
    label: str = ""
    html: bool = False  #: tags that HubSpot does not know are dropped
    multiple: bool = False  #: of the options several may be chosen


#: id, label, probability, closed
STAGES = (
    ("prospecting", "Prospecting", "0.1", False),
    ("preparation", "Preparation", "0.15", False),
    ("engaging", "Engaging", "0.2", False),
    ("presentation", "Presentation", "0.4", False),
    ("objections", "Objections", "0.6", False),
    ("closing", "Closing", "0.8", False),
    ("won", "Won", "1.0", True),
    ("lost", "Lost", "0.0", True),
)
PIPELINE = "default"
LEAD_STATUSES = (
    "NEW",
    "OPEN",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "BAD_TIMING",
)
#: In the order in which a contact moves; HubSpot does not let it move back by a plain write.
LIFECYCLE_STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
#: Choices of a custom property of this account, of which a contact may have several.
REGIONS = ("americas", "apac", "emea")
_LANGUAGES = (
    "af ar bg bn ca cs da de de-at de-ch el en en-gb en-us es es-mx et eu fa fi fr fr-ca fr-ch ga gl "
    "gu he hi hr hu hy id is it ja ka kk km ko lt lv mk ml mn mr ms my nb ne nl nl-be nn no pa pl pt "
    "pt-br pt-pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh zh-cn zh-hk zh-tw"
).split()


def timezone_option(name: str) -> str:
    """An IANA name as HubSpot spells it: Europe/Berlin is europe_slash_berlin."""
    return name.lower().replace("/", "_slash_")


def _plain(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value.replace("_", " ").capitalize()) for value in values)


def _stamps(modified: str) -> tuple[Property, ...]:
    return (
        Property("hs_object_id", "number", calculated=True, unique=True),
        Property("hs_merged_object_ids", calculated=True),
        Property("createdate", "datetime", calculated=True),
        Property(modified, "datetime", calculated=True),
        Property("hubspot_owner_id", "enumeration"),
    )


def _engagement(*own: Property) -> tuple[Property, ...]:
    return (
        Property("hs_timestamp", "datetime"),
        Property("hs_createdate", "datetime", calculated=True),
        *own,
        *_stamps("hs_lastmodifieddate"),
    )


_ALL: dict[str, tuple[Property, ...]] = {
    "contacts": (
        Property("email", unique=True),
        Property("firstname"),
        Property("lastname"),
        Property("jobtitle"),
        Property("phone"),
        Property("country"),
        Property("company"),
        Property("website"),
        Property("hs_language", "enumeration", _plain(_LANGUAGES)),
        Property(
            "hs_timezone",
            "enumeration",
            tuple((timezone_option(name), name) for name in sorted(available_timezones())),
        ),
        Property("lifecyclestage", "enumeration", LIFECYCLE_STAGES),
        Property("hs_lead_status", "enumeration", _plain(LEAD_STATUSES)),
        Property("associatedcompanyid", "number"),
        Property("hs_email_optout", "bool"),
        Property("reject_reason"),
        Property("seats", "number"),
        Property("is_partner", "bool"),
        Property("renewal_date", "date"),
        Property("last_demo_at", "datetime"),
        Property("regions", "enumeration", _plain(REGIONS), multiple=True),
        *_stamps("lastmodifieddate"),
    ),
    "companies": (
        Property("name"),
        Property("domain"),
        Property("industry"),
        Property("country"),
        Property("numberofemployees", "number"),
        Property("annualrevenue", "number"),
        Property("lifecyclestage", "enumeration", LIFECYCLE_STAGES),
        *_stamps("hs_lastmodifieddate"),
    ),
    "deals": (
        Property("dealname"),
        Property("dealstage", "enumeration", tuple((id_, label) for id_, label, _, _ in STAGES)),
        Property("pipeline", "enumeration", ((PIPELINE, "Sales Pipeline"),)),
        Property("amount", "number"),
        Property("closedate", "datetime"),
        Property("product", label="Product"),
        Property("closed_lost_reason"),
        Property("hs_is_closed", "bool", calculated=True),
        Property("hs_is_closed_won", "bool", calculated=True),
        Property("hs_deal_stage_probability", "number", calculated=True),
        *_stamps("hs_lastmodifieddate"),
    ),
    "emails": _engagement(
        Property(
            "hs_email_direction",
            "enumeration",
            _plain(("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL")),
        ),
        Property(
            "hs_email_status",
            "enumeration",
            _plain(("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT")),
        ),
        Property("hs_email_subject"),
        Property("hs_email_text"),
        Property("hs_email_html"),
        Property("hs_email_headers"),
        Property("hs_email_message_id"),
        Property("hs_attachment_ids"),
    ),
    "calls": _engagement(
        Property("hs_call_title"),
        Property("hs_call_body", html=True),
        Property("hs_call_direction", "enumeration", _plain(("INBOUND", "OUTBOUND"))),
        Property(
            "hs_call_status",
            "enumeration",
            _plain(
                (
                    "BUSY",
                    "CALLING_CRM_USER",
                    "CANCELED",
                    "COMPLETED",
                    "CONNECTING",
                    "FAILED",
                    "IN_PROGRESS",
                    "NO_ANSWER",
                    "QUEUED",
                    "RINGING",
                )
            ),
        ),
    ),
    "notes": _engagement(Property("hs_note_body", html=True), Property("hs_attachment_ids")),
    "tasks": _engagement(
        Property("hs_task_subject"),
        Property("hs_task_body", html=True),
        Property(
            "hs_task_status",
            "enumeration",
            _plain(("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED")),
        ),
        Property("hs_task_priority", "enumeration", _plain(("NONE", "LOW", "MEDIUM", "HIGH"))),
        Property("hs_task_type", "enumeration", _plain(("TODO", "EMAIL", "CALL"))),
    ),
    "meetings": _engagement(
        Property("hs_meeting_title"),
        Property("hs_meeting_body", html=True),
        Property("hs_meeting_start_time", "datetime"),
        Property("hs_meeting_end_time", "datetime"),
        Property(
            "hs_meeting_outcome",
            "enumeration",
            _plain(("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")),
        ),
    ),
}
PROPERTIES: dict[str, dict[str, Property]] = {
    kind: {each.name: each for each in properties} for kind, properties in _ALL.items()
}
#: What an answer holds when no property is asked for.
DEFAULT_PROPERTIES = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("name", "domain"),
    "deals": ("dealname", "dealstage", "pipeline", "amount", "closedate"),
}


def modified_property(kind: str) -> str:
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def hubspot_store(moment: Moment) -> Store:
    """An empty account."""
    kinds = (*OBJECT_TYPES, LISTS, MEMBERS)
    blocks = {kind: _FIRST_ID + n * _BLOCK for n, kind in enumerate(kinds)}
    store = Store(
        "hubspot",
        kinds,
        moment,
        lambda kind, n: str(blocks[kind] + n),
        _derive,
        owner_field="hubspot_owner_id",
    )
    store.index("contacts", "email")
    store.index(LISTS, "name")
    store.index(MEMBERS, "listId")
    return store


def _derive(record: Record, changed: Mapping[str, Any]) -> Mapping[str, Any]:
    """What HubSpot computes: the stamps, and a deal's state from its stage."""
    derived: dict[str, Any] = {modified_property(record.object): iso(record.modified_at)}
    if not record.values:
        derived |= {"hs_object_id": record.id, "createdate": iso(record.created_at)}
    if record.object == "deals" and "dealstage" in changed:
        _, _, probability, closed = next(s for s in STAGES if s[0] == changed["dealstage"])
        won = closed and probability == "1.0"
        derived |= {
            "hs_is_closed": str(closed).lower(),
            "hs_is_closed_won": str(won).lower(),
            "hs_deal_stage_probability": probability,
        }
        if closed and not (changed.get("closedate") or record.values.get("closedate")):
            derived["closedate"] = iso(record.modified_at)
    return derived
