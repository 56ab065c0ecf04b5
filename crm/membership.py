"""Who is on a list, three ways: as we last knew the CRM, as it is now, and as ours is. Pure.

What a person did in the CRM is respected: whom they took out we do not put back, and whom they put
there we do not take out, unless the list is kept in step both ways and the person left it elsewhere.
"""

from dataclasses import dataclass, replace
from typing import Literal

#: What becomes of our list.
Flow = Literal["joins", "leaves"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """One person on one list of a CRM, as we last knew it."""

    there: bool = False
    by_us: bool = False  #: and we have put them there
    taken_out: bool = False  #: a person has: we do not put them back
    status: str = ""  #: of a campaign's member there
    our_status: str = ""  #: the one that we gave; blank: none, or another than stood there then


def told(
    known: Known,
    *,
    there: bool,
    attempted: bool | str | None = None,
    status: str = "",
    given: str = "",
) -> tuple[Known, Flow | None]:
    """What the CRM says now, and what follows for a list of ours that comes from there.

    `attempted` is what we tried to write and never heard of: put there, taken out, or a status;
    `given` the status that whoever we put there gets.
    """
    if there and known.there:
        ours = status if status and status == attempted else known.our_status
        return replace(known, status=status, our_status=ours), None
    if there:
        by_us = attempted is True
        ours = status if by_us and status == given else ""
        return Known(there=True, by_us=by_us, status=status, our_status=ours), "joins"
    if known.there:
        return Known(taken_out=attempted is not False), "leaves"
    return known, None


def wanted(known: Known, *, ours: bool, both_ways: bool) -> bool | None:
    """What we owe the CRM: to put the person there, to take them out, or None, nothing."""
    if ours and not known.there and not known.taken_out:
        return True
    if not ours and known.there and (known.by_us or both_ways):
        return False
    return None


def is_to_have(known: Known, *, status: str) -> bool:
    """Whether we owe a status to who is there: ours changed, and stands there as we gave it.

    One that a person gave stays, and so does that of whoever was put there by a person.
    """
    as_given = known.our_status and known.status == known.our_status
    return bool(known.there and as_given and status and status != known.our_status)


def written(*, there: bool, status: str = "") -> Known:
    """What we know once the CRM took it."""
    return Known(there=there, by_us=there, status=status, our_status=status)
