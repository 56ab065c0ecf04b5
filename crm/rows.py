"""Reading and writing many rows of a table at once, where the ORM takes longer than the database.

In the caller's transaction and within the table's constraints. A row is a tuple with a value for
each field that is named. PostgreSQL is given all rows as one text of JSON, SQLite the values of
several in each statement, and once what all of many rows share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain
from threading import local
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import (
    BinaryField,
    CharField,
    DateTimeField,
    FloatField,
    JSONField,
    Model,
    TextField,
)
from django.db.models.base import ModelState
from django.db.transaction import get_connection

from crm.tables import Row, Table, as_json, naive, table, to_database, vendor, whole

__all__ = [
    "Row",
    "by_id",
    "database",
    "fetch",
    "insert",
    "insert_new",
    "join",
    "lock",
    "moment",
    "read",
    "select",
    "update",
    "update_where",
    "vendor",
]

Found = TypeVar("Found", bound=Model)

_SELECT = "SELECT {read} FROM {table} WHERE"
_AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}
_INSERT = """
INSERT INTO {table} ({every}) SELECT {values} FROM json_populate_recordset(NULL::{table}, %s)
"""
_UPDATE = """
UPDATE {table} SET {new_given} FROM json_populate_recordset(NULL::{table}, %s) AS given
WHERE {table}.id = given.id
"""
_INSERT_GIVEN = "INSERT INTO {table} ({every}) SELECT {selected} FROM (VALUES {rows})"
_INSERT_NEW_GIVEN = "INSERT OR IGNORE INTO {table} ({every}) SELECT {selected} FROM (VALUES {rows})"
_UPDATE_GIVEN = "UPDATE {table} SET {new} FROM (VALUES {rows}) WHERE id = {id}"
#: So many rows are given to SQLite at once, the most that there are: a statement costs it more than
#: a row does. It sees few statements, again and again, and need not parse them anew.
_TOGETHER = (64, 16, 4, 1)


class _Thread(local):
    database: BaseDatabaseWrapper | None = None


_thread = _Thread()


def database() -> BaseDatabaseWrapper:
    """This thread's connection, which stays the same: to ask Django for it takes longer than a row."""
    if _thread.database is None:
        _thread.database = get_connection()
    return _thread.database


def read(
    model: type[Model],
    names: Sequence[str],
    ids: Iterable[int],
    *,
    by: str = "id",
    also: str = "",
    given: Sequence[Any] = (),
) -> Sequence[Row]:
    """These fields of the rows whose `by`, a column of ids, is one of `ids`; in no order.

    `also` says in SQL what else is asked of them.
    """
    listed = list(ids)
    if not listed:
        return []
    told: object = listed if vendor() == "postgresql" else str(listed)
    return select(model, names, f"{by} {_AMONG[vendor()]} {also}", [told, *given])


def select(
    model: type[Model], names: Sequence[str], where: str, given: Sequence[Any]
) -> Sequence[Row]:
    """These fields of the rows that `where` says in SQL."""
    found = table(model, tuple(names))
    with database().cursor() as cursor:
        cursor.execute(f"{found.told(_SELECT)} {where}", given)
        return found.taken(cursor.fetchall())


def insert(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> Sequence[int]:
    """Insert rows, their other fields as the model has them at first; the ids."""
    if not rows:
        return []
    written, db = table(model, tuple(names), full=True), database()
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(f"{written.told(_INSERT)} RETURNING id", written.as_json(rows))
            return [id_ for (id_,) in cursor.fetchall()]
        _write_together(cursor, written, _INSERT_GIVEN, rows)
        cursor.execute("SELECT last_insert_rowid()")
        (last,) = cursor.fetchone() or (0,)
        # Whoever writes on SQLite is alone, so the ids follow each other.
        return range(last - len(rows) + 1, last + 1)


def insert_new(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert those rows that break no constraint; the others are left out."""
    if not rows:
        return
    written, db = table(model, tuple(names), full=True), database()
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            statement = f"{written.told(_INSERT)} ON CONFLICT DO NOTHING"
            cursor.execute(statement, written.as_json(rows))
        else:
            _write_together(cursor, written, _INSERT_NEW_GIVEN, rows)


def update(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write these fields; the last value of each row is its id."""
    if not rows:
        return
    written, db = table(model, (*names, "id")), database()
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(written.told(_UPDATE), written.as_json(rows))
        else:
            _write_together(cursor, written, _UPDATE_GIVEN, rows)


def fetch(
    model: type[Found], where: str, given: Sequence[Any] = (), *, lock: str = ""
) -> list[Found]:
    """Whole rows that `where` says in SQL, locked where the database locks rows."""
    (found, names), db = whole(model), database()
    locked = lock if db.features.has_select_for_update else ""
    with db.cursor() as cursor:
        cursor.execute(f"{found.told(_SELECT)} {where} {locked}", given)
        read = found.taken(cursor.fetchall())
    return [_made(model, names, row) for row in read]


def by_id(model: type[Found], ids: Iterable[int | None]) -> dict[int | None, Found]:
    """The whole rows with these ids; None is nobody's."""
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    if not wanted:
        return {}
    marks = ", ".join(["%s"] * len(wanted))
    return {row.pk: row for row in fetch(model, f"id IN ({marks})", wanted)}


def join(row: Model, **others: Model | None) -> None:
    """Let it hold these rows, by the names of its foreign keys to them, as `select_related` does."""
    row._state.fields_cache.update(others)  # noqa: SLF001 - Django's public name


def update_where(
    model: type[Model], where: str, given: Sequence[Any], values: Mapping[str, object]
) -> bool:
    """Write these fields of the rows that `where` says in SQL; whether there were any."""
    statement, conversions = _update_where(model, tuple(values), where)
    written: list[Any] = [
        value if convert is None or value is None else convert(value)
        for convert, value in zip(conversions, values.values(), strict=True)
    ]
    with database().cursor() as cursor:
        cursor.execute(statement, [*written, *given])
        return bool(cursor.rowcount)


def lock(model: type[Model], pks: Iterable[int]) -> None:
    """Keep these rows from being changed by others until the transaction ends.

    In the order of their ids, so that two who lock several never wait for each other.
    """
    if connection.features.has_select_for_update:
        locked = model._default_manager.select_for_update(no_key=True).order_by("pk")  # noqa: SLF001 - likewise
        list(locked.filter(pk__in=set(pks)).values_list("pk"))


def moment(at: datetime) -> object:
    """As a statement is given a moment."""
    return naive(at) if vendor() == "sqlite" else at


def _made(model: type[Found], names: Sequence[str], row: Row) -> Found:
    """As `from_db` makes it, without the signals, which nobody hears.

    They and the rest of `__init__` take longer than reading the row.
    """
    made = model.__new__(model)
    made.__dict__.update(zip(names, row, strict=True))
    made._state = ModelState()  # noqa: SLF001 - Django's public name
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - likewise
    return made


def _write_together(
    cursor: CursorWrapper, written: Table, statement: str, rows: Sequence[Row]
) -> None:
    """Have SQLite write the rows, in their order."""
    if len(rows) == 1:
        cursor.executemany(written.told(statement), [written.given_alone(rows[0])])
        return
    (alike, same, given), at = written.given(rows), 0
    for together in _TOGETHER:
        until = len(given) - (len(given) - at) % together
        groups = [given[first : first + together] for first in range(at, until, together)]
        if groups:
            told = written.told(statement, together, alike)
            cursor.executemany(told, [(*same, *chain.from_iterable(group)) for group in groups])
        at = until


@lru_cache
def _update_where(
    model: type[Model], names: Sequence[str], where: str
) -> tuple[str, list[Callable[[Any], object] | None]]:
    meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - Django's public name
    fields: list[Any] = [meta.get_field(name) for name in names]
    new = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    statement = f"UPDATE {quote(meta.db_table)} SET {new} WHERE {where}"  # noqa: S608 - columns
    return statement, [_preparation(field) for field in fields]


def _preparation(field: Any) -> Callable[[Any], object] | None:
    """From a value as we hold it to a statement's parameter; None: they are the same."""
    if isinstance(field, CharField | TextField | FloatField | BinaryField):
        return None
    if isinstance(field, JSONField):
        return as_json
    if isinstance(field, DateTimeField):
        return to_database(field)
    return partial(field.get_db_prep_save, connection=connection)
