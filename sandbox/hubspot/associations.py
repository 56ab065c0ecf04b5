"""Which record belongs to which, and HubSpot's numbers for the ways of belonging.

https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide#association-type-id-values
"""

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot.errors import invalid
from sandbox.hubspot.schema import OBJECT_TYPES, SINGULAR
from sandbox.store import Store

#: (from, to) -> the number of the plain association. The opposite direction has its own.
TYPES = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("companies", "emails"): 185,
    ("emails", "companies"): 186,
    ("contacts", "emails"): 197,
    ("emails", "contacts"): 198,
    ("deals", "emails"): 209,
    ("emails", "deals"): 210,
    ("companies", "calls"): 181,
    ("calls", "companies"): 182,
    ("contacts", "calls"): 193,
    ("calls", "contacts"): 194,
    ("deals", "calls"): 205,
    ("calls", "deals"): 206,
    ("companies", "notes"): 189,
    ("notes", "companies"): 190,
    ("contacts", "notes"): 201,
    ("notes", "contacts"): 202,
    ("deals", "notes"): 213,
    ("notes", "deals"): 214,
    ("companies", "tasks"): 191,
    ("tasks", "companies"): 192,
    ("contacts", "tasks"): 203,
    ("tasks", "contacts"): 204,
    ("deals", "tasks"): 215,
    ("tasks", "deals"): 216,
    ("companies", "meetings"): 187,
    ("meetings", "companies"): 188,
    ("contacts", "meetings"): 199,
    ("meetings", "contacts"): 200,
    ("deals", "meetings"): 211,
    ("meetings", "deals"): 212,
}
#: (from, to) -> the number of the association with the primary company.
PRIMARY = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}
_PAIR_OF = {number: pair for table in (TYPES, PRIMARY) for pair, number in table.items()}


def object_name(text: str) -> str | None:
    """The plural name behind "contacts", "contact", "CONTACT" or "0-1"."""
    name = text.lower()
    by_type = {number: plural for plural, number in OBJECT_TYPES.items()}
    name = SINGULAR.get(name, by_type.get(name, name))
    return name if name in OBJECT_TYPES else None


def associate(
    store: Store, one: tuple[str, str], other: tuple[str, str], numbers: Sequence[int]
) -> None:
    """Both directions; a primary association implies the plain one."""
    forth, back = (one[0], other[0]), (other[0], one[0])
    primary = any(number == PRIMARY.get(forth) for number in numbers)
    for start, end, pair in ((one, other, forth), (other, one, back)):
        store.link(start, end, [TYPES[pair], *([PRIMARY[pair]] if primary else [])])


def numbers_of(types: Any, pair: tuple[str, str]) -> list[int]:
    """The type ids of an input's `types`. Raises HubSpotError when one does not fit the pair."""
    if not isinstance(types, list) or not types:
        raise invalid("Some required fields were not set: [types]")
    numbers = []
    for each in types:
        number = each.get("associationTypeId") if isinstance(each, dict) else None
        if not isinstance(number, int) or _PAIR_OF.get(number) != pair:
            raise invalid(
                f"{number} is not a valid association type between {pair[0]} and {pair[1]}"
            )
        numbers.append(number)
    return numbers


def target_of(number: Any, start: str) -> str | None:
    """The object that an association of this number leads to from `start`."""
    pair = _PAIR_OF.get(number) if isinstance(number, int) else None
    return pair[1] if pair and pair[0] == start else None


def told(numbers: set[int]) -> list[dict[str, Any]]:
    return [
        {
            "category": "HUBSPOT_DEFINED",
            "typeId": number,
            **({"label": "Primary"} if number in PRIMARY.values() else {}),
        }
        for number in sorted(numbers)
    ]
