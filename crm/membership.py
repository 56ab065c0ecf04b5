"""Who is on a list, three ways: as we last knew the CRM, as it is now, and as ours is. Pure.

What a person did in the CRM is respected: whom they took out we do not put back, and whom they put
there we do not take out, unless the list is kept in step both ways and the person left it elsewhere.
"""

from dataclasses import dataclass
from typing import Literal

#: What becomes of our list.
Flow = Literal["joins", "leaves"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """One person on one list of a CRM, as we last knew it."""

    there: bool = False
    by_us: bool = False  #: and we have put them there
    taken_out: bool = False  #: a person has: we do not put them back


def told(known: Known, *, there: bool, attempted: bool | None = None) -> tuple[Known, Flow | None]:
    """What the CRM says now, and what follows for a list of ours that comes from there.

    `attempted` is what we tried to write and never heard of: put there, or taken out.
    """
    if there == known.there:
        return known, None
    if there:
        return Known(there=True, by_us=attempted is True), "joins"
    return Known(taken_out=attempted is not False), "leaves"


def wanted(known: Known, *, ours: bool, both_ways: bool) -> bool | None:
    """What we owe the CRM: to put the person there, to take them out, or None, nothing."""
    if ours and not known.there and not known.taken_out:
        return True
    if not ours and known.there and (known.by_us or both_ways):
        return False
    return None


def written(*, there: bool) -> Known:
    """What we know once the CRM took it."""
    return Known(there=there, by_us=there)
