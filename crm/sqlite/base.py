"""Django's backend for SQLite, with less Python around a statement than SQLite takes for it.

A cursor asks in one step what Django's asks in a dozen, and rewrites a statement's placeholders
once, not at every use. What is logged or watched goes Django's way.
"""

from functools import lru_cache
from sqlite3 import Cursor, Error
from threading import get_ident
from typing import Any

from django.apps import apps
from django.db.backends.sqlite3 import base
from django.db.backends.utils import CursorWrapper

#: More than are in use at a time; some are built, with as many placeholders as there are values.
_KEPT = 256
#: Of values without names.
_IN_ORDER = frozenset({list, tuple})


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> base.SQLiteCursorWrapper:  # noqa: ARG002 - theirs
        cursor: base.SQLiteCursorWrapper = self.connection.cursor(factory=_Cursor)
        return cursor

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return _Wrapper(cursor, self)

    def cursor(self) -> CursorWrapper:
        self.close_if_health_check_failed()
        is_ours = self._thread_ident == get_ident()  # type: ignore[attr-defined]  # which theirs asks last
        if self.connection is None or self.force_debug_cursor or not is_ours:
            return super().cursor()
        try:
            return _Wrapper(self.create_cursor(), self)
        except Error:
            with self.wrap_database_errors:
                raise

    def ensure_connection(self) -> None:
        if self.connection is None:
            super().ensure_connection()

    def _commit(self) -> None:
        if self.connection is None or self.force_debug_cursor:
            super()._commit()  # type: ignore[misc]  # not in its stubs
            return
        with self.wrap_database_errors:
            self.connection.commit()


class _Wrapper(CursorWrapper):
    def __exit__(self, *_failure: object) -> None:
        try:  # noqa: SIM105 - to suppress takes longer than to close
            self.cursor.close()
        except Error:
            pass  # as Django has it: nothing of what was done is lost

    def execute(self, sql: Any, params: Any = None) -> Any:
        db = self.db
        is_plain = params is None or type(params) in _IN_ORDER
        if not is_plain or db.needs_rollback or db.execute_wrappers or not apps.ready:
            return super().execute(sql, params)
        try:
            if params is None:  # nothing stands for a value, and each % for itself
                return _EXECUTE(self.cursor, sql)
            return _EXECUTE(self.cursor, _with_marks(sql), params)
        except Error:
            with db.wrap_database_errors:
                raise

    def executemany(self, sql: Any, param_list: Any) -> Any:
        db = self.db
        is_plain = type(param_list) is list and param_list and type(param_list[0]) in _IN_ORDER
        if not is_plain or db.needs_rollback or db.execute_wrappers or not apps.ready:
            return super().executemany(sql, param_list)
        try:
            return _EXECUTE_MANY(self.cursor, _with_marks(sql), param_list)
        except Error:
            with db.wrap_database_errors:
                raise

    def fetchall(self) -> Any:
        try:
            return self.cursor.fetchall()
        except Error:
            with self.db.wrap_database_errors:
                raise

    def fetchone(self) -> Any:
        try:
            return self.cursor.fetchone()
        except Error:
            with self.db.wrap_database_errors:
                raise


class _Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None:
            return _with_marks(query)
        return super().convert_query(query, param_names=param_names)


#: Beneath the rewriting of each of its own.
_EXECUTE, _EXECUTE_MANY = Cursor.execute, Cursor.executemany


@lru_cache(maxsize=_KEPT)
def _with_marks(query: str) -> str:
    """`?` for each `%s`."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
