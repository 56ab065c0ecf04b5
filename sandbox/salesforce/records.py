"""One sObject made, changed or deleted, by the rules of the org."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.schema import FIELDS, Field, field_of, long_id, stamp
from sandbox.store import Record, Store

_EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\"().]+")


class Records:
    """Checks first, writes afterwards: what raises has changed nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def living(self, kind: str, key: str) -> Record:
        """By id, of 15 or 18 characters. Raises SalesforceError 404."""
        record = self.store.get(kind, long_id(key))
        if record is None:
            message = "Provided external ID field does not exist or is not accessible: " + key
            raise SalesforceError(404, "NOT_FOUND", message)
        if record.archived:
            raise SalesforceError(404, "ENTITY_IS_DELETED", "entity is deleted")
        return record

    def create(self, kind: str, given: Mapping[str, Any]) -> Record:
        values = self._checked(kind, given)
        missing = [f.name for f in FIELDS[kind].values() if f.required and not values.get(f.name)]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise SalesforceError(400, "REQUIRED_FIELD_MISSING", message, missing)
        if kind == "CampaignMember":
            self._refuse_member(values)
        if kind == "Lead":
            values.setdefault("Status", "Open - Not Contacted")
        record = self.store.create(kind, values)
        if kind == "OpportunityContactRole":
            parent = ("Opportunity", values["OpportunityId"])
            self.store.link(parent, (kind, record.id), [1])
        return record

    def change(self, record: Record, given: Mapping[str, Any]) -> None:
        values = self._checked(record.object, given)
        if record.values.get("IsConverted"):
            message = "cannot reference converted lead"
            raise SalesforceError(400, "CANNOT_UPDATE_CONVERTED_LEAD", message)
        self.store.edit(record.object, record.id, values, by="api")

    def delete(self, record: Record) -> None:
        self.store.archive(record.object, record.id)
        record.values["IsDeleted"] = True

    def _refuse_member(self, values: Mapping[str, Any]) -> None:
        """Of a converted lead, or whom the campaign has already."""
        people = [values.get("LeadId"), values.get("ContactId")]
        lead = self.store.get("Lead", str(people[0]))
        if lead is not None and lead.values.get("IsConverted"):
            message = "cannot reference converted lead"
            raise SalesforceError(400, "CANNOT_REFERENCE_CONVERTED_LEAD", message)
        for id_ in self.store.find("CampaignMember", "CampaignId", values["CampaignId"]):
            known = self.store.tables["CampaignMember"].records[id_].values
            if [known.get("LeadId"), known.get("ContactId")] == people:
                message = "Already a campaign member."
                raise SalesforceError(400, "DUPLICATE_VALUE", message)

    def _checked(self, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name in {"attributes", "Id", "id"}:
                continue
            field = field_of(kind, name)
            if field is None:
                message = f"No such column '{name}' on sobject of type {kind}"
                raise SalesforceError(400, "INVALID_FIELD", message, [name])
            if field.read_only:
                message = f"Unable to create/update fields: {field.name}."
                code = "INVALID_FIELD_FOR_INSERT_UPDATE"
                raise SalesforceError(400, code, message, [field.name])
            values[field.name] = self._value(kind, field, value)
        return values

    def _value(self, kind: str, field: Field, value: Any) -> Any:
        if value is None or value == "":
            if field.required:
                message = f"Required fields are missing: [{field.name}]"
                raise SalesforceError(400, "REQUIRED_FIELD_MISSING", message, [field.name])
            return None
        if isinstance(value, dict | list):
            message = f"Cannot deserialize instance of {field.type} from {type(value).__name__}"
            raise SalesforceError(400, "JSON_PARSER_ERROR", message)
        if field.type == "reference":
            return self._reference(field, str(value))
        if field.type == "email" and not _EMAIL.fullmatch(str(value)):
            message = f"{kind} {field.name}: invalid email address: {value}"
            raise SalesforceError(400, "INVALID_EMAIL_ADDRESS", message, [field.name])
        chosen = set(str(value).split(";")) if field.type == "multipicklist" else {value}
        if field.picklist and not chosen <= set(field.picklist):
            message = f"{field.name}: bad value for restricted picklist field: {value}"
            code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            raise SalesforceError(400, code, message, [field.name])
        return _as_declared(field, value)

    def _reference(self, field: Field, value: str) -> str:
        key = long_id(value)
        for kind in field.refers_to.split():
            record = self.store.get(kind, key)
            if record is not None and not record.archived:
                return key
        message = f"{field.name}: id value of incorrect type or invalid: {value}"
        raise SalesforceError(400, "MALFORMED_ID", message, [field.name])


def _as_declared(field: Field, value: Any) -> Any:
    """As Salesforce reads JSON: a number may stand in a text, true and false may not."""
    try:
        match field.type:
            case "boolean" if not isinstance(value, bool):
                raise ValueError(value)  # noqa: TRY301 - one place makes the message
            case "double" if not isinstance(value, int | float):
                return float(str(value))
            case "date":
                date.fromisoformat(str(value)[:10])
            case "datetime":
                return stamp(datetime.fromisoformat(str(value)))
    except ValueError:
        message = f"Cannot deserialize instance of {field.type} from VALUE_STRING value {value}"
        raise SalesforceError(400, "JSON_PARSER_ERROR", message) from None
    return value
