"""Taking messages for sending: admitted in the mailbox's order, leased, recovered when a worker dies."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Max, QuerySet

from crm import rows
from mail import pacing, pauses, settle
from mail.models import Mailbox, Message
from runtime import clock

#: Real seconds for which a claim holds; what is older is claimed again.
LEASE = 30.0
BATCH = 10

Status = Message.Status


def due(mailbox: Mailbox) -> bool:
    return _due(mailbox).exists()


def count_due(mailbox: Mailbox) -> int:
    return _due(mailbox).count()


def claim(mailbox: Mailbox, counts: Counter[str]) -> list[Message]:
    """At most BATCH due messages that are admitted now; the others get a later due time.

    The mailbox's row is locked, so that two workers never fill one gap in its caps.
    """
    with transaction.atomic():
        mailbox = Mailbox.objects.select_for_update(no_key=True).get(pk=mailbox.pk)
        now = clock.now()
        if mailbox.status != Mailbox.Status.ACTIVE:
            return []
        waiting = list(_locked(_due(mailbox).order_by("due_at", "pk")[:BATCH]))
        if not waiting:
            return []
        for message in waiting:
            message.mailbox = mailbox
        history = _history(mailbox, now)
        limits = pacing.Limits(per_day=mailbox.per_day, per_hour=mailbox.per_hour, gap=mailbox.gap)
        claimed = []
        queue = [(m, m.window, str(m.window.get("timezone", ""))) for m in waiting]
        for message, admission in pacing.admit_each(queue, history, limits, now):
            message.because = {**message.because, "admission": admission.because}
            if isinstance(admission, pacing.Now):
                claimed.append(_lease(message))
            elif isinstance(admission, pacing.Never):
                counts[_never(message, admission)] += 1
            else:
                counts["later"] += 1
                message.due_at = admission.at
                message.save(update_fields=["due_at", "because"])
                if admission.because["rule"] != "window":
                    # Caps hold for them all: none is asked again before one of them can leave.
                    counts["later"] += hold(mailbox, pacing.paced(history, limits, now)[0])
        rows.update(claimed, "status", "claimed_until", "handed_at", "because")
    return claimed


def mark_handed(message: Message) -> bool:
    """Commit that the server gets it now; False when the claim is ours no more."""
    now, lease = clock.now(), clock.monotonic() + LEASE
    if clock.monotonic() >= message.claimed_until:
        return False
    ours = "id = %s AND status = %s AND handed_at IS NULL AND claimed_until = %s"
    given = [message.pk, Status.SENDING, message.claimed_until]
    held = rows.update_where(Message, ours, given, {"handed_at": now, "claimed_until": lease})
    message.handed_at, message.claimed_until = now, lease
    return held


def release(messages: Iterable[Message]) -> None:
    """Give claims back of which nothing was handed over."""
    for message in messages:
        Message.objects.filter(
            pk=message.pk,
            status=Status.SENDING,
            handed_at=None,
            claimed_until=message.claimed_until,
        ).update(status=Status.QUEUED)


def hold(mailbox: Mailbox, until: datetime) -> int:
    """Let all that is due of the mailbox wait together; how many do."""
    return _due(mailbox).update(due_at=until)


def recover(mailbox_id: int) -> Counter[str]:
    """Claims that ran out: queued again when nothing was handed over, else unconfirmed."""
    counts: Counter[str] = Counter()
    lapsed = Message.objects.filter(
        mailbox=mailbox_id, status=Status.SENDING, claimed_until__lt=clock.monotonic()
    )
    counts["recovered"] += lapsed.filter(handed_at=None).update(status=Status.QUEUED)
    for message in lapsed.filter(handed_at__isnull=False):
        counts[settle.unconfirmed(message, "the worker ended while the server had the email")] += 1
    return +counts


def _due(mailbox: Mailbox) -> QuerySet[Message]:
    waiting = Message.objects.filter(mailbox=mailbox, status=Status.QUEUED)
    return pauses.unpaused(waiting).filter(due_at__lte=clock.now())


def _locked(messages: QuerySet[Message]) -> QuerySet[Message]:
    if connection.features.has_select_for_update_skip_locked:
        messages = messages.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return messages.select_related("template", "parent", "lead__company", "lead__owner", "deal")


def _lease(message: Message) -> Message:
    message.status = Status.SENDING
    message.claimed_until = clock.monotonic() + LEASE
    message.handed_at = None
    return message


def _history(mailbox: Mailbox, now: datetime) -> list[datetime]:
    """When the mailbox's emails of the last day left; what is under way or in doubt counts as left.

    Of so few that this batch reaches no cap, the last one tells all that matters: the gap.
    """
    ours = Message.objects.filter(mailbox=mailbox)
    since = now - pacing.DAY
    # Written out, since SQLite uses a partial index for no value that it learns later.
    doubtful = ours.extra(where=["status = 'unconfirmed'"]).filter(handed_at__gt=since)
    under_way = ours.extra(where=["status = 'sending'"])
    others = [moment for moment in doubtful.values_list("handed_at", flat=True) if moment]
    others += [now] * under_way.count()
    sent = ours.filter(sent_at__gt=since)
    few = min(mailbox.per_hour, mailbox.per_day) - len(others) - BATCH
    number, last = sent.aggregate(number=Count("pk"), last=Max("sent_at")).values()
    if number <= few:
        return [*others, last] if last else others
    return others + [moment for moment in sent.values_list("sent_at", flat=True) if moment]


def _never(message: Message, admission: pacing.Never) -> str:
    return settle.failed(message, f"never admitted: {admission.because}")
