"""Named lists of rows as tables on the terminal; an empty list has nothing to tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

Rows = Sequence[Mapping[str, Any]]
#: Tables of more columns than these stand on their side.
_WIDE = 8
#: Words up to this length stand on one line.
_UNBROKEN = 16


def show(told: Mapping[str, Rows]) -> None:
    console = Console()
    for name, rows in told.items():
        if not rows:
            continue
        console.print(_upright(name, rows) if len(rows[0]) > _WIDE else _table(name, rows))


def _table(name: str, rows: Rows) -> Table:
    table = Table(title=name.replace("_", " "), title_justify="left")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold", min_width=_word(rows, column))
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _word(rows: Rows, column: str) -> int:
    """How wide a column must be so that none but its longest words are broken."""
    words = [word for row in rows for word in _cell(row[column]).split()]
    return min(max(map(len, words), default=0), _UNBROKEN)


def _upright(name: str, rows: Rows) -> Table:
    """A few rows of many columns read better on their side."""
    head, *others = rows[0]
    table = Table(title=name.replace("_", " "), title_justify="left")
    table.add_column(head)
    for row in rows:
        table.add_column(_cell(row[head]), overflow="fold")
    for column in others:
        table.add_row(column.replace("_", " "), *(_cell(row[column]) for row in rows))
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, timedelta):
        return str(timedelta(seconds=round(value.total_seconds())))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
