"""Whether this database knows all that left: one that was restored from a backup does not.

Whoever rings the sweeps keeps watch, every few seconds. After a silence nobody can say here what
left meanwhile: a backup was restored, the machine lost its last commits, or nothing ran at all.
Until that is known (see process.readback), no mailbox sends.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from mail.models import Mailbox, Watch
from runtime import clock

#: A silence that no restart explains.
SILENCE = timedelta(minutes=5)
#: The row is written this often.
EVERY = timedelta(seconds=30)


def keep() -> None:
    """Somebody is here; after a silence every mailbox has to account for it."""
    now = clock.now()
    watch, is_new = Watch.objects.get_or_create(pk=1, defaults={"seen_at": now})
    if is_new or abs(now - watch.seen_at) < EVERY:  # a clock that was put back is followed
        return
    with transaction.atomic():
        if _was_silent(watch):
            since = Coalesce("unaccounted_since", watch.seen_at)
            Mailbox.objects.update(unaccounted_since=since)
        Watch.objects.filter(pk=watch.pk, seen_at=watch.seen_at).update(seen_at=now)


def is_unaccounted(mailbox: Mailbox) -> bool:
    """Whether emails may have left this mailbox that we do not know of; also before `keep` saw it."""
    if mailbox.unaccounted_since is not None:
        return True
    return silent_since() is not None


def silent_since() -> datetime | None:
    """Since when nobody rings the sweeps; None while somebody does, or nobody ever did."""
    watch = Watch.objects.filter(pk=1).first()
    return watch.seen_at if watch is not None and _was_silent(watch) else None


def waiting() -> bool:
    return Mailbox.objects.exclude(unaccounted_since=None).exists()


def trust(mailboxes: QuerySet[Mailbox]) -> int:
    """A person says that nothing left unknown to us; of how many that was in question."""
    return mailboxes.exclude(unaccounted_since=None).update(unaccounted_since=None, last_error="")


def _was_silent(watch: Watch) -> bool:
    """A clock that jumps leaves no silence."""
    return clock.is_real() and clock.now() - watch.seen_at > SILENCE
