"""Reading from Salesforce by SystemModstamp and Id, with queryAll so that deletions are seen.

A first pull of many rows is a bulk query instead.

Formula and roll-up fields change without a new stamp, and so do the contact roles of a deal: such a
change is seen with the record's next one. Merged records come as deleted and are not followed.
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from simple_salesforce.format import quote_soql_value

from connectors.base import Kind, Page, Record, Skipped
from connectors.batches import chunks
from connectors.cursor import Cursor
from connectors.errors import Refused, Unavailable
from connectors.mapping import FieldTable
from connectors.records import Types, build_all
from connectors.salesforce import fields
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.wire import Wire
from connectors.values import Malformed, mapping, moment, sequence, text

#: Ids of one query: the URI and the headers together stay below 16,384 bytes.
IDS = 200
#: A row is visible when its transaction commits, under the stamp of its beginning.
LATE = timedelta(minutes=15)
#: What a scan goes on behind, None at its end.
Place = Mapping[str, str] | None
_KINDS = {object_: kind for kind, objects in fields.OBJECTS.items() for object_ in objects}


class Changes:
    def __init__(self, wire: Wire, custom: FieldTable, types: Types, *, bulk_from: int) -> None:
        self._wire, self._custom, self._types = wire, custom, types
        self._bulk, self._bulk_from = Bulk(wire), bulk_from
        self._names: dict[str, Mapping[str, str]] = {}
        self._drift: list[Skipped] = []
        #: Rows that the last query found in all.
        self._total = 0

    def pages(self, kind: Kind, written: str, now: datetime) -> Iterator[Page]:
        """See Connector.changed."""
        cursor = Cursor.parse(written).begun(now)
        objects = fields.OBJECTS[kind]
        reached = cursor.mark("object")
        at = objects.index(reached) if reached in objects else 0
        for object_, following in zip(objects[at:], (*objects[at + 1 :], ""), strict=True):
            for items, place in self._scan(object_, cursor):
                records, skipped = self._built(object_, items)
                skipped += self._told_drift()
                if place is not None:
                    cursor = cursor.at(object=object_, **place)
                elif following:
                    cursor = cursor.at(object=following)
                else:
                    cursor = cursor.ended()
                yield Page(records=records, skipped=skipped, cursor=cursor.text())

    def read(self, kind: Kind, ids: Sequence[str]) -> tuple[list[Record], list[Skipped]]:
        """The records of `ids` as they are now; those that are gone are left out."""
        records: list[Record] = []
        skipped: list[Skipped] = []
        for object_ in fields.OBJECTS[kind]:
            mine = [id_ for id_ in ids if fields.PREFIXES.get(id_[:3]) == object_]
            for chunk in chunks(mine, IDS):
                wanted = f" WHERE Id IN {quote_soql_value(chunk)}"
                for items, _ in self._selected(object_, wanted, deleted=False):
                    found, left_out = self._built(object_, items)
                    records += found
                    skipped += left_out
        return records, skipped

    def count(self, kind: Kind) -> int:
        """A call for each object of the kind."""
        total = 0
        for object_ in fields.OBJECTS[kind]:
            total += _total(self._wire.query(f"SELECT COUNT() FROM {object_}"))  # noqa: S608 - our names
        return total

    def names(self, object_: str) -> Mapping[str, str]:
        """Our field -> the object's, the mapped ones among them where the object has them."""
        if object_ not in self._names:
            kind = _KINDS[object_]
            custom = self._custom.get(kind, {})
            if custom:
                self._describe(kind, custom)
            else:
                self._names[object_] = fields.FIELDS[object_]
        return self._names[object_]

    def rows(self, soql: str, *, deleted: bool = False) -> Iterator[tuple[list[Any], bool]]:
        """Pages of a query's rows, and whether it is the last."""
        answer, seen = self._wire.query(soql, deleted=deleted), set[str]()
        self._total = _total(answer)
        while True:
            items, path = _page(answer)
            if path in seen:
                raise Unavailable("Salesforce's answer to a query: the same page comes again")
            yield items, not path
            if not path:
                return
            seen.add(path)
            answer = self._wire.more(path)

    def _scan(self, object_: str, cursor: Cursor) -> Iterator[tuple[Sequence[Any], Place]]:
        """Everything in the cursor's window, behind its place: pages, each with the place behind.

        A first pull whose first page tells of many rows is begun anew as a bulk query.
        """
        is_here = cursor.mark("object") == object_
        if is_here and cursor.mark("job"):
            yield from self._in_bulk(object_, cursor)
            return
        may_be_bulk = not (
            cursor.since or (is_here and cursor.mark("stamp")) or object_ in fields.WITH_CHILDREN
        )
        for items, is_last in self._by_stamp(object_, cursor):
            if may_be_bulk and self._total >= self._bulk_from:
                yield from self._in_bulk(object_, cursor)
                return
            if is_last:
                yield items, None
            elif items:
                stamp, id_ = _key(items[-1])
                yield items, {"stamp": stamp, "id": id_}

    def _in_bulk(self, object_: str, cursor: Cursor) -> Iterator[tuple[Sequence[Any], Place]]:
        where = f"WHERE SystemModstamp < {fields.literal(cursor.high + timedelta(seconds=1))}"
        job, locator = "", ""
        if cursor.mark("object") == object_:
            job, locator = cursor.mark("job"), cursor.mark("locator")
        try:
            for part in self._bulk.parts(
                f"{self._select(object_)} {where}", job=job, locator=locator
            ):
                yield part.rows, part.place
        except Refused as error:
            if "INVALID_FIELD" not in str(error) or not self._leave_out_gone(object_):
                raise
            for part in self._bulk.parts(f"{self._select(object_)} {where}", job="", locator=""):
                yield part.rows, part.place

    def _by_stamp(self, object_: str, cursor: Cursor) -> Iterator[tuple[list[Any], bool]]:
        """By queries: pages, and whether it is the last.

        The upper bound lies a second ahead: a stamp has no more than seconds.
        """
        high = fields.literal(cursor.high + timedelta(seconds=1))
        stamp, id_ = cursor.mark("stamp"), cursor.mark("id")
        if cursor.mark("object") == object_ and stamp and id_:
            # Rows that share the last stamp are walked to their end by id, then the later ones.
            same = f"SystemModstamp = {_literal(stamp)} AND Id > {quote_soql_value(id_)}"
            for items, _ in self._window(object_, same, "Id"):
                yield items, False
            low = f"SystemModstamp > {_literal(stamp)} AND "
        else:
            low = (
                f"SystemModstamp >= {fields.literal(cursor.low_by(LATE))} AND "
                if cursor.since
                else ""
            )
        yield from self._window(object_, f"{low}SystemModstamp < {high}", "SystemModstamp, Id")

    def _window(self, object_: str, condition: str, order: str) -> Iterator[tuple[list[Any], bool]]:
        where = f" WHERE {condition} ORDER BY {order}"
        yield from self._selected(object_, where, deleted=True)

    def _selected(
        self, object_: str, where: str, *, deleted: bool
    ) -> Iterator[tuple[list[Any], bool]]:
        try:
            yield from self.rows(self._select(object_) + where, deleted=deleted)
        except Refused as error:
            if "INVALID_FIELD" not in str(error) or not self._leave_out_gone(object_):
                raise
            yield from self.rows(self._select(object_) + where, deleted=deleted)

    def _leave_out_gone(self, object_: str) -> bool:
        """Fields that the org no longer has, or hides from us, are not asked for any more."""
        columns, names = self._columns(object_), self.names(object_)
        gone = sorted(set(names.values()) - columns)
        self._names[object_] = {ours: their for ours, their in names.items() if their in columns}
        self._drift += [
            Skipped(external_id="", reason=f"{object_} has no field {name} any more: not read")
            for name in gone
        ]
        return bool(gone)

    def _told_drift(self) -> list[Skipped]:
        drift, self._drift = self._drift, []
        return drift

    def _select(self, object_: str) -> str:
        columns = fields.selected(object_, self.names(object_))
        return f"SELECT {columns} FROM {object_}"  # noqa: S608 - names from the org's description

    def _built(self, object_: str, items: Sequence[object]) -> tuple[list[Record], list[Skipped]]:
        names = self.names(object_)
        return build_all(
            _KINDS[object_],
            items,
            lambda item: fields.values_of(object_, item, names),
            self._types,
        )

    def _describe(self, kind: Kind, custom: Mapping[str, str]) -> None:
        """Ask which objects of the kind have the mapped fields: a Lead's may be no Contact's.

        One that none of them has may have been removed since it was mapped: all else is read.
        """
        known = {object_: self._columns(object_) for object_ in fields.OBJECTS[kind]}
        for ours, theirs in custom.items():
            if not any(theirs in columns for columns in known.values()):
                reason = f"fields.{kind}.{ours}: no field {theirs!r} on {' or '.join(known)}"
                self._drift.append(Skipped(external_id="", reason=f"{reason}: not read"))
        for object_, columns in known.items():
            mapped = {ours: theirs for ours, theirs in custom.items() if theirs in columns}
            self._names[object_] = {**fields.FIELDS[object_], **mapped}

    def _columns(self, object_: str) -> set[str]:
        try:
            listed = sequence(self._wire.rest(f"sobjects/{object_}/describe").get("fields"))
            return {text(mapping(field).get("name")) for field in listed}
        except Malformed as error:
            raise Unavailable(f"Salesforce's description of {object_}: {error}") from error


def _page(answer: Mapping[str, Any]) -> tuple[list[Any], str]:
    """An answer's rows, and where the next page is; blank on the last, which says that it is."""
    try:
        items = list(sequence(answer.get("records")))
        path = "" if answer.get("done") is True else text(answer.get("nextRecordsUrl"))
    except Malformed as error:
        raise Unavailable(f"Salesforce's answer to a query: {error}") from error
    if not path and answer.get("done") is not True:
        raise Unavailable("Salesforce's answer to a query: neither done nor a next page")
    return items, path


def _total(answer: Mapping[str, Any]) -> int:
    total = answer.get("totalSize")
    if isinstance(total, bool) or not isinstance(total, int):
        raise Unavailable("Salesforce's answer to a query does not say how many rows there are")
    return total


def _key(item: object) -> tuple[str, str]:
    """What a scan goes on behind. Raises Unavailable: without it no place could be kept."""
    try:
        row = mapping(item)
        stamp, id_ = text(row.get("SystemModstamp")), text(row.get("Id"))
        if id_ and moment(stamp):
            return stamp, id_
    except Malformed:
        pass
    raise Unavailable("Salesforce's answer to a query: a row without Id or SystemModstamp")


def _literal(stamp: str) -> str:
    """The stamp of a row in SOQL; a cursor whose stamp no row had reads nothing behind it."""
    return fields.literal(datetime.fromisoformat(stamp))
