"""Named lists of rows as tables on the terminal; an empty list has nothing to tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from workspace.wording import in_words, zone_name

Rows = Sequence[Mapping[str, Any]]
#: A heading and what stands below it.
Column = tuple[str, Sequence[str]]
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
    table = Table(title=_heading(name), title_justify="left")
    columns = [_column(column, [row[column] for row in rows]) for column in rows[0]]
    for (heading, _), width in zip(columns, _widths(columns, room), strict=True):
        table.add_column(heading, overflow="fold", width=width)
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*row)
    return table


def _column(name: str, values: Sequence[object]) -> Column:
    """Moments of one zone name it once, above them."""
    zones = {zone_name(value) for value in values if isinstance(value, datetime)}
    if len(zones) == 1 and all(isinstance(value, datetime | None) for value in values):
        cells = [f"{value:%Y-%m-%d %H:%M}" if value else "" for value in values]
        return f"{_heading(name)} ({zones.pop()})", cells
    return _heading(name), [_cell(value) for value in values]


def _widths(columns: Sequence[Column], room: int) -> Sequence[int]:
    """How wide each column is; Rich would cut off what goes beyond the terminal."""
    texts = [[heading, *cells] for heading, cells in columns]
    lines = [max(map(cell_len, column)) for column in texts]
    words = [max(map(_longest_word, column)) for column in texts]
    room -= 3 * len(columns) + 1
    for unbroken in _UNBROKEN:
        widths = [max(1, min(length, unbroken)) for length in words]
        if sum(widths) <= room:
            break
    for place in sorted(range(len(columns)), key=lambda place: lines[place]):
        left = max(0, room - sum(widths))
        widths[place] += max(0, min(lines[place] - widths[place], left))
    return widths


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _upright(name: str, rows: Rows) -> Table:
    """A few rows of many columns read better on their side."""
    head, *others = rows[0]
    table = Table(title=_heading(name), title_justify="left")
    table.add_column(_heading(head))
    for row in rows:
        table.add_column(_cell(row[head]), overflow="fold")
    for column in others:
        table.add_row(_heading(column), *(_cell(row[column]) for row in rows))
    return table


def _cell(value: object) -> str:
    if isinstance(value, timedelta):
        return str(timedelta(seconds=round(value.total_seconds())))
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return f"{value:,}" if is_number else in_words(value)
