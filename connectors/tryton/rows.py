"""What Tryton's searches answer: rows with their ids and texts, a page after the other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import Unavailable
from connectors.tryton.wire import Wire
from connectors.values import Malformed, text

#: Rows of one search.
PAGE = 500
#: Ids of one search: the domain stands in the address.
IDS = 100


def every(
    wire: Wire, model: str, domain: Sequence[Any], asked: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """Every record that the domain holds for, by id."""
    last = 0
    while True:
        rows = wire.search(model, [*domain, ["id", ">", last]], asked, limit=PAGE)
        yield from rows
        if len(rows) < PAGE:
            return
        last, before = number(rows[-1]), last
        if last <= before:
            raise Unavailable(f"Tryton's {model}: the same records come again")


def numbers(ids: Sequence[str]) -> list[int]:
    return [int(id_) for id_ in ids if id_.isascii() and id_.isdecimal()]


def number(row: Mapping[str, Any]) -> int:
    id_ = row.get("id")
    if isinstance(id_, bool) or not isinstance(id_, int):
        raise Unavailable("Tryton's answer has a record without id")
    return id_


def text_of(row: Mapping[str, Any], name: str) -> str:
    try:
        return text(row.get(name))
    except Malformed as error:
        raise Unavailable(f"Tryton's {name}: {error}") from error
