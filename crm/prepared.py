"""Statements that PostgreSQL plans once for a connection instead of every time they are asked."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper
from psycopg import errors

from crm.rows import Row, database

#: The driver's connection -> the names of what it has prepared.
_PREPARED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
#: The driver's connections whose sessions are not their own, or on which a plan went out of date.
_UNKEPT: WeakSet[Any] = WeakSet()
_NOT_AS_PREPARED = (
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)


def ask(statement: str, types: Sequence[str], given: Sequence[Any]) -> Sequence[Row]:
    """What PostgreSQL finds by a statement that a connection asks again and again.

    It is planned a few times: to plan a long one takes longer than to run it. What differs in number
    is given as a list, so that the statement stays the same. `types` are those of what is given. In a
    transaction, or where a pooler gives a connection the sessions of others, it is planned every time.
    """
    db = database()
    with db.cursor() as cursor:
        if not db.in_atomic_block and db.connection not in _UNKEPT:
            try:
                _execute(cursor, statement, types, given)
            except DatabaseError as error:
                if not isinstance(error.__cause__, _NOT_AS_PREPARED):
                    raise
                _UNKEPT.add(db.connection)
                cursor.execute(statement, given)
        else:
            cursor.execute(statement, given)
        found: Sequence[Row] = cursor.fetchall()
        return found


def _execute(
    cursor: CursorWrapper, statement: str, types: Sequence[str], given: Sequence[Any]
) -> None:
    """Under a name that stands for this text alone, whoever else prepares in the same session."""
    name, prepare, execute = _preparation_of(statement, tuple(types))
    kept = _PREPARED.setdefault(cursor.db.connection, set())
    if name not in kept:
        cursor.execute(prepare)
        kept.add(name)
    cursor.execute(execute, given)


@lru_cache
def _preparation_of(statement: str, types: Sequence[str]) -> tuple[str, str, str]:
    """Its name, and how it is prepared and executed."""
    numbered = statement
    for number in range(1, len(types) + 1):
        numbered = numbered.replace("%s", f"${number}", 1)
    name = f"cadenza_{sha256(f'{types} {statement}'.encode()).hexdigest()[:32]}"
    prepare = f"PREPARE {name} ({', '.join(types)}) AS {numbered.replace('%%', '%')}"
    return name, prepare, f"EXECUTE {name} ({', '.join(['%s'] * len(types))})"
