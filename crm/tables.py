"""How the values of some columns of a table are given to the database, and taken from it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.models import BinaryField, DateTimeField, JSONField, Model
from pydantic_core import from_json, to_json

Row = tuple[Any, ...]
#: Place in a row -> from a value as we hold it to one as the statement takes it, or back.
_Conversions = Mapping[int, Callable[[Any], object]]
#: Of columns in a row.
Places = tuple[int, ...]
#: From so many rows on, what they share is given once.
_MANY = 16
#: Statements that a table keeps: which columns rows share differs, seldom often.
_MOST_TOLD = 500


class Table:
    """Some fields of a model, in this order."""

    def __init__(
        self, model: type[Model], names: Sequence[str], *, full: bool = False, whole: bool = False
    ) -> None:
        """`full`: the other fields, too, as the model has them at first.

        `whole`: what is taken becomes the model's own values, which cost more: True instead of 1.
        """
        meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - Django's public name
        fields: list[Any] = [meta.get_field(name) for name in names]
        every: Sequence[Any] = meta.concrete_fields if full else ()
        others = [field for field in every if not field.primary_key and field not in fields]
        self._name, self._keys = quote(meta.db_table), [field.column for field in fields]
        self._columns = [quote(key) for key in self._keys]
        self._others = [quote(field.column) for field in others]
        self._constants = [
            field.get_db_prep_save(field.get_default(), connection) for field in others
        ]
        #: The same within a statement, so that SQLite need not be given them with each row.
        self._literals = [_literal(one) for one in self._constants if connection.vendor == "sqlite"]
        self._read = [
            _told(field, column) for field, column in zip(fields, self._columns, strict=True)
        ]
        self._given = _by_place(map(to_database, fields))
        self._taken = _by_place(map(_to_model if whole else _from_database, fields))
        self._told: dict[tuple[str, int, Places], str] = {}

    def told(self, statement: str, together: int = 1, alike: Places = ()) -> str:
        """The statement with `{table}`, `{read}`, ... put in; the last field is no `{new}` one.

        `{rows}` are the values of so many rows together, without those at the places in which all
        rows are alike: these are given once, before the others. `{selected}` is `{every}`.
        """
        key = statement, together, alike
        if key not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            columns = self._columns
            same = [columns[place] for place in alike]
            varied = [column for place, column in enumerate(columns) if place not in alike]
            # As SQLite has its marks: Django would look for each of its own.
            row = f"({', '.join(['?'] * len(varied))})"
            changed = [f"{column} = column{n}" for n, column in enumerate(varied[:-1], 1)]
            self._told[key] = statement.format(
                table=self._name,
                read=", ".join(self._read),
                every=", ".join([*varied, *same, *self._others]),
                values=", ".join([*columns, *["%s"] * len(self._others)]),
                selected=", ".join(["*", *["?"] * len(same), *self._literals]),
                rows=", ".join([row] * together),
                new=", ".join([*(f"{column} = ?" for column in same), *changed]),
                id=f"column{len(varied)}",
                new_given=", ".join(f"{column} = given.{column}" for column in columns[:-1]),
            )
        return self._told[key]

    def as_json(self, rows: Sequence[Row]) -> list[Any]:
        """What a statement on `json_populate_recordset` takes: `values` and then the rows."""
        told = _converted(rows, self._given) if self._given else rows
        given = [dict(zip(self._keys, row, strict=True)) for row in told]
        return [*self._constants, as_json(given)]

    def given(self, rows: Sequence[Row]) -> tuple[Places, Row, list[Row]]:
        """The places in which all rows are alike, what they have there, and the rows without it.

        Of few rows there are none, so that SQLite does not meet ever new statements.
        """
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        last = len(columns) - 1 if len(rows) >= _MANY else 0
        alike = tuple(place for place in range(last) if self._is_alike(place, columns[place]))
        for place in alike:
            columns[place] = columns[place][:1]
        _convert(columns, self._given)
        same = tuple(columns[place][0] for place in alike)
        varied = [column for place, column in enumerate(columns) if place not in alike]
        return alike, same, list(zip(*varied, strict=True))

    def given_alone(self, row: Row) -> Row:
        """A row as it is given by itself."""
        values = list(row)
        for place, convert in self._given.items():
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)

    def taken(self, rows: Sequence[Row]) -> list[Row]:
        return list(_converted(rows, self._taken))

    def _is_alike(self, place: int, column: Sequence[Any]) -> bool:
        """Whether the database is given the same for all of these."""
        first = column[0]
        if self._given.get(place) is as_json:  # 1 equals True, and is other JSON
            return all(one is first for one in column)
        return column[-1] == first and column.count(first) == len(column)


@cache
def vendor() -> str:
    """The database's: asked of the connection it takes as long as a statement's Python."""
    return connection.vendor


@lru_cache
def table(model: type[Model], names: tuple[str, ...], *, full: bool = False) -> Table:
    return Table(model, names, full=full)


@lru_cache
def whole(model: type[Model]) -> tuple[Table, Sequence[str]]:
    """All fields of a model, and the attributes that hold them."""
    fields: Sequence[Any] = model._meta.concrete_fields  # noqa: SLF001 - Django's public name
    names = [field.name for field in fields]
    return Table(model, names, whole=True), [field.attname for field in fields]


def to_database(field: object) -> Callable[[Any], object] | None:
    """From a value of the field as we hold it to one as a row takes it; None: they are the same."""
    if connection.vendor == "postgresql":
        return _hex if isinstance(field, BinaryField) else None
    if isinstance(field, DateTimeField):
        return naive
    return as_json if isinstance(field, JSONField) else None


def as_json(value: object) -> str:
    try:
        return to_json(value).decode()
    except ValueError:  # half of a surrogate pair: no UTF-8, but JSON can name it
        return json.dumps(value)


def _converted(rows: Sequence[Row], conversions: _Conversions) -> Iterable[Row]:
    """Column by column, which takes a fraction of the time that row by row takes."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    _convert(columns, conversions)
    return zip(*columns, strict=True)


def _convert(columns: list[Sequence[Any]], conversions: _Conversions) -> None:
    for place, convert in conversions.items() if columns else ():
        columns[place] = [None if one is None else convert(one) for one in columns[place]]


def _by_place(found: Iterable[Callable[[Any], object] | None]) -> _Conversions:
    return {place: convert for place, convert in enumerate(found) if convert is not None}


def _told(field: object, column: str) -> str:
    """As a column is read: SQLite's moments as text that says where it is noon."""
    in_text = connection.vendor == "sqlite" and isinstance(field, DateTimeField)
    return f"{column} || '+00:00'" if in_text else column


def _from_database(field: object) -> Callable[[Any], object] | None:
    if isinstance(field, JSONField):
        return _loaded
    in_text = connection.vendor == "sqlite" and isinstance(field, DateTimeField)
    return datetime.fromisoformat if in_text else None


def _to_model(field: Any) -> Callable[[Any], object] | None:
    """Likewise, and what the ORM does to a value beyond that."""
    column = field.get_col(field.model._meta.db_table)  # noqa: SLF001 - Django's public name
    steps = [
        *connection.ops.get_db_converters(column),
        *column.get_db_converters(connection),
    ]
    if _from_database(field) is not None or not steps:
        return _from_database(field)

    def converted(value: object) -> object:
        for step in steps:
            value = step(value, column, connection)
        return value

    return converted


def _loaded(text: str) -> object:
    if text == "{}":  # as most are
        return {}
    try:
        found: object = from_json(text)
    except ValueError:  # half of a surrogate pair, likewise
        found = json.loads(text)
    return found


def _literal(constant: object) -> str:
    return connection.schema_editor().quote_value(constant).replace("%", "%%")  # as Django's


def _hex(value: bytes) -> str:
    """As PostgreSQL reads bytes from text."""
    return f"\\x{bytes(value).hex()}"


@lru_cache(maxsize=10_000)  # most moments of a batch are the same
def naive(moment: datetime) -> str:
    """As SQLite keeps a moment."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
