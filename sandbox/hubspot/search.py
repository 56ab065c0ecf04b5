"""HubSpot's search: filter groups, one sort, pages of 200, and no result behind the 10,000th.

https://developers.hubspot.com/docs/api-reference/search/guide
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.hubspot import stamps
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.schema import DEFAULT_PROPERTIES, PROPERTIES, modified_property
from sandbox.store import Record, Store, Table

LIMIT = 200
CAP = 10_000
_GROUPS, _FILTERS, _FILTERS_IN_ALL = 5, 6, 18
_OPERATORS = (
    "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY",
    "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
)  # fmt: skip

Test = Callable[[Record], bool]


def search(
    store: Store, kind: str, body: dict[str, Any], is_indexed: Test
) -> tuple[int, list[Record], str]:
    """Total, the records of this page, and the next page's `after` ("" behind the last)."""
    limit, after = _page(body)
    groups = _groups(body)
    tests = [[_test(kind, each) for each in group] for group in groups]
    table = store.tables[kind]
    records = table.records
    words = str(body.get("query") or "").casefold().split()
    found = [
        record
        for id_ in _candidates(table, kind, groups)
        if not (record := records[id_]).archived
        and is_indexed(record)
        and (not tests or any(all(test(record) for test in group) for group in tests))
        and (not words or _holds(record, words))
    ]
    found = _sorted(found, kind, body.get("sorts"))
    end = after + limit
    return len(found), found[after:end], str(end) if end < len(found) else ""


def _page(body: dict[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", 10), body.get("after") or 0
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= LIMIT:
        raise invalid(f"Invalid limit {limit}: it must be at most {LIMIT}")
    try:
        offset = int(after)
    except (TypeError, ValueError):
        raise invalid(f"Invalid after {after!r}: it must be a whole number") from None
    if offset < 0 or offset + limit > CAP:
        raise invalid(f"Search results are limited to {CAP}; after + limit is {offset + limit}")
    return limit, offset


def _groups(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    given = body.get("filterGroups") or (
        [{"filters": body["filters"]}] if "filters" in body else []
    )
    if not isinstance(given, list) or len(given) > _GROUPS:
        raise invalid(f"filterGroups: at most {_GROUPS} are allowed")
    groups = []
    for group in given:
        filters = group.get("filters") if isinstance(group, dict) else None
        if not isinstance(filters, list) or len(filters) > _FILTERS:
            raise invalid(f"filters: a list of at most {_FILTERS} is needed in each group")
        if not all(isinstance(each, dict) for each in filters):
            raise invalid("filters: each is an object with propertyName and operator")
        groups.append(filters)
    if sum(map(len, groups)) > _FILTERS_IN_ALL:
        raise invalid(f"filterGroups: at most {_FILTERS_IN_ALL} filters in all are allowed")
    return groups


def _candidates(table: Table, kind: str, groups: list[list[dict[str, Any]]]) -> Sequence[str]:
    """Ids that can match, narrowed by time or by id when there is one group; in the index's order."""
    if len(groups) != 1:
        return table.by_id
    modified = modified_property(kind)
    lows, highs, ids = [], [], []
    for each in groups[0]:
        name, operator, value = each.get("propertyName"), each.get("operator"), each.get("value")
        if name == modified and operator in {"GT", "GTE", "BETWEEN", "EQ"}:
            lows.append(_moment(value))
        if name == modified and operator in {"LT", "LTE", "EQ"}:
            highs.append(_moment(value))
        if name == modified and operator == "BETWEEN":
            highs.append(_moment(each.get("highValue")))
        if name == "hs_object_id" and operator in {"GT", "GTE"}:
            ids.append(str(value))
    if lows or highs:
        window = table.between(max(lows, default=None), min(highs, default=None))
        return [id_ for _, id_ in window]
    width = len(table.by_id[0]) if table.by_id else 0
    if any(len(low) == width for low in ids):
        return table.ids_from(max(low for low in ids if len(low) == width))
    return table.by_id


def _moment(value: Any) -> Any:
    try:
        return stamps.parse(str(value))
    except (ValueError, OverflowError):
        raise invalid(f"{value!r} is not a datetime: give epoch milliseconds") from None


def _test(kind: str, given: dict[str, Any]) -> Test:
    name, operator = given.get("propertyName"), given.get("operator")
    schema = PROPERTIES[kind].get(name) if isinstance(name, str) else None
    if schema is None:
        raise invalid(f"There was a problem with the request: property {name!r} does not exist")
    if operator not in _OPERATORS:
        raise invalid(f"operator: {operator!r} is none of {', '.join(_OPERATORS)}")
    read = _reader(schema.type)
    value, high, values = given.get("value"), given.get("highValue"), given.get("values")
    if operator == "HAS_PROPERTY":
        return lambda record: record.values.get(schema.name) is not None
    if operator == "NOT_HAS_PROPERTY":
        return lambda record: record.values.get(schema.name) is None
    if operator in {"IN", "NOT_IN"}:
        if not isinstance(values, list) or not values:
            raise invalid(f"{operator} needs a list of values")
        wanted = {read(each) for each in values}
        among = operator == "IN"
        return lambda record: _value(record, schema.name, read, lambda v: (v in wanted) is among)
    if value is None or (operator == "BETWEEN" and high is None):
        raise invalid(f"{operator} needs a value")
    if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        token, contains = str(value).strip("*").casefold(), operator == "CONTAINS_TOKEN"
        return lambda record: (
            (token in str(record.values.get(schema.name) or "").casefold()) is contains
        )
    compare = _comparison(operator, read(value), read(high) if high is not None else None)
    return lambda record: _value(record, schema.name, read, compare)


def _comparison(operator: str, value: Any, high: Any) -> Callable[[Any], bool]:
    return {
        "EQ": lambda v: v == value,
        "NEQ": lambda v: v != value,
        "LT": lambda v: v < value,
        "LTE": lambda v: v <= value,
        "GT": lambda v: v > value,
        "GTE": lambda v: v >= value,
        "BETWEEN": lambda v: value <= v <= high,
    }[operator]


def _value(
    record: Record, name: str, read: Callable[[Any], Any], test: Callable[[Any], bool]
) -> bool:
    """An unset property matches no comparison."""
    value = record.values.get(name)
    return value is not None and test(read(value))


def _reader(type_: str) -> Callable[[Any], Any]:
    return {"number": _number, "datetime": _moment}.get(type_, lambda v: str(v).casefold())


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise invalid(f"{value!r} is not a number") from None
    if number.is_nan():
        raise invalid(f"{value!r} is not a number")
    return number


def _holds(record: Record, words: list[str]) -> bool:
    names = DEFAULT_PROPERTIES.get(record.object, ())
    text = " ".join(str(record.values.get(name) or "") for name in names).casefold()
    return all(word in text for word in words)


def _sorted(found: list[Record], kind: str, sorts: Any) -> list[Record]:
    if not sorts:
        return sorted(found, key=lambda record: record.id)
    if not isinstance(sorts, list) or len(sorts) != 1:
        raise invalid("sorts: exactly one is allowed")
    first = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0])}
    name, direction = first.get("propertyName"), first.get("direction", "ASCENDING")
    if direction not in {"ASCENDING", "DESCENDING"}:
        raise invalid(f"direction: {direction!r} is neither ASCENDING nor DESCENDING")
    backward = direction == "DESCENDING"
    if name == modified_property(kind):
        return sorted(found, key=lambda record: (record.modified_at, record.id), reverse=backward)
    if name == "hs_object_id":
        return sorted(found, key=lambda record: record.id, reverse=backward)
    schema = PROPERTIES[kind].get(name) if isinstance(name, str) else None
    if schema is None:
        raise invalid(f"sorts: property {name!r} does not exist")
    read = _reader(schema.type)
    some = [record for record in found if record.values.get(schema.name) is not None]
    none = [record for record in found if record.values.get(schema.name) is None]
    some.sort(key=lambda record: (read(record.values[schema.name]), record.id), reverse=backward)
    return some + none
