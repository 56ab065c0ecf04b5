"""Our writes whose outcome was not known, and what the CRM's answer says of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from crm.models import Change, ExternalRecord


def unsure(link: ExternalRecord) -> Sequence[Change]:
    """Our writes of this record whose outcome is not known, given up ones too."""
    rows = Change.objects.filter(record=link, kind=Change.Kind.UPDATE)
    return list(
        rows.filter(
            Q(status=Change.Status.PENDING)
            | Q(status=Change.Status.SUPERSEDED, attempted_at__isnull=False)
        )
    )


def arrived(attempted: Sequence[Change], theirs: Mapping[str, object], *, at: datetime) -> None:
    """What the CRM holds says what became of them."""
    for change in attempted:
        known = change.field in theirs
        if known and theirs[change.field] == change.value:
            if change.status == Change.Status.PENDING:
                change.status = Change.Status.PUSHED
            change.pushed_at, change.attempted_at = at, None
            change.save(update_fields=["status", "pushed_at", "attempted_at"])
        elif known and change.attempted_at is not None:
            change.attempted_at = None
            change.save(update_fields=["attempted_at"])
