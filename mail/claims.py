"""Taking messages for sending: admitted in the mailbox's order, leased, recovered when a worker dies."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from django.db import transaction
from django.db.models import QuerySet

from crm import rows
from crm.models import Company, Deal, Lead, Owner
from mail import history, pacing, pauses, settle
from mail.models import SENDER, EmailTemplate, Mailbox, Message, Sender
from runtime import clock

#: Real seconds for which a claim holds; what is older is claimed again.
LEASE = 30.0
BATCH = 10

Status = Message.Status


def due(mailbox: Mailbox) -> bool:
    return _due(mailbox).exists()


def count_due(mailbox: Mailbox) -> int:
    return _due(mailbox).count()


def _nothing() -> None:
    pass


def claim(
    mailbox: Mailbox, counts: Counter[str], *, beside: Callable[[], None] = _nothing
) -> list[Message]:
    """At most BATCH due messages that are admitted now; the others get a later due time.

    None are left only when none that is due may leave. `beside` writes in the same transaction.
    """
    claimed: list[Message] | None = []
    while claimed is not None and not claimed:
        with transaction.atomic():
            beside()
            claimed = _claim(mailbox, counts)
    return claimed or []


def _claim(mailbox: Mailbox, counts: Counter[str]) -> list[Message] | None:
    """Of the first in line; None when nobody stands there.

    The mailbox's row is locked, so that two workers never fill one gap in its caps; and the
    sender's where mailboxes share caps: two of them never fill the same gap either.
    """
    [mailbox] = rows.fetch(Mailbox, "id = %s", [mailbox.pk], lock="FOR NO KEY UPDATE")
    now = clock.now()
    if mailbox.status != Mailbox.Status.ACTIVE:
        return None
    if mailbox.team_limits:
        rows.lock(Sender, [SENDER])
    asked = [mailbox.pk, rows.moment(now), mailbox.address, BATCH]
    waiting = rows.fetch(Message, _WAITING, asked, lock="FOR NO KEY UPDATE SKIP LOCKED")
    if not waiting:
        return None
    _complete(waiting, mailbox)
    left, limits = history.of_mailbox(mailbox, now, batch=BATCH), mailbox.limits
    claimed = []
    queue = list(_queue(waiting, mailbox, now))
    for message, admission in pacing.admit_each(queue, left, limits, now):
        message.because = {**message.because, "admission": admission.because}
        if isinstance(admission, pacing.Now):
            claimed.append(_lease(message))
        elif isinstance(admission, pacing.Never):
            counts[_never(message, admission)] += 1
        else:
            counts["later"] += 1
            message.due_at = admission.at
            message.save(update_fields=["due_at", "because"])
            if admission.is_for_all:
                # None is asked again before one of them can leave.
                counts["later"] += hold(mailbox, pacing.paced(left, limits, now)[0])
    fields = ("status", "claimed_until", "handed_at", "because")
    taken = [(m.status, m.claimed_until, m.handed_at, m.because, m.pk) for m in claimed]
    rows.update(Message, fields, taken)
    return claimed


def mark_handed(message: Message, kept: Mapping[str, object] = MappingProxyType({})) -> bool:
    """Commit that the server gets it now, and what is to be `kept` of it.

    False, and nothing is written, when the claim is ours no more.
    """
    now, lease = clock.now(), clock.monotonic() + LEASE
    if clock.monotonic() >= message.claimed_until:
        return False
    ours = "id = %s AND status = 'sending' AND handed_at IS NULL AND claimed_until = %s"
    given = [message.pk, message.claimed_until]
    held = rows.update_where(
        Message, ours, given, {"handed_at": now, "claimed_until": lease, **kept}
    )
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
        company, owner = companies.get(lead.company_id), owners.get(lead.owner_id)
        rows.join(lead, company=company, owner=owner)
    for message in messages:
        rows.join(
            message,
            mailbox=mailbox,
            template=templates[message.template_id],
            lead=leads[message.lead_id],
            deal=deals.get(message.deal_id),
            parent=parents.get(message.parent_id),
        )


def _queue(
    messages: Sequence[Message], mailbox: Mailbox, now: datetime
) -> Iterator[pacing.Waiting[Message]]:
    quotas = history.quotas(mailbox, messages, now) if mailbox.team_limits else None
    for message in messages:
        timezone = str(message.window.get("timezone", ""))
        shared = quotas.of(message.to_domain, message.lead.company_id) if quotas else ()
        yield message, message.window, timezone, shared


def _lease(message: Message) -> Message:
    message.status = Status.SENDING
    message.claimed_until = clock.monotonic() + LEASE
    message.handed_at = None
    return message


def _never(message: Message, admission: pacing.Never) -> str:
    return settle.failed(message, f"never admitted: {admission.because}")


# States are written out, since SQLite uses a partial index for no value that it learns later.
_WAITING = f"""
mailbox_id = %s AND status = 'queued' AND due_at <= %s
AND NOT {pauses.HELD.format(address="%s", sequence="mail_message.sequence")}
ORDER BY due_at, id LIMIT %s
"""
