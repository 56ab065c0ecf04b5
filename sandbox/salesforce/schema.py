"""What this Salesforce org consists of: objects, fields, picklists.

Follows https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sandbox.store import By, Moment, Record, Store

#: Object -> the first three characters of its ids.
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "OpportunityStage": "01J",
    "Campaign": "701",
    "CampaignMember": "00v",
    "CampaignMemberStatus": "01Y",
    "LeadHistory": "017",
    "OpportunityHistory": "008",
}
#: name, closed, won, probability
STAGES = (
    ("Prospecting", False, False, 10),
    ("Preparation", False, False, 15),
    ("Engaging", False, False, 20),
    ("Presentation", False, False, 40),
    ("Objections", False, False, 60),
    ("Closing", False, False, 80),
    ("Won", True, True, 100),
    ("Lost", True, False, 0),
)
LEAD_STATUSES = (
    "Open - Not Contacted",
    "Researching",
    "Working - Contacted",
    "Qualified",
    "Objections",
    "Closing",
    "Unqualified",
)
#: Status of a campaign's member -> whether it has responded; the first is given unless another is.
MEMBER_STATUSES = {"Sent": False, "Registered": False, "Responded": True}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ORG = "gK00000"


@dataclass(frozen=True)
class Field:
    name: str
    #: string | email | boolean | double | int | datetime | date | reference | picklist | multipicklist
    type: str = "string"
    picklist: tuple[str, ...] = ()  #: of a multipicklist several may be chosen
    refers_to: str = ""
    read_only: bool = False
    required: bool = False


_SYSTEM = (
    Field("Id", "id", read_only=True),
    Field("IsDeleted", "boolean", read_only=True),
    Field("CreatedDate", "datetime", read_only=True),
    Field("LastModifiedDate", "datetime", read_only=True),
    Field("LastModifiedById", "reference", refers_to="User", read_only=True),
    Field("SystemModstamp", "datetime", read_only=True),
)
_CREATED_BY = Field("CreatedById", "reference", refers_to="User", read_only=True)
_OWNER = Field("OwnerId", "reference", refers_to="User")
_PERSON = (
    Field("FirstName"),
    Field("LastName", required=True),
    Field("Email", "email"),
    Field("Title"),
    Field("Phone"),
    Field("HasOptedOutOfEmail", "boolean"),
    Field("Timezone__c"),
    Field("Language__c"),
    Field("Reject_Reason__c"),
    Field("Seats__c", "double"),
    Field("Is_Partner__c", "boolean"),
    Field("Renewal_Date__c", "date"),
    Field("Last_Demo__c", "datetime"),
    Field("Regions__c", "multipicklist", ("americas", "apac", "emea")),
    _OWNER,
)
_ALL: dict[str, tuple[Field, ...]] = {
    "User": (
        Field("Name"),
        Field("Email", "email"),
        Field("IsActive", "boolean"),
        Field("UserType", read_only=True),
    ),
    "Account": (
        Field("Name", required=True),
        Field("Website"),
        Field("Industry"),
        Field("BillingCountry"),
        Field("NumberOfEmployees", "int"),
        Field("AnnualRevenue", "double"),
        Field("MasterRecordId", "reference", refers_to="Account", read_only=True),
        _OWNER,
    ),
    "Contact": (
        *_PERSON,
        Field("AccountId", "reference", refers_to="Account"),
        Field("MailingCountry"),
        Field("MasterRecordId", "reference", refers_to="Contact", read_only=True),
    ),
    "Lead": (
        *_PERSON,
        Field("Company", required=True),
        Field("Country"),
        Field("Status", "picklist", LEAD_STATUSES),
        Field("IsConverted", "boolean", read_only=True),
        Field("ConvertedContactId", "reference", refers_to="Contact", read_only=True),
        Field("ConvertedAccountId", "reference", refers_to="Account", read_only=True),
        Field("ConvertedOpportunityId", "reference", refers_to="Opportunity", read_only=True),
        Field("MasterRecordId", "reference", refers_to="Lead", read_only=True),
    ),
    "Opportunity": (
        Field("Name", required=True),
        Field("StageName", "picklist", tuple(stage[0] for stage in STAGES), required=True),
        Field("Amount", "double"),
        Field("CloseDate", "date", required=True),
        Field("IsClosed", "boolean", read_only=True),
        Field("IsWon", "boolean", read_only=True),
        Field("Probability", "double", read_only=True),
        Field("AccountId", "reference", refers_to="Account"),
        Field("Product__c"),
        Field("Loss_Reason__c"),
        _OWNER,
    ),
    "OpportunityContactRole": (
        Field("OpportunityId", "reference", refers_to="Opportunity", required=True),
        Field("ContactId", "reference", refers_to="Contact", required=True),
        Field("IsPrimary", "boolean"),
        Field("Role"),
    ),
    "LeadHistory": (
        Field("LeadId", "reference", refers_to="Lead", read_only=True),
        Field("Field", read_only=True),
        Field("OldValue", read_only=True),
        Field("NewValue", read_only=True),
        _CREATED_BY,
    ),
    "OpportunityHistory": (
        Field("OpportunityId", "reference", refers_to="Opportunity", read_only=True),
        *(Field(name, read_only=True) for name in ("StageName", "Amount", "CloseDate")),
        Field("Probability", "double", read_only=True),
        _CREATED_BY,
    ),
    "OpportunityStage": (
        Field("MasterLabel", read_only=True),
        Field("ApiName", read_only=True),
        Field("IsClosed", "boolean", read_only=True),
        Field("IsWon", "boolean", read_only=True),
        Field("IsActive", "boolean", read_only=True),
        Field("SortOrder", "int", read_only=True),
        Field("DefaultProbability", "double", read_only=True),
    ),
    "Campaign": (
        Field("Name", required=True),
        Field("IsActive", "boolean"),
        Field("Status"),
        _OWNER,
    ),
    "CampaignMemberStatus": (
        Field("CampaignId", "reference", refers_to="Campaign", required=True),
        Field("Label"),
        Field("IsDefault", "boolean"),
        Field("HasResponded", "boolean"),
        Field("SortOrder", "int"),
    ),
    "CampaignMember": (
        Field("CampaignId", "reference", refers_to="Campaign", required=True),
        Field("LeadId", "reference", refers_to="Lead"),
        Field("ContactId", "reference", refers_to="Contact"),
        Field("Status", "picklist", tuple(MEMBER_STATUSES)),
        Field("HasResponded", "boolean", read_only=True),
    ),
    "Event": (
        Field("Subject"),
        Field("Description"),
        Field("StartDateTime", "datetime", required=True),
        Field("EndDateTime", "datetime", required=True),
        Field("WhoId", "reference", refers_to="Contact Lead"),
        Field("WhatId", "reference", refers_to="Account Opportunity"),
        _OWNER,
    ),
    "Task": (
        Field("Subject"),
        Field("Description"),
        Field("IsClosed", "boolean", read_only=True),
        Field("Status", "picklist", ("Not Started", "In Progress", "Completed", "Deferred")),
        Field("Priority", "picklist", ("High", "Normal", "Low")),
        Field("TaskSubtype", "picklist", ("Task", "Email", "Call", "ListEmail")),
        Field("CallDisposition"),
        Field("ActivityDate", "date"),
        Field("WhoId", "reference", refers_to="Contact Lead"),
        Field("WhatId", "reference", refers_to="Account Opportunity"),
        _OWNER,
    ),
}
FIELDS: dict[str, dict[str, Field]] = {
    kind: {field.name: field for field in (*_SYSTEM, *fields)} for kind, fields in _ALL.items()
}
#: Parent object -> child relationship name -> (child object, its reference to the parent).
CHILDREN = {"Opportunity": {"OpportunityContactRoles": ("OpportunityContactRole", "OpportunityId")}}
#: Relationship name -> the reference field that it follows.
PARENTS = {
    "Owner": "OwnerId",
    "Account": "AccountId",
    "Contact": "ContactId",
    "CreatedBy": "CreatedById",
    "LastModifiedBy": "LastModifiedById",
}
#: Users of whom no record is told: the program's own, and the platform's.
PROGRAM, AUTOMATED = "005gK0000099999AAA", "005gK0000099998AAA"
#: Fields whose changes the org writes down.
_TRACKED = {
    "Lead": ("Status",),
    "Opportunity": ("StageName", "Amount", "CloseDate", "Probability"),
}


def object_name(text: str) -> str | None:
    """The object as it is spelled; SOQL and paths ignore case."""
    return next((name for name in FIELDS if name.lower() == text.lower()), None)


def field_of(kind: str, text: str) -> Field | None:
    return next((f for name, f in FIELDS[kind].items() if name.lower() == text.lower()), None)


def long_id(text: str) -> str:
    """The 18-character form of an id of 15; other texts as they are."""
    if len(text) != 15:  # noqa: PLR2004 - the length of a short id
        return text
    suffix = ""
    for block in (text[0:5], text[5:10], text[10:15]):
        bits = sum(1 << place for place, letter in enumerate(block) if letter.isupper())
        suffix += _ALPHABET[bits]
    return text + suffix


def stamp(moment: datetime) -> str:
    """2026-03-02T06:00:00.000+0000, as REST answers datetimes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def salesforce_store(moment: Moment) -> Store:
    """An org without records but its stages."""
    store = Store(
        "salesforce",
        tuple(PREFIXES),
        moment,
        lambda kind, n: long_id(f"{PREFIXES[kind]}{_ORG}{n:05d}"),
        _derive,
        owner_field="OwnerId",
    )
    store.index("CampaignMember", "CampaignId")
    store.index("CampaignMemberStatus", "CampaignId")
    store.on_change += [partial(_give_statuses, store), partial(_keep_history, store)]
    for order, (name, closed, won, probability) in enumerate(STAGES, start=1):
        values: dict[str, Any] = {
            "MasterLabel": name,
            "ApiName": name,
            "IsClosed": closed,
            "IsWon": won,
            "IsActive": True,
            "SortOrder": order,
            "DefaultProbability": probability,
        }
        store.create("OpportunityStage", values, by="seed")
    return store


def _give_statuses(store: Store, kind: str, key: str, changed: Mapping[str, Any], by: By) -> None:
    """A campaign comes with the statuses that its members may have."""
    if kind != "Campaign" or "Id" not in changed:
        return
    for order, (label, responded) in enumerate(MEMBER_STATUSES.items(), start=1):
        values = {
            "CampaignId": key,
            "Label": label,
            "IsDefault": order == 1,
            "HasResponded": responded,
            "SortOrder": order,
        }
        store.create("CampaignMemberStatus", values, by=by)


def _keep_history(store: Store, kind: str, key: str, changed: Mapping[str, Any], by: By) -> None:
    """Who changed the record last, and the rows of its history."""
    record, told = store.tables[kind].records[key], store.history[-1]
    user = {"api": PROGRAM, "workflow": AUTOMATED}.get(by) or told.user or None
    record.values["LastModifiedById"] = user
    tracked = [name for name in _TRACKED.get(kind, ()) if name in changed]
    row = {"CreatedById": user, "CreatedDate": stamp(told.at), f"{kind}Id": key, "IsDeleted": False}
    if kind == "Opportunity" and tracked:
        values = {name: record.values.get(name) for name in _TRACKED[kind]}
        store.append("OpportunityHistory", {**row, **values})
    elif kind == "Lead":
        for name in tracked:
            *_, before, after = (None, *(e.value for e in store.history_of(kind, key, name)))
            said = {"Field": name, "OldValue": before, "NewValue": after}
            if before is not None:
                store.append("LeadHistory", {**row, **said})


def _derive(record: Record, changed: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the platform sets: the stamps, and an opportunity's state from its stage."""
    stamped = stamp(record.modified_at)
    derived: dict[str, Any] = {"LastModifiedDate": stamped, "SystemModstamp": stamped}
    if not record.values:
        derived |= {"Id": record.id, "IsDeleted": False, "CreatedDate": stamp(record.created_at)}
        if record.object == "Lead":
            derived["IsConverted"] = False
    if record.object == "Task":
        derived["IsClosed"] = {**record.values, **changed}.get("Status") == "Completed"
    if record.object == "CampaignMember":
        status = {**record.values, **changed}.get("Status") or next(iter(MEMBER_STATUSES))
        derived |= {"Status": status, "HasResponded": MEMBER_STATUSES[status]}
    if record.object == "Opportunity" and "StageName" in changed:
        _, closed, won, probability = next(s for s in STAGES if s[0] == changed["StageName"])
        derived |= {"IsClosed": closed, "IsWon": won, "Probability": probability}
    return derived
