"""Which of a rep's mailboxes somebody is written to from.

An enrollment keeps its mailbox for all its emails, and whoever was written to before gets the same
again, so that threads stay in one place. Others go where there is least to do for what may leave.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Protocol, TypeVar


class Box(Protocol):
    @property
    def pk(self) -> int: ...
    @property
    def address(self) -> str: ...
    def most_at(self, now: datetime) -> int:
        """Emails that may leave it in 24 hours."""


AnyBox = TypeVar("AnyBox", bound=Box)


def choose(
    boxes: Sequence[AnyBox],
    *,
    lead_id: int,
    before: int | None,
    held: Container[int],
    load: Mapping[int, int],
    now: datetime,
) -> AnyBox:
    """`before` wrote to the lead last; `held` are paused; `load` counts the open enrollments of each.

    One that is paused is chosen only where all are: its emails wait.
    """
    usable = [box for box in boxes if box.pk not in held] or boxes
    known = next((box for box in usable if box.pk == before), None)
    if known is not None:
        return known
    # Floats are equal when the fractions are, and then alone: the numbers are small.
    shares = [load.get(box.pk, 0) / box.most_at(now) for box in usable]
    least = min(shares)
    alike = [box for box, share in zip(usable, shares, strict=True) if share == least]
    return alike[0] if len(alike) == 1 else min(alike, key=lambda box: _draw(lead_id, box))


def _draw(lead_id: int, box: Box) -> bytes:
    return sha256(f"{lead_id}:{box.address}".encode()).digest()
