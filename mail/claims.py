"""Taking messages for sending: admitted in the mailbox's order, leased, recovered when a worker dies."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from crm import rows
from crm.models import Company, Deal, Lead, Owner
from mail import pacing, pauses, settle
from mail.models import EmailTemplate, Mailbox, Message
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
        [mailbox] = rows.fetch(Mailbox, "id = %s", [mailbox.pk], lock="FOR NO KEY UPDATE")
        now = clock.now()
        if mailbox.status != Mailbox.Status.ACTIVE:
            return []
        asked = [mailbox.pk, _moment(now), mailbox.address, BATCH]
        waiting = rows.fetch(Message, _WAITING, asked, lock="FOR NO KEY UPDATE SKIP LOCKED")
        if not waiting:
            return []
        _complete(waiting, mailbox)
        history = _history(mailbox, now)
        limits = mailbox.limits
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
        fields = ("status", "claimed_until", "handed_at", "because")
        taken = [(m.status, m.claimed_until, m.handed_at, m.because, m.pk) for m in claimed]
        rows.update(Message, fields, taken)
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


def _complete(messages: Sequence[Message], mailbox: Mailbox) -> None:
    """Load what they are made of, each once."""
    templates = rows.by_id(EmailTemplate, (message.template_id for message in messages))
    leads = rows.by_id(Lead, (message.lead_id for message in messages))
    companies = rows.by_id(Company, (lead.company_id for lead in leads.values()))
    owners = rows.by_id(Owner, (lead.owner_id for lead in leads.values()))
    deals = rows.by_id(Deal, (message.deal_id for message in messages))
    parents = rows.by_id(Message, (message.parent_id for message in messages))
    for lead in leads.values():
        lead.company, lead.owner = companies.get(lead.company_id), owners.get(lead.owner_id)
    for message in messages:
        message.mailbox, message.template = mailbox, templates[message.template_id]
        message.lead, message.deal = leads[message.lead_id], deals.get(message.deal_id)
        message.parent = parents.get(message.parent_id)


def _lease(message: Message) -> Message:
    message.status = Status.SENDING
    message.claimed_until = clock.monotonic() + LEASE
    message.handed_at = None
    return message


def _history(mailbox: Mailbox, now: datetime) -> list[datetime]:
    """When the mailbox's emails of the last day left; what is under way or in doubt counts as left.

    Of so few that this batch reaches no cap, the last one tells all that matters: the gap.
    """
    since = now - pacing.DAY
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"mailbox": mailbox.pk, "since": _moment(since)})
        under_way, doubtful, sent = cursor.fetchone()
    moments = [now] * under_way
    if doubtful:
        in_doubt = Message.objects.filter(mailbox=mailbox, status=Status.UNCONFIRMED)
        handed = in_doubt.filter(handed_at__gt=since).values_list("handed_at", flat=True)
        moments += [moment for moment in handed if moment]
    few = min(most for _, most, _ in mailbox.limits.caps) - len(moments) - BATCH
    asked = [mailbox.pk, _moment(since), sent if sent > few else 1]
    latest = Message.objects.raw(_LATEST, asked)
    return moments + [message.sent_at for message in latest if message.sent_at]


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _never(message: Message, admission: pacing.Never) -> str:
    return settle.failed(message, f"never admitted: {admission.because}")


# States are written out, since SQLite uses a partial index for no value that it learns later.
_WAITING = f"""
mailbox_id = %s AND status = 'queued' AND due_at <= %s
AND NOT {pauses.HELD.format(address="%s", sequence="mail_message.sequence")}
ORDER BY due_at, id LIMIT %s
"""
_LEFT = """
SELECT
(SELECT count(*) FROM mail_message WHERE mailbox_id = %(mailbox)s AND status = 'sending'),
(SELECT count(*) FROM mail_message
  WHERE mailbox_id = %(mailbox)s AND status = 'unconfirmed' AND handed_at > %(since)s),
(SELECT count(*) FROM mail_message WHERE mailbox_id = %(mailbox)s AND sent_at > %(since)s)
"""
_LATEST = """
SELECT id, sent_at FROM mail_message WHERE mailbox_id = %s AND sent_at > %s
ORDER BY sent_at DESC LIMIT %s
"""
