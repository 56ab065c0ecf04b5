"""One record made or changed, by the rules of the account."""

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import associations, values
from sandbox.hubspot.errors import HubSpotError, invalid, invalid_properties
from sandbox.hubspot.schema import DEFAULT_PROPERTIES, PIPELINE
from sandbox.store import Record, Store

#: What each object cannot be made without.
_REQUIRED = {
    "deals": ("dealname", "dealstage"),
    "emails": ("hs_timestamp", "hs_email_direction"),
    "notes": ("hs_timestamp",),
    "calls": ("hs_timestamp",),
    "tasks": ("hs_timestamp",),
    "meetings": ("hs_timestamp",),
}
Links = list[tuple[tuple[str, str], list[int]]]


class Records:
    """Checks first, writes afterwards: what raises has changed nothing."""

    def __init__(self, store: Store, owners: Mapping[str, Any]) -> None:
        self.store = store
        self.owners = owners

    def living(self, kind: str, key: str, id_property: str = "") -> Record | None:
        """By id, or by a unique property."""
        if id_property and id_property != "hs_object_id":
            found = self.store.find(kind, id_property, key)
            return self.store.get(kind, found[0]) if found else None
        record = self.store.get(kind, key)
        return None if record is None or record.archived else record

    def check_new(self, kind: str, given: Any) -> tuple[dict[str, str | None], Links]:
        """What `create` needs. Raises HubSpotError: 400, or 409 for a contact that exists."""
        if not isinstance(given, dict):
            raise invalid("Some required fields were not set: [properties]")
        checked = values.checked(kind, given.get("properties"), self.owners)
        if kind == "deals":
            checked.setdefault("pipeline", PIPELINE)
        missing = [name for name in _REQUIRED.get(kind, ()) if not checked.get(name)]
        if missing:
            raise invalid_properties(
                [
                    {
                        "name": name,
                        "error": "REQUIRED_FIELD",
                        "message": f'"{name}" is required and was not set',
                    }
                    for name in missing
                ]
            )
        if not any(checked.get(name) for name in DEFAULT_PROPERTIES.get(kind, ())) and (
            kind in {"contacts", "companies"}
        ):
            raise invalid(f"At least one of {', '.join(DEFAULT_PROPERTIES[kind])} must be set")
        self._refuse_taken(kind, checked.get("email"))
        return checked, self._links(kind, given.get("associations"))

    def create(self, kind: str, checked: Mapping[str, str | None], links: Links) -> Record:
        record = self.store.create(kind, checked)
        for other, numbers in links:
            associations.associate(self.store, (kind, record.id), other, numbers)
        return record

    def check_change(self, record: Record, given: Any) -> dict[str, str | None]:
        """What to store. Raises HubSpotError: 400, or 409 for an email that another contact has."""
        checked = values.checked(record.object, given, self.owners)
        if checked.get("email") != record.values.get("email"):
            self._refuse_taken(record.object, checked.get("email"))
        return values.forward_only(record.values, checked)

    def change(self, record: Record, checked: Mapping[str, str | None]) -> None:
        self.store.edit(record.object, record.id, checked, by="api")

    def _refuse_taken(self, kind: str, email: str | None) -> None:
        if kind != "contacts" or not email:
            return
        for id_ in self.store.find(kind, "email", email):
            raise HubSpotError(409, f"Contact already exists. Existing ID: {id_}", "CONFLICT")

    def _links(self, kind: str, given: Any) -> Links:
        if given is None:
            return []
        if not isinstance(given, list):
            raise invalid("associations: a list is needed")
        links: Links = []
        for each in given:
            to = each.get("to") if isinstance(each, dict) else None
            key = str(to.get("id")) if isinstance(to, dict) else ""
            types = each.get("types") if isinstance(each, dict) else None
            first = types[0] if isinstance(types, list) and types else None
            number = first.get("associationTypeId") if isinstance(first, dict) else None
            other = associations.target_of(number, kind)
            if other is None:
                raise invalid(f"{number} is not a valid association type from {kind}")
            numbers = associations.numbers_of(types, (kind, other))
            if self.living(other, key) is None:
                raise HubSpotError(
                    404, f"{other} {key} does not exist", "OBJECT_NOT_FOUND", context={"id": [key]}
                )
            links.append(((other, key), numbers))
        return links
