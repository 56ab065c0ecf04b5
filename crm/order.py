"""What was asked and written in which order: a number drawn before each, per connection.

An answer may be older than what we know already, by a later answer or by our own write: then it is
no news. Whatever really changed has a stamp behind the scan's beginning, so the next pull reads it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from crm.models import Connection, ExternalRecord


def draw(connection_id: int) -> int:
    """The next number; two workers never draw the same one."""
    rows = Connection.objects.filter(pk=connection_id)
    with transaction.atomic():
        rows.update(seq=F("seq") + 1)
        number: int = rows.values_list("seq", flat=True).get()
    return number


def known_as_of(record_ids: Iterable[int], number: int, *, read_at: datetime | None = None) -> None:
    """What we know of these records is as of `number`: answers with a lower one are older.

    `read_at`: they were read from the CRM then, all their fields.
    """
    rows = ExternalRecord.objects.filter(pk__in=list(record_ids), seq__lt=number)
    rows.update(seq=number, **({"known_at": read_at} if read_at else {}))
