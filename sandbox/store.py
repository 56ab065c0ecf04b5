"""Records of one CRM with their history, in memory, and quick to read by time and by id."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

By = Literal["api", "person", "seed", "workflow", "import"]
#: Of those, who is a person.
_PEOPLE = frozenset({"person", "seed", "import"})
Moment = Callable[[], datetime]
#: Called with (object, id, changed values, by) after each creation and each edit.
Listener = Callable[[str, str, Mapping[str, Any], str], None]


class Entry(NamedTuple):
    """One field that got one value."""

    crm: str
    object: str
    id: str
    field: str
    value: Any
    at: datetime
    seq: int
    by: str
    #: The user of the CRM who did it, by the id of an owner; blank where none did.
    user: str
    #: How far the journal was, to order it among what came by mail.
    journal: int


@dataclass(slots=True)
class Record:
    object: str
    id: str
    values: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    archived_at: datetime | None = None

    @property
    def archived(self) -> bool:
        return self.archived_at is not None


@dataclass
class Table:
    """All records of one object; the two lists are kept sorted."""

    records: dict[str, Record] = field(default_factory=dict)
    by_id: list[str] = field(default_factory=list)
    by_modified: list[tuple[datetime, str]] = field(default_factory=list)

    def between(
        self, low: datetime | None, high: datetime | None
    ) -> Sequence[tuple[datetime, str]]:
        """(modified_at, id) of low <= modified_at <= high, in that order; None is no bound."""
        start = 0 if low is None else bisect_left(self.by_modified, low, key=_moment_of)
        end = len(self.by_modified)
        if high is not None:
            end = bisect_right(self.by_modified, high, key=_moment_of)
        return self.by_modified[start:end]

    def ids_from(self, low: str) -> Sequence[str]:
        return self.by_id[bisect_left(self.by_id, low) :]


class Store:
    """One CRM's records. Ids of an object have one length, so that they sort as text.

    `new_id(object, n)` makes the id of an object's n-th record; `derive(record, changed)` returns
    the values that the CRM itself sets when others change. What people do is done by the owner of
    the record, whom its `owner_field` names, unless another user is told.
    """

    def __init__(
        self,
        crm: str,
        objects: Sequence[str],
        moment: Moment,
        new_id: Callable[[str, int], str],
        derive: Callable[[Record, Mapping[str, Any]], Mapping[str, Any]],
        *,
        owner_field: str,
    ) -> None:
        self.crm = crm
        self.tables: dict[str, Table] = {name: Table() for name in objects}
        self.history: list[Entry] = []
        self.owner_field = owner_field
        self.on_change: list[Listener] = []
        #: Says how many entries the journal has.
        self.journal_length: Callable[[], int] = lambda: 0
        self._moment = moment
        self._new_id = new_id
        self._derive = derive
        self._histories: dict[tuple[str, str, str], list[Entry]] = {}
        self._links: dict[tuple[str, str], dict[str, dict[str, set[int]]]] = {}
        self._keys: dict[tuple[str, str], dict[str, set[str]]] = {}

    def create(
        self, kind: str, values: Mapping[str, Any], *, by: By = "api", at: datetime | None = None
    ) -> Record:
        """A new record; `at` back-dates what a company brought along."""
        table = self.tables[kind]
        now = at or self._moment()
        identity = self._new_id(kind, len(table.by_id) + 1)
        record = Record(kind, identity, {}, now, now)
        table.records[identity] = record
        table.by_id.append(identity)
        insort(table.by_modified, (now, identity))
        self._apply(record, values, by, now)
        return record

    def append(self, kind: str, values: Mapping[str, Any]) -> None:
        """A row that the CRM itself writes down; nobody is told of it."""
        table, now = self.tables[kind], self._moment()
        identity = self._new_id(kind, len(table.by_id) + 1)
        table.records[identity] = Record(kind, identity, {**values, "Id": identity}, now, now)
        table.by_id.append(identity)
        insort(table.by_modified, (now, identity))

    def history_of(self, kind: str, key: str, name: str) -> Sequence[Entry]:
        """What a field of a record was given, oldest first."""
        return self._histories.get((kind, key, name), ())

    def get(self, kind: str, key: str) -> Record | None:
        table = self.tables.get(kind)
        return table.records.get(key) if table else None

    def edit(
        self,
        kind: str,
        key: str,
        values: Mapping[str, Any],
        *,
        by: By = "person",
        at: datetime | None = None,
        user: str = "",
    ) -> dict[str, Any]:
        """Set values of a record and say which really changed. Raises KeyError when it is gone."""
        record = self.tables[kind].records[key]
        if record.archived:
            raise KeyError(key)
        changed = {name: v for name, v in values.items() if record.values.get(name) != v}
        if changed:
            now = at or self._moment()
            self._restamp(record, now)
            self._apply(record, changed, by, now, user=user)
        return changed

    def archive(self, kind: str, key: str, *, by: By = "api") -> bool:
        """Delete a record the way CRMs do; False when it is unknown or already gone."""
        record = self.get(kind, key)
        if record is None or record.archived:
            return False
        record.archived_at = self._moment()
        self._restamp(record, record.archived_at)
        self._note(record, "archived", True, by, record.archived_at)
        return True

    def link(self, one: tuple[str, str], other: tuple[str, str], types: Sequence[int]) -> None:
        """Associate `one` with `other`, each (object, id); `types` are of that direction."""
        self._links.setdefault(one, {}).setdefault(other[0], {}).setdefault(other[1], set()).update(
            types
        )

    def linked(self, one: tuple[str, str], kind: str) -> Mapping[str, set[int]]:
        """Ids of `kind` that `one` is associated with, and by which types."""
        return self._links.get(one, {}).get(kind, {})

    def unlink(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        self._links.get(one, {}).get(other[0], {}).pop(other[1], None)

    def find(self, kind: str, name: str, value: str) -> list[str]:
        """Ids of living records whose `name` is `value` whatever its case; see `index`."""
        table = self.tables[kind]
        ids = self._keys.get((kind, name), {}).get(value.casefold(), ())
        return sorted(id_ for id_ in ids if not table.records[id_].archived)

    def index(self, kind: str, name: str) -> None:
        """Keep `find(object, name, ...)` quick; called before the first record comes."""
        self._keys[kind, name] = {}

    def _apply(
        self, record: Record, values: Mapping[str, Any], by: By, now: datetime, *, user: str = ""
    ) -> None:
        derived = self._derive(record, values)
        changed = {**values, **derived}
        if by in _PEOPLE and not user:
            owners = (record.values.get(self.owner_field), values.get(self.owner_field))
            user = next(filter(None, owners), "")
        for name, value in changed.items():
            self._rekey(record, name, value)
            record.values[name] = value
            self._note(record, name, value, by, now, user=user)
        for listener in self.on_change:
            listener(record.object, record.id, changed, by)

    def _rekey(self, record: Record, name: str, value: Any) -> None:
        keys = self._keys.get((record.object, name))
        if keys is None:
            return
        keys.get(str(record.values.get(name)).casefold(), set()).discard(record.id)
        keys.setdefault(str(value).casefold(), set()).add(record.id)

    def _restamp(self, record: Record, now: datetime) -> None:
        index = self.tables[record.object].by_modified
        del index[bisect_left(index, (record.modified_at, record.id))]
        record.modified_at = now
        insort(index, (now, record.id))

    def _note(
        self, record: Record, name: str, value: Any, by: By, at: datetime, *, user: str = ""
    ) -> None:
        entry = Entry(
            crm=self.crm,
            object=record.object,
            id=record.id,
            field=name,
            value=value,
            at=at,
            seq=len(self.history) + 1,
            by=by,
            user=user,
            journal=self.journal_length(),
        )
        self.history.append(entry)
        self._histories.setdefault((record.object, record.id, name), []).append(entry)


def _moment_of(entry: tuple[datetime, str]) -> datetime:
    return entry[0]
