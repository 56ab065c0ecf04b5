"""Taking due enrollments so that nobody else takes them meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from crm import rows
from sequences.models import Enrollment

OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)
_DUE = "status IN (%s, %s) AND due_at <= %s"
#: SQLite's transactions are immediate: whoever is in one is alone.
_LOCKING = {"sqlite": "", "postgresql": "FOR NO KEY UPDATE SKIP LOCKED"}


class Claimed(NamedTuple):
    """Of an enrollment what a step asks for; a tuple, since a tick reads thousands."""

    pk: int
    lead_id: int
    deal_id: int | None
    version_id: int
    sequence: str
    mailbox_id: int
    timezone: str
    status: str
    started_at: datetime
    anchor: str
    anchored_at: datetime | None


_FIELDS = ("id", *Claimed._fields[1:])


def claim(now: datetime, *, at_most: int, only: int | None = None) -> Sequence[Claimed]:
    """Lock the oldest due that nobody else has locked, in the caller's transaction."""
    where, given = _DUE, [*OPEN, rows.moment(now)]
    if only is not None:
        where, given = f"{_DUE} AND id = %s", [*given, only]
    where = f"{where} ORDER BY due_at, id LIMIT %s {_LOCKING[connection.vendor]}"
    found = rows.select(Enrollment, _FIELDS, where, [*given, at_most])
    return list(map(Claimed._make, found))
