"""Who changed a property in HubSpot, from the history that it keeps of each.

https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Written
from connectors.batches import chunks
from connectors.edits import Edit, Source, in_order
from connectors.errors import Unavailable
from connectors.hubspot import fields
from connectors.hubspot.changes import Changes
from connectors.hubspot.wire import Wire
from connectors.mapping import FieldTable, vendor_name
from connectors.values import Malformed, identity, mapping, moment, sequence, text

#: Records of one call that asks for history.
_BATCH = 50
#: HubSpot's sourceType; one that is not among them is nobody's that we could name.
_SOURCES: Mapping[str, Source] = {
    "CRM_UI": "person",
    "CRM_UI_BULK_ACTION": "person",
    "MOBILE_ANDROID": "person",
    "MOBILE_IOS": "person",
    "IMPORT": "import",
    "AUTOMATION_PLATFORM": "automation",
    "WORKFLOWS": "automation",
    "API": "integration",
    "INTEGRATION": "integration",
}
#: Of whom a user is told. An integration carries the id of the user who installed it.
_BY_HAND = frozenset({"person", "import"})


class Edits:
    def __init__(self, wire: Wire, changes: Changes, table: FieldTable) -> None:
        self._wire, self._changes, self._table = wire, changes, table

    def of(self, kind: Written, field: str, ids: Sequence[str]) -> dict[str, list[Edit]]:
        """See Connector.edits. A call for 50 records, and one for users who are not known yet."""
        property_ = vendor_name(self._table, kind, field)
        told: dict[str, Sequence[Any]] = {}
        try:
            for chunk in chunks(ids, _BATCH):
                answer = self._wire.post(
                    f"/crm/v3/objects/{fields.OBJECTS[kind]}/batch/read",
                    {
                        "inputs": [{"id": id_} for id_ in chunk],
                        "properties": [property_],
                        "propertiesWithHistory": [property_],
                    },
                    repeatable=True,
                )
                for item in map(mapping, sequence(answer.get("results"))):
                    histories = mapping(item.get("propertiesWithHistory") or {})
                    told[identity(item.get("id"))] = sequence(histories.get(property_) or [])
            return self._read(told)
        except Malformed as error:
            raise Unavailable(f"HubSpot's history of {property_}: {error}") from error

    def _read(self, told: Mapping[str, Sequence[Any]]) -> dict[str, list[Edit]]:
        users = {_user_of(mapping(entry)) for entries in told.values() for entry in entries}
        names = self._changes.users(users - {""})
        # The newest comes first, and several may have one moment.
        return {
            id_: in_order(_edit(mapping(entry), names) for entry in reversed(entries))
            for id_, entries in told.items()
        }


def _edit(entry: Mapping[str, Any], names: Mapping[str, str]) -> Edit:
    at = moment(entry.get("timestamp"))
    if at is None:
        raise Malformed("an entry without its moment")
    user = _user_of(entry)
    return Edit(
        value=text(entry.get("value")),
        at=at,
        source=_source_of(entry),
        who=names.get(user) or (f"user {user}" if user else ""),
    )


def _source_of(entry: Mapping[str, Any]) -> Source:
    return _SOURCES.get(text(entry.get("sourceType")), "unknown")


def _user_of(entry: Mapping[str, Any]) -> str:
    """Blank where it was no person."""
    return identity(entry.get("updatedByUserId")) if _source_of(entry) in _BY_HAND else ""
