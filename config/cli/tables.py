"""Named lists of rows as tables on the terminal; an empty list has nothing to tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

Rows = Sequence[Mapping[str, Any]]
#: Tables of more columns than these stand on their side.
_WIDE = 8
#: Words up to the first length that the terminal has room for stand on one line.
_UNBROKEN = (24, 16, 12, 8, 1)


def show(told: Mapping[str, Rows]) -> None:
    console = plain_console()
    for name, rows in told.items():
        if not rows:
            continue
        upright = len(rows[0]) > _WIDE
        console.print(_upright(name, rows) if upright else _table(name, rows, console.width))


def plain_console() -> Console:
    """Shows what people and CRMs wrote to the letter, where Rich would read "[/b]" as markup."""
    return Console(markup=False, emoji=False)


def _table(name: str, rows: Rows, room: int) -> Table:
    table = Table(title=name.replace("_", " "), title_justify="left")
    for column, width in _widths(rows, room).items():
        table.add_column(_heading(column), overflow="fold", width=width)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _widths(rows: Rows, room: int) -> Mapping[str, int]:
    """How wide each column is; Rich would cut off what goes beyond the terminal."""
    cells = {name: [_heading(name), *(_cell(row[name]) for row in rows)] for name in rows[0]}
    lines = {name: max(map(cell_len, texts)) for name, texts in cells.items()}
    words = {name: max(map(_longest_word, texts)) for name, texts in cells.items()}
    room -= 3 * len(cells) + 1
    for unbroken in _UNBROKEN:
        widths = {name: max(1, min(length, unbroken)) for name, length in words.items()}
        if sum(widths.values()) <= room:
            break
    for name in sorted(lines, key=lambda name: lines[name]):
        left = max(0, room - sum(widths.values()))
        widths[name] += max(0, min(lines[name] - widths[name], left))
    return widths


def _heading(name: str) -> str:
    return name.replace("__", " ").replace("_", " ")


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _upright(name: str, rows: Rows) -> Table:
    """A few rows of many columns read better on their side."""
    head, *others = rows[0]
    table = Table(title=name.replace("_", " "), title_justify="left")
    table.add_column(head)
    for row in rows:
        table.add_column(_cell(row[head]), overflow="fold")
    for column in others:
        table.add_row(_heading(column), *(_cell(row[column]) for row in rows))
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, timedelta):
        return str(timedelta(seconds=round(value.total_seconds())))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
