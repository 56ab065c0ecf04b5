"""One worker at a time: a row's lease in real seconds, so that a dead worker's runs out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db.models import Model

from runtime import clock

#: Long enough for the slowest page; a killed worker's work is taken over after it.
SECONDS = 60.0

Row = TypeVar("Row", bound=Model)


@contextmanager
def taken(model: type[Row], pk: int, field: str) -> Iterator[Row | None]:
    """The row, while nobody else holds its lease; else None. Given back at the end."""
    rows: Any = model._default_manager  # noqa: SLF001 - Django's public name
    moment = clock.monotonic()
    won = rows.filter(pk=pk, **{f"{field}__lte": moment}).update(**{field: moment + SECONDS})
    if not won:
        yield None
        return
    try:
        yield rows.get(pk=pk)
    finally:
        rows.filter(pk=pk).update(**{field: 0})


def renew(model: type[Model], pk: int, field: str) -> None:
    rows: Any = model._default_manager  # noqa: SLF001 - Django's public name
    rows.filter(pk=pk).update(**{field: clock.monotonic() + SECONDS})
