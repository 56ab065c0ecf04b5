"""Django's backend for SQLite, which rewrites the placeholders of a statement once, not at every use.

That takes longer than SQLite takes for most of ours.
"""

from functools import lru_cache

from django.db.backends.sqlite3 import base

#: More than are in use at a time; some are built, with as many placeholders as there are values.
_KEPT = 256


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> base.SQLiteCursorWrapper:  # noqa: ARG002 - theirs
        cursor: base.SQLiteCursorWrapper = self.connection.cursor(factory=_Cursor)
        return cursor


class _Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None:
            return _with_marks(query)
        return super().convert_query(query, param_names=param_names)


@lru_cache(maxsize=_KEPT)
def _with_marks(query: str) -> str:
    """`?` for each `%s`."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
