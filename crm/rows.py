"""Writing many rows of a table at once, where the ORM would take longer than the database.

In the caller's transaction and within the table's constraints. PostgreSQL is given all rows as one
text of JSON, SQLite one statement for each.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import (
    BinaryField,
    CharField,
    DateTimeField,
    FloatField,
    JSONField,
    Model,
    TextField,
)

Row = TypeVar("Row", bound=Model)

_INSERT = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
"""
_UPDATE = """
UPDATE {table} SET {new} FROM json_populate_recordset(NULL::{table}, %s) AS given
WHERE {table}.id = given.id
"""
_INSERT_ONE = "INTO {table} ({columns}) VALUES ({marks})"
_UPDATE_ONE = "UPDATE {table} SET {new} WHERE id = %s"


def insert(rows: Sequence[Model]) -> None:
    """Insert rows of one model; they know their ids afterwards."""
    if not rows:
        return
    table = _table(type(rows[0]))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{table.told(_INSERT)} RETURNING id", [table.as_json(rows)])
            ids: Sequence[int] = [id_ for (id_,) in cursor.fetchall()]
        else:
            cursor.executemany(f"INSERT {table.told(_INSERT_ONE)}", table.values(rows))
            cursor.execute("SELECT last_insert_rowid()")
            (last,) = cursor.fetchone() or (0,)
            # Whoever writes on SQLite is alone, so the ids follow each other.
            ids = range(last - len(rows) + 1, last + 1)
    for row, id_ in zip(rows, ids, strict=True):
        row.pk = id_


def insert_new(rows: Sequence[Model]) -> None:
    """Insert those rows of one model that break no constraint; the others are left out."""
    if not rows:
        return
    table = _table(type(rows[0]))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = f"{table.told(_INSERT)} ON CONFLICT DO NOTHING"
            cursor.execute(statement, [table.as_json(rows)])
        else:
            cursor.executemany(f"INSERT OR IGNORE {table.told(_INSERT_ONE)}", table.values(rows))


def update(rows: Sequence[Model], *names: str) -> None:
    """Write these fields of rows of one model."""
    if not rows:
        return
    table = _table(type(rows[0]), (*names, "id"))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            new = ", ".join(f"{column} = given.{column}" for column in table.columns[:-1])
            cursor.execute(table.told(_UPDATE, new=new), [table.as_json(rows)])
        else:
            new = ", ".join(f"{column} = %s" for column in table.columns[:-1])
            cursor.executemany(table.told(_UPDATE_ONE, new=new), table.values(rows))


def fetch(model: type[Row], where: str, given: Sequence[Any] = (), *, lock: str = "") -> list[Row]:
    """The rows that `where` says in SQL, locked where the database locks rows."""
    statement = f"{_select(model)} WHERE {where}"
    if connection.features.has_select_for_update:
        statement = f"{statement} {lock}"
    return list(model._default_manager.raw(statement, given))  # noqa: SLF001 - Django's public name


def by_id(model: type[Row], ids: Iterable[int | None]) -> dict[int | None, Row]:
    """The rows with these ids; None is nobody's."""
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    if not wanted:
        return {}
    marks = ", ".join(["%s"] * len(wanted))
    return {row.pk: row for row in fetch(model, f"id IN ({marks})", wanted)}


def update_where(
    model: type[Model], where: str, given: Sequence[Any], values: Mapping[str, object]
) -> bool:
    """Write these fields of the rows that `where` says in SQL; whether there were any."""
    statement, conversions = _update_where(model, tuple(values), where)
    written: list[Any] = [
        value if convert is None else convert(value)
        for convert, value in zip(conversions, values.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*written, *given])
        return bool(cursor.rowcount)


def lock(model: type[Model], pks: Iterable[int]) -> None:
    """Keep these rows from being changed by others until the transaction ends.

    In the order of their ids, so that two who lock several never wait for each other.
    """
    if connection.features.has_select_for_update:
        locked = model._default_manager.select_for_update(no_key=True).order_by("pk")  # noqa: SLF001 - likewise
        list(locked.filter(pk__in=set(pks)).values_list("pk"))


@lru_cache
def _select(model: type[Model]) -> str:
    meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - likewise
    fields: Sequence[Any] = meta.concrete_fields
    columns = ", ".join(quote(field.column) for field in fields)
    return f"SELECT {columns} FROM {quote(meta.db_table)}"  # noqa: S608 - columns


@lru_cache
def _update_where(
    model: type[Model], names: Sequence[str], where: str
) -> tuple[str, list[Callable[[Any], object] | None]]:
    meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - likewise
    fields: list[Any] = [meta.get_field(name) for name in names]
    new = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    statement = f"UPDATE {quote(meta.db_table)} SET {new} WHERE {where}"  # noqa: S608 - columns
    return statement, [_preparation(field) for field in fields]


def _preparation(field: Any) -> Callable[[Any], object] | None:
    """Likewise for a statement's parameter."""
    if isinstance(field, CharField | TextField | FloatField):
        return None
    if isinstance(field, DateTimeField):
        return connection.ops.adapt_datetimefield_value
    return partial(field.get_db_prep_save, connection=connection)


class _Table:
    """Some columns of a model's table, and how their values are given to the database."""

    def __init__(self, model: type[Model], names: Sequence[str]) -> None:
        meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - Django's public name
        fields: list[Any] = [meta.get_field(name) for name in names]
        self._name, self._keys = quote(meta.db_table), [field.column for field in fields]
        self.columns = [quote(key) for key in self._keys]
        self._read = attrgetter(*(field.attname for field in fields))
        found = ((place, _conversion(field)) for place, field in enumerate(fields))
        self._conversions = [(place, convert) for place, convert in found if convert is not None]

    def told(self, statement: str, **parts: str) -> str:
        columns, marks = ", ".join(self.columns), ", ".join(["%s"] * len(self.columns))
        return statement.format(table=self._name, columns=columns, marks=marks, **parts)

    def as_json(self, rows: Sequence[Model]) -> str:
        return json.dumps([dict(zip(self._keys, row, strict=True)) for row in self.values(rows)])

    def values(self, rows: Sequence[Model]) -> list[list[Any]]:
        return [self._values(row) for row in rows]

    def _values(self, row: Model) -> list[Any]:
        values = list(self._read(row))
        for place, convert in self._conversions:
            if values[place] is not None:
                values[place] = convert(values[place])
        return values


@lru_cache
def _table(model: type[Model], names: tuple[str, ...] = ()) -> _Table:
    every = (field.name for field in model._meta.concrete_fields if not field.primary_key)  # noqa: SLF001 - likewise
    return _Table(model, names or tuple(every))


def _conversion(field: object) -> Callable[[Any], object] | None:
    """From a value as a row holds it to one as the statement takes it; None: they are the same."""
    in_json = connection.vendor == "postgresql"
    if isinstance(field, DateTimeField):
        return datetime.isoformat if in_json else connection.ops.adapt_datetimefield_value
    if isinstance(field, BinaryField) and in_json:
        return _hex
    return json.dumps if isinstance(field, JSONField) and not in_json else None


def _hex(value: bytes) -> str:
    """As PostgreSQL reads bytes from text."""
    return f"\\x{bytes(value).hex()}"
