"""Finding what changed by search, whose answers cannot be trusted: ids alone, in ranges.

Search stops at 10,000 hits of a query, lags behind, keeps no order and answers strangers. A window of
modification is cut into ranges of ids, each small enough to be read to its end; every page of a
range is read before the next range begins; values are read from the records themselves.
https://developers.hubspot.com/docs/guides/api/crm/search
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.base import Kind
from connectors.errors import Unavailable
from connectors.hubspot import fields
from connectors.hubspot.wire import Wire
from connectors.values import Malformed, mapping, moment, sequence, text

PAGE = 200
#: Ranges with more hits are cut: 10,000 is refused, and the index may grow between two pages.
MOST = 9_600
_PIVOT_AT = 4_800
_LARGEST_ID = 10**18
_ID_DIGITS = 18


@dataclass(frozen=True, kw_only=True)
class Found:
    """A range of ids read to its end: those that changed, ascending."""

    ids: Sequence[str]
    #: The range's upper end; blank for the last one.
    upto: str
    #: False when the search said that there are more than it answered.
    complete: bool


class Windows:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def changed(self, kind: Kind, low: datetime, high: datetime, *, behind: str) -> Iterator[Found]:
        """Ids of what was modified from `low` to `high`, from behind the id `behind` on."""
        modified = fields.PROPERTIES[kind]["modified_at"]
        yield from self.changed_in(fields.OBJECTS[kind], modified, low, high, behind=behind)

    def changed_in(
        self, object_: str, modified: str, low: datetime, high: datetime, *, behind: str = ""
    ) -> Iterator[Found]:
        """The same for any object, by the name of its stamp."""
        ranges: list[tuple[int, int]] = [(int(behind or 0), _LARGEST_ID)]
        while ranges:
            first, last = ranges.pop()
            ask = _Query(
                object_=object_, modified=modified, low=low, high=high, first=first, last=last
            )
            answer = self._search(ask, 0)
            total = _total(answer)
            if total > MOST:
                if last - first <= 1:
                    raise Unavailable(f"search of {object_}: one id has {total} hits")
                pivot = self._pivot(ask, answer)
                ranges += [(pivot, last), (first, pivot)]
                continue
            ids = self._all(ask, answer, total)
            yield Found(
                ids=sorted(ids, key=int),
                upto="" if last == _LARGEST_ID else str(last),
                complete=len(ids) >= total,
            )

    def count(self, kind: Kind) -> int:
        """How many records of a kind the index knows."""
        path = f"/crm/v3/objects/{fields.OBJECTS[kind]}/search"
        return _total(self._wire.post(path, {"filterGroups": [], "limit": 1}, repeatable=True))

    def _all(self, ask: "_Query", answer: Mapping[str, Any], total: int) -> set[str]:
        ids = ask.belonging(answer)
        for after in range(PAGE, total, PAGE):
            ids |= ask.belonging(self._search(ask, after))
        return ids

    def _pivot(self, ask: "_Query", answer: Mapping[str, Any]) -> int:
        """Where to cut a range that is too large: in the middle of what can be seen of it."""
        seen = ask.belonging(answer) | ask.belonging(self._search(ask, _PIVOT_AT))
        inner = sorted(id_ for id_ in map(int, seen) if ask.first < id_ < ask.last)
        if inner:
            return inner[-1]
        return ask.first + (ask.last - ask.first) // 2

    def _search(self, ask: "_Query", after: int) -> dict[str, Any]:
        path = f"/crm/v3/objects/{ask.object_}/search"
        return self._wire.post(path, ask.body(after), repeatable=True)


@dataclass(frozen=True, kw_only=True)
class _Query:
    object_: str
    modified: str  #: the property that holds the stamp
    low: datetime
    high: datetime
    first: int  #: exclusive
    last: int  #: inclusive

    def body(self, after: int) -> dict[str, object]:
        bounds = [
            (self.modified, "GTE", fields.stamp(self.low)),
            (self.modified, "LTE", fields.stamp(self.high)),
            ("hs_object_id", "GT", str(self.first)),
        ]
        if self.last != _LARGEST_ID:
            bounds.append(("hs_object_id", "LTE", str(self.last)))
        filters = [{"propertyName": n, "operator": o, "value": v} for n, o, v in bounds]
        return {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [self.modified],
            "limit": PAGE,
            "after": str(after),
        }

    def belonging(self, answer: Mapping[str, Any]) -> set[str]:
        """The answer's ids without strangers; what has no readable stamp is read to be sure."""
        ids: set[str] = set()
        try:
            items = sequence(answer.get("results"))
        except Malformed as error:
            raise Unavailable(f"search of {self.object_}: {error}") from error
        for item in items:
            id_, at = _id_and_stamp(item, self.modified)
            if id_ and self.first < int(id_) <= self.last and (at is None or self._holds(at)):
                ids.add(id_)
        return ids

    def _holds(self, at: datetime) -> bool:
        # The index knows milliseconds, and ignores what is below.
        return (
            int(self.low.timestamp() * 1000)
            <= int(at.timestamp() * 1000)
            <= (int(self.high.timestamp() * 1000))
        )


def _id_and_stamp(item: object, modified: str) -> tuple[str, datetime | None]:
    try:
        found = mapping(item)
        id_ = text(found.get("id"))
        properties = found.get("properties")
        stamp = properties.get(modified) if isinstance(properties, Mapping) else None
        at = moment(stamp)
    except Malformed:
        return "", None
    return (id_, at) if is_id(id_) else ("", None)


def is_id(text_: str) -> bool:
    return text_.isascii() and text_.isdigit() and len(text_) <= _ID_DIGITS


def _total(answer: Mapping[str, Any]) -> int:
    total = answer.get("total")
    if isinstance(total, bool) or not isinstance(total, int):
        raise Unavailable("HubSpot's search does not say how many there are")
    return total
