"""Records as HubSpot answers them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot.associations import PRIMARY
from sandbox.hubspot.schema import DEFAULT_PROPERTIES, PROPERTIES, SINGULAR, modified_property
from sandbox.hubspot.seed import user_id
from sandbox.hubspot.stamps import iso
from sandbox.store import Entry, Record, Store

#: How a value came -> sourceType.
_SOURCES = {
    "api": "INTEGRATION",
    "import": "IMPORT",
    "person": "CRM_UI",
    "seed": "IMPORT",
    "workflow": "AUTOMATION_PLATFORM",
}
#: The app whose token is used, and the user who installed it.
_APP, _INSTALLER = "1810005", "400000001"
_SINGULAR_OF = {plural: singular for singular, plural in SINGULAR.items()}


def told(record: Record, properties: Sequence[str]) -> dict[str, Any]:
    """One object with the properties asked for; an unknown one is left out, an unset one null."""
    values, known = record.values, PROPERTIES[record.object]
    names = properties or DEFAULT_PROPERTIES.get(record.object, ())
    shown = dict.fromkeys(["hs_object_id", "createdate", modified_property(record.object), *names])
    answer: dict[str, Any] = {
        "id": record.id,
        "properties": {name: values.get(name) for name in shown if name in known},
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.modified_at),
        "archived": record.archived,
    }
    if record.archived_at:
        answer["archivedAt"] = iso(record.archived_at)
    return answer


def with_history(
    answer: dict[str, Any], store: Store, record: Record, properties: Sequence[str]
) -> dict[str, Any]:
    """The answer of a batch read that asked for the histories of properties, the newest first."""
    known = PROPERTIES[record.object]
    histories = {
        name: [_past(entry) for entry in reversed(store.history_of(record.object, record.id, name))]
        for name in properties
        if name in known
    }
    return {**answer, "propertiesWithHistory": histories} if properties else answer


def _past(entry: Entry) -> dict[str, Any]:
    owner = _INSTALLER if entry.by == "api" else entry.user
    user = user_id(owner) if owner else 0
    source = {"person": f"userId:{user}", "api": _APP}.get(entry.by, entry.by)
    told = {
        "value": entry.value or "",
        "timestamp": iso(entry.at),
        "sourceType": _SOURCES[entry.by],
        "sourceId": source,
    }
    return {**told, "updatedByUserId": user} if user else told


def with_associations(
    answer: dict[str, Any], store: Store, record: Record, objects: Iterable[str]
) -> dict[str, Any]:
    """The answer of a list or a single get that asked for associations."""
    found: dict[str, Any] = {}
    for other in objects:
        linked = living_links(store, (record.object, record.id), other)
        if linked:
            pair = f"{_SINGULAR_OF[record.object]}_to_{_SINGULAR_OF[other]}"
            found[other] = {
                "results": [
                    {"id": id_, "type": f"{pair}_unlabeled" if number in PRIMARY.values() else pair}
                    for id_, numbers in linked
                    for number in sorted(numbers)
                ]
            }
    return {**answer, "associations": found} if found else answer


def living_links(store: Store, one: tuple[str, str], other: str) -> list[tuple[str, set[int]]]:
    """Associated records that are not archived, by id."""
    linked = store.linked(one, other)
    records = store.tables[other].records
    return [(id_, linked[id_]) for id_ in sorted(linked) if not records[id_].archived]
