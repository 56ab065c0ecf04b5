"""Tables of many columns: where the terminal is too narrow, several with the same names at the left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

#: A longer table is cut.
_MOST_ROWS = 40
#: Names are not broken up to this width.
_WIDEST = 24


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    cells: Sequence[str]
    is_text: bool
    is_idle: bool  #: nothing but zeros: room for what has happened

    @property
    def width(self) -> int:
        """Of what stands in it; a heading of several words may take several lines."""
        lines = (line for cell in self.cells for line in cell.split("\n"))
        return min(_WIDEST, max(map(cell_len, (*lines, *self.name.split())), default=1))


def show(console: Console, title: str, columns: Sequence[Column]) -> None:
    named = list(takewhile(lambda column: column.is_text, columns))
    told = [column for column in columns[len(named) :] if not column.is_idle]
    for number, part in enumerate(_parts(named, told, console.width)):
        console.print(_table(title if not number else "", [*named, *part]))
    for line in _left_out(columns):
        console.print(line, style="dim", highlight=False)


def _parts(named: Sequence[Column], told: Sequence[Column], room: int) -> Iterator[list[Column]]:
    part: list[Column] = []
    for column in told:
        if part and _width([*named, *part, column]) > room:
            yield part
            part = []
        part.append(column)
    yield part


def _width(columns: Sequence[Column]) -> int:
    return 2 + sum(column.width + 2 for column in columns)


def _table(title: str, columns: Sequence[Column]) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    table.padding = (0, 1, 0, 0)
    for column in columns:
        justify = "left" if column.is_text else "right"
        table.add_column(column.name, justify=justify, overflow="fold", width=column.width)  # type: ignore[arg-type]
    for row in zip(*(column.cells[:_MOST_ROWS] for column in columns), strict=True):
        table.add_row(*row)
    return table


def _left_out(columns: Sequence[Column]) -> Iterator[str]:
    if idle := [column.name for column in columns if column.is_idle]:
        yield f"all zero: {', '.join(idle)}"
    if (more := len(columns[0].cells) - _MOST_ROWS) > 0:
        yield f"and {more:,} rows more, in --csv"
