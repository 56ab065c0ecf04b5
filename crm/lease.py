"""One worker at a time: a row's lease in real seconds, so that a dead worker's runs out.

Who is at it renews it before each call of the CRM; whose lease ran out and was taken over makes no
further call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model

from connectors.errors import RateLimited
from runtime import clock

#: Longer than any call of a CRM; a killed worker's work is taken over after it.
SECONDS = 60.0
#: Renewed when this much of it is gone.
_RENEWED_AFTER = 10.0

Row = TypeVar("Row", bound=Model)


@dataclass(kw_only=True)
class _Lease:
    rows: Any
    pk: int
    field: str
    #: What stands in the field while it is ours.
    until: float


_held: ContextVar[tuple[_Lease, ...]] = ContextVar("held", default=())


@contextmanager
def taken(model: type[Row], pk: int, field: str) -> Iterator[Row | None]:
    """The row, while nobody else holds its lease; else None. Given back at the end."""
    rows: Any = model._default_manager  # noqa: SLF001 - Django's public name
    moment = clock.monotonic()
    lease = _Lease(rows=rows, pk=pk, field=field, until=moment + SECONDS)
    won = rows.filter(pk=pk, **{f"{field}__lte": moment}).update(**{field: lease.until})
    if not won:
        yield None
        return
    token = _held.set((*_held.get(), lease))
    try:
        yield rows.get(pk=pk)
    finally:
        _held.reset(token)
        rows.filter(pk=pk, **{field: lease.until}).update(**{field: 0})


def keep() -> None:
    """Renew what this worker holds. Raises RateLimited when somebody else has taken it over."""
    moment = clock.monotonic()
    for lease in _held.get():
        if moment < lease.until - SECONDS + _RENEWED_AFTER:
            continue
        ours = lease.rows.filter(pk=lease.pk, **{lease.field: lease.until})
        if not ours.update(**{lease.field: moment + SECONDS}):
            raise RateLimited("another worker has taken this over", retry_after=SECONDS)
        lease.until = moment + SECONDS
