"""The people and the company of a deal, as lists of /crm/v3 carry them and as /crm/v4 answers them."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import Kind
from connectors.errors import Unavailable
from connectors.hubspot import fields
from connectors.values import Malformed, text


def listed(kind: Kind, items: Iterable[object]) -> Mapping[str, Mapping[str, object]]:
    """Deal id -> its people and company, as /crm/v3 lists carry them."""
    links: dict[str, Mapping[str, object]] = {}
    for item in items if kind == "deal" else ():
        if not isinstance(item, Mapping):
            continue  # told when the record is built
        associations = item.get("associations")
        people = _associations(associations, "contacts")
        companies = _associations(associations, "companies")
        links[str(item.get("id"))] = {
            "lead_ids": fields.in_order([id_ for id_, _ in people]),
            "company_id": fields.primary(companies),
        }
    return links


def cut_off(items: Iterable[object]) -> list[object]:
    """Those whose list of people or companies has a next page, which /crm/v4 has."""
    found = []
    for item in items:
        listed = item.get("associations") if isinstance(item, Mapping) else None
        parts = listed.values() if isinstance(listed, Mapping) else ()
        if any(isinstance(part, Mapping) and part.get("paging") for part in parts):
            found.append(item)
    return found


def _associations(associations: object, name: str) -> list[tuple[str, bool]]:
    listed = associations.get(name) if isinstance(associations, Mapping) else None
    results = listed.get("results") if isinstance(listed, Mapping) else None
    return [
        (text(one["id"]), fields.is_primary_label(one.get("type")))
        for one in (results if isinstance(results, list) else [])
        if isinstance(one, Mapping) and isinstance(one.get("id"), str | int)
    ]


def to_id(to: Mapping[str, Any]) -> str:
    try:
        return text(to.get("toObjectId"))
    except Malformed as error:
        raise Unavailable(f"an association's toObjectId: {error}") from error


def is_primary(to: Mapping[str, Any]) -> bool:
    types = to.get("associationTypes")
    return any(
        isinstance(one, Mapping) and one.get("typeId") == fields.DEAL_TO_PRIMARY_COMPANY
        for one in (types if isinstance(types, list) else [])
    )
