"""Inbound mail that we wrote ourselves, with the right answers: from the standards (RFC 3464, 3834,
5965, 6522, 8058) and from how each mail system is known to lay out its messages.

Half of it is `held`: written before the rules were tuned and never looked at while tuning. Which
half a case belongs to is the last bit of its id's SHA-256, so a case never changes sides. What was
written afterwards is open.
"""

from hashlib import sha256

from tests.mail.corpus import (
    automatic,
    bounces,
    complaints,
    later,
    notices,
    others,
    probed,
    replies,
    strays,
    wishes,
)
from tests.mail.corpus.case import Case

FAMILIES = {
    "bounces": bounces.CASES,
    "notices": notices.CASES,
    "complaints": complaints.CASES,
    "automatic": automatic.CASES,
    "wishes": wishes.CASES,
    "replies": replies.CASES,
    "others": others.CASES,
    "later": later.CASES,
    "strays": strays.CASES,
    "probed": probed.CASES,
}
CASES: tuple[Case, ...] = tuple(case for family in FAMILIES.values() for case in family)


def is_held(case: Case) -> bool:
    return "-later-" not in case.id and sha256(case.id.encode()).digest()[-1] % 2 == 1


OPEN = tuple(case for case in CASES if not is_held(case))
HELD = tuple(case for case in CASES if is_held(case))


def digest(cases: tuple[Case, ...]) -> str:
    """Over all messages and answers: what is frozen stays so."""
    return sha256(repr([(c.id, c.raw, c.expected) for c in cases]).encode()).hexdigest()
