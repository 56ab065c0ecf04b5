"""Which of a lead's deals decides its stage. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar


class Bindable(Protocol):
    @property
    def is_closed(self) -> bool: ...
    @property
    def is_won(self) -> bool: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def closed_at(self) -> datetime | None: ...


AnyDeal = TypeVar("AnyDeal", bound=Bindable)


def in_order(deals: Iterable[AnyDeal]) -> list[AnyDeal]:
    """Those that may decide, the deciding one last: the newest open one, else the one won last."""
    return sorted((deal for deal in deals if not deal.is_closed or deal.is_won), key=_precedence)


def _precedence(deal: Bindable) -> tuple[bool, float]:
    moment = deal.created_at if not deal.is_closed else deal.closed_at
    return (not deal.is_closed, moment.timestamp() if moment else 0.0)
