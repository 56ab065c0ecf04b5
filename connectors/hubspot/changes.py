"""Reading from HubSpot: everything by list, what changed by search for ids and batch read.

See connectors.hubspot.windows for what search is worth. What the index learns late is found by a
delayed pass. Deleted records stand in no search: they are listed once a day, behind it.
"""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Kind, Page, Record, Skipped
from connectors.batches import chunks
from connectors.cursor import OVERLAP, Cursor, iso
from connectors.errors import Refused, Unavailable
from connectors.hubspot import fields, links
from connectors.hubspot.drift import Drift
from connectors.hubspot.windows import Windows, is_id
from connectors.hubspot.wire import Wire
from connectors.mapping import FieldTable
from connectors.records import Types, build_all
from connectors.values import Malformed, mapping, moment, sequence, text

#: How often deleted records are looked for.
ARCHIVED_EVERY = timedelta(days=1)
#: The index knows a change after this time at the latest; until then a delayed pass looks again.
DELAY, DELAYED_EVERY = timedelta(hours=1), timedelta(hours=1)
#: A search that stays silent about what it counts is believed after this time.
GIVE_UP = timedelta(hours=6)
_LIST, _BATCH, _ASSOCIATIONS = 100, 100, 1000
#: Records that land at once.
_LANDED = 500


class Changes:
    def __init__(self, wire: Wire, table: FieldTable, types: Types) -> None:
        self._wire, self._table, self._types = wire, table, types
        self._windows, self._drift = Windows(wire), Drift(wire, table)
        #: User id -> the owner's email; blank of a user who is none.
        self._users: dict[str, str] = {}

    def pages(self, kind: Kind, written: str, now: datetime) -> Iterator[Page]:
        """See Connector.changed."""
        cursor = Cursor.parse(written).begun(now)
        if kind == "owner":
            yield from self._owners(cursor)
            return
        if not cursor.since:
            yield from self._everything(kind, cursor)
            return
        if cursor.high - DELAY - _when(cursor.delayed) >= DELAYED_EVERY:
            cursor = yield from self._indexed_late(kind, cursor)
        # Deleted is also what was merged away: by now the record that it went into is known.
        if _when(cursor.delayed) - _when(cursor.archived) >= ARCHIVED_EVERY:
            yield from self._deleted(kind, cursor)
            cursor = replace(cursor, archived=cursor.delayed)
        yield from self._modified(kind, cursor)

    def read(self, kind: Kind, ids: Sequence[str]) -> tuple[list[Record], list[Skipped]]:
        """The records of `ids` as they are now; those that are gone are left out."""
        items: list[Any] = []
        for chunk in chunks(ids, _BATCH):
            answer = self._wire.post(
                f"/crm/v3/objects/{fields.OBJECTS[kind]}/batch/read",
                {
                    "inputs": [{"id": id_} for id_ in chunk],
                    "properties": self._properties(kind),
                    "propertiesWithHistory": [],
                },
                repeatable=True,
            )
            items += _results(answer)
        linked = self._deal_links(_ids(items)) if kind == "deal" else {}
        return self._built(kind, items, linked)

    def count(self, kind: Kind) -> int:
        """By a search without conditions; owners are listed, a call for each hundred."""
        if kind == "owner":
            pages = self._listing("/crm/v3/owners", {"limit": str(_LIST), "archived": "false"})
            return sum(len(items) for items, _ in pages)
        return self._windows.count(kind)

    def users(self, ids: Collection[str]) -> Mapping[str, str]:
        """User id -> email, of the users who are owners; listed anew for a user not yet seen."""
        if set(ids) - set(self._users):
            query = {"limit": str(_LIST), "archived": "false"}
            for items, _ in self._listing("/crm/v3/owners", query):
                self._users |= fields.users_of(items)
            self._users = {**dict.fromkeys(ids, ""), **self._users}
        return self._users

    def associated(self, origin: str, target: str, ids: Sequence[str]) -> Mapping[str, list[Any]]:
        """Id -> its associations to `target` objects, as /crm/v4 answers them, all pages."""
        found: dict[str, list[Any]] = defaultdict(list)
        inputs: list[dict[str, str]] = [{"id": id_} for id_ in ids]
        asked: set[tuple[str, str]] = set()
        while inputs:
            chunk, inputs = inputs[:_ASSOCIATIONS], inputs[_ASSOCIATIONS:]
            answer = self._wire.post(
                f"/crm/v4/associations/{origin}/{target}/batch/read",
                {"inputs": chunk},
                repeatable=True,
            )
            for result in _results(answer):
                try:
                    id_ = text(mapping(mapping(result).get("from")).get("id"))
                    found[id_] += [mapping(to) for to in sequence(result.get("to"))]
                except Malformed as error:
                    raise Unavailable(f"associations of {origin}: {error}") from error
                if after := _next(result):
                    if (id_, after) in asked:
                        raise Unavailable(f"associations of {origin}: the same page comes again")
                    asked.add((id_, after))
                    inputs.append({"id": id_, "after": after})
        return found

    # -- everything ------------------------------------------------------------------------

    def _everything(self, kind: Kind, cursor: Cursor) -> Iterator[Page]:
        for items, after in self._resumed(kind, cursor.mark("after")):
            linked = links.listed(kind, items)
            if cut := _ids(links.cut_off(items)):
                linked = {**linked, **self._deal_links(cut)}
            records, skipped = self._built(kind, items, linked)
            cursor = cursor.at(after=after) if after else self._ended_first(cursor)
            yield Page(records=records, skipped=skipped, cursor=cursor.text())

    def _resumed(self, kind: Kind, after: str) -> Iterator[tuple[list[Any], str]]:
        try:
            yield from self._list(kind, after)
        except Refused:
            if not after:
                raise
            # A token of long ago that is good no more: begin anew, records may repeat.
            yield from self._list(kind, "")

    def _ended_first(self, cursor: Cursor) -> Cursor:
        return replace(cursor.ended(), archived=cursor.until, delayed=cursor.until)

    def _deleted(self, kind: Kind, cursor: Cursor) -> Iterator[Page]:
        """Deleted since they were last looked for; a repeat is cheap, so the cursor stays."""
        since, until = _when(cursor.archived) - OVERLAP, _when(cursor.delayed)
        for items, _ in self._list(kind, "", archived=True):
            fresh = [item for item in items if since <= _archived_at(item, else_=until) <= until]
            records, skipped = self._built(kind, fresh, {})
            if fresh:
                yield Page(records=records, skipped=skipped, cursor=cursor.text())

    def _list(
        self, kind: Kind, after: str, *, archived: bool = False
    ) -> Iterator[tuple[list[Any], str]]:
        query = {
            "limit": str(_LIST),
            "properties": ",".join(self._properties(kind)),
            "archived": str(archived).lower(),
        }
        if kind == "deal" and not archived:
            query["associations"] = "contacts,companies"
        path = f"/crm/v3/objects/{fields.OBJECTS[kind]}"
        yield from self._listing(path, query, after)

    def _listing(
        self, path: str, query: dict[str, str], after: str = ""
    ) -> Iterator[tuple[list[Any], str]]:
        seen = {after}
        while True:
            answer = self._wire.get(path, query | ({"after": after} if after else {}))
            after = _next(answer)
            if after in seen and after:
                raise Unavailable(f"GET {path}: the same page comes again")
            seen.add(after)
            yield _results(answer), after
            if not after:
                return

    def _owners(self, cursor: Cursor) -> Iterator[Page]:
        """All of them in a call or two; archived ones, which are a second list, once a day."""
        look = not cursor.since or cursor.high - _when(cursor.archived) >= ARCHIVED_EVERY
        items: list[Any] = []
        for archived in ("false", "true") if look else ("false",):
            query = {"limit": str(_LIST), "archived": archived}
            for page, _ in self._listing("/crm/v3/owners", query):
                items += page
        self._users |= fields.users_of(items)
        records, skipped = build_all("owner", items, fields.owner_values, self._types)
        if cursor.since:
            records = [r for r in records if r.modified_at is None or r.modified_at >= cursor.low]
        ended = replace(cursor.ended(), archived=cursor.until if look else cursor.archived)
        yield Page(records=records, skipped=skipped, cursor=ended.text())

    # -- what changed ----------------------------------------------------------------------

    def _modified(self, kind: Kind, cursor: Cursor) -> Iterator[Page]:
        complete = True
        for found in self._windows.changed(kind, cursor.low, cursor.high, behind=cursor.mark("id")):
            complete = complete and found.complete
            for records, skipped in self._read_all(kind, found.ids):
                yield Page(records=records, skipped=skipped, cursor=cursor.text())
            if found.upto:
                cursor = cursor.at(id=found.upto)
                yield Page(records=[], cursor=cursor.text())
        if not complete and cursor.high - cursor.low < DELAY:
            # Recorded: "total: 1, results: []". It proves nothing, so the next pull asks again;
            # what is missing for long is left to the delayed pass.
            yield Page(records=[], cursor=replace(cursor, until="", place=None).text())
            return
        yield Page(records=[], cursor=cursor.ended().text())

    def _indexed_late(self, kind: Kind, cursor: Cursor) -> Generator[Page, None, Cursor]:
        """Once more what was modified a while ago: by now the index knows it. Repeats are cheap."""
        low, high = _when(cursor.delayed) - OVERLAP, cursor.high - DELAY
        complete = True
        for found in self._windows.changed(kind, low, high, behind=""):
            complete = complete and found.complete
            for records, skipped in self._read_all(kind, found.ids):
                yield Page(records=records, skipped=skipped, cursor=cursor.text())
        if not complete and high - low < GIVE_UP:
            return cursor
        return replace(cursor, delayed=iso(high))

    def _read_all(
        self, kind: Kind, ids: Sequence[str]
    ) -> Iterator[tuple[list[Record], list[Skipped]]]:
        for chunk in chunks(ids, _LANDED):
            yield self.read(kind, chunk)

    # -- records ---------------------------------------------------------------------------

    def _properties(self, kind: Kind) -> list[str]:
        return sorted(set(self._table[kind].values()))

    def _built(
        self, kind: Kind, items: Iterable[object], linked: Mapping[str, Mapping[str, object]]
    ) -> tuple[list[Record], list[Skipped]]:
        def values(item: Mapping[str, Any]) -> Mapping[str, object]:
            found = fields.values_of(kind, item, self._table[kind])
            return {**found, **linked.get(text(item.get("id")), {})}

        found = list(items)
        records, skipped = build_all(kind, found, values, self._types)
        return records, [*skipped, *self._drift.told(kind, found)]

    def _deal_links(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        people = self.associated("deals", "contacts", ids)
        companies = self.associated("deals", "companies", ids)
        return {
            id_: {
                "lead_ids": fields.in_order([links.to_id(to) for to in people.get(id_, [])]),
                "company_id": fields.primary(
                    [(links.to_id(to), links.is_primary(to)) for to in companies.get(id_, [])]
                ),
            }
            for id_ in ids
        }


def _results(answer: Mapping[str, Any]) -> list[Any]:
    results = answer.get("results")
    if not isinstance(results, list):
        raise Unavailable("HubSpot's answer has no list of results")
    return results


def _next(answer: Mapping[str, Any]) -> str:
    """The token of the next page; blank on the last."""
    try:
        step = mapping(answer.get("paging") or {})
        return text(mapping(step.get("next") or {}).get("after"))
    except Malformed as error:
        raise Unavailable(f"paging of HubSpot's answer: {error}") from error


def _ids(items: Iterable[object]) -> list[str]:
    """Ids in ascending order; what has none cannot be read and is left to whoever builds it."""
    found = {str(item.get("id")) for item in items if isinstance(item, Mapping)}
    return sorted(filter(is_id, found), key=int)


def _archived_at(item: object, *, else_: datetime) -> datetime:
    """Without a readable moment it counts as fresh: a repeat is cheap."""
    try:
        return moment(mapping(item).get("archivedAt")) or else_
    except Malformed:
        return else_


def _when(written: str) -> datetime:
    return datetime.fromisoformat(written or "1971-01-01T00:00:00+00:00")
