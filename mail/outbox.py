"""The outbox: messages are queued by others' transactions, and delivered from here.

queued -> sending -> sent | failed | unconfirmed | cancelled, and back to queued where nothing can
have left. A crash leaves a claim that runs out: before `handed_at` it is queued again, after it
the outcome is unknown, and nobody guesses.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from crm import rows
from crm.models import Deal, Lead
from mail import (
    address,
    claims,
    compose,
    handing,
    inbound,
    mailboxes,
    pauses,
    sent_copies,
    settle,
    stops,
    watch,
)
from mail.models import EmailTemplate, Mailbox, Message, Sender
from mail.unconfirmed import settle_unconfirmed, unconfirmed_due, unconfirmed_until
from runtime import bell, clock

__all__ = [
    "cancel",
    "deliver",
    "postpone",
    "queue",
    "settle_unconfirmed",
    "unconfirmed_due",
    "unconfirmed_until",
    "waiting",
]

#: A mailbox sends only when its inbox was read this lately.
READ_WITHIN = timedelta(seconds=60)
UNREACHABLE_FOR = timedelta(minutes=5)

Status = Message.Status


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An email of an enrollment's step that is to leave."""

    enrollment_id: int
    step_id: str
    sequence: str
    token: str
    lead: Lead
    deal: Deal | None
    mailbox: Mailbox
    template: EmailTemplate
    parent: Message | None
    window: Mapping[str, object]
    enrolled_at: datetime
    due_at: datetime
    because: Mapping[str, object]


def queue(drafts: Sequence[Draft]) -> list[Message]:
    """The messages of these enrollments and steps, in the caller's transaction; each made at most once.

    One that was cancelled before it left (a pause, say) is queued again, with its Message-ID.
    """
    if not drafts:
        return []
    made = Message.objects.filter(enrollment_id__in=[draft.enrollment_id for draft in drafts])
    kept = {(id_, step): pk for id_, step, pk in made.values_list("enrollment_id", "step_id", "pk")}
    queued, fresh = [], []
    for draft in drafts:
        pk = kept.get((draft.enrollment_id, draft.step_id))
        if pk is None:
            fresh.append(message_of(draft))
        elif _revive(pk, draft):
            queued.append(Message.objects.get(pk=pk))
    rows.insert(fresh)
    left_before = sent_copies.claim_sent(fresh)
    queued += [message for message in fresh if message not in left_before]
    settle.note_queued(queued, at=clock.now())
    for mailbox_id in {message.mailbox_id for message in queued}:
        ring("deliver", mailbox_id)
    return queued


def message_of(draft: Draft) -> Message:
    """The email as it is queued, not yet written down."""
    domain = address.domain(draft.mailbox.address.rpartition("@")[2])
    return Message(
        enrollment_id=draft.enrollment_id,
        step_id=draft.step_id,
        sequence=draft.sequence,
        token=draft.token,
        lead=draft.lead,
        deal=draft.deal,
        mailbox=draft.mailbox,
        template=draft.template,
        parent=draft.parent,
        to_email=draft.lead.email,
        message_id=f"<{uuid4().hex}@{domain}>",
        window=dict(draft.window),
        enrolled_at=draft.enrolled_at,
        queued_at=clock.now(),
        due_at=draft.due_at,
        because=dict(draft.because),
    )


def _revive(pk: int, draft: Draft) -> bool:
    plan = {
        "sequence": draft.sequence,
        "due_at": draft.due_at,
        "queued_at": clock.now(),
        "because": dict(draft.because),
        "status": Status.QUEUED,
    }
    return bool(Message.objects.filter(pk=pk, status=Status.CANCELLED).update(**plan))


def cancel(enrollment_id: int, because: Mapping[str, object]) -> int:
    """Take back what has not been handed to a server, in the caller's transaction.

    What a server has, or may have, does not leave again should it come back.
    """
    ours = Message.objects.select_for_update(no_key=True).filter(enrollment_id=enrollment_id)
    handed = (Status.SENDING, Status.UNCONFIRMED)
    for message in ours.filter(status__in=handed, handed_at__isnull=False):
        settle.called_off(message, dict(because))
    waiting = ours.filter(status__in=[Status.QUEUED, Status.SENDING], handed_at=None)
    return sum(settle.cancelled(message, dict(because)) for message in waiting)


def postpone(enrollment_id: int, until: datetime) -> None:
    """Hold what has not left of an enrollment, in the caller's transaction.

    A worker that has claimed it hands nothing over any more; what a server has already, or may
    have, is held should it come back.
    """
    ours = Message.objects.filter(enrollment_id=enrollment_id)
    ours.filter(status__in=[Status.QUEUED, Status.SENDING], handed_at=None).update(
        status=Status.QUEUED, due_at=until
    )
    ours.filter(status=Status.SENDING).update(due_at=until)
    for message in ours.select_for_update(no_key=True).filter(status=Status.UNCONFIRMED):
        settle.held(message, until)


def deliver(mailbox_id: int) -> Counter[str]:
    """Send what is due of a mailbox, as far as its caps allow; what became of how many."""
    counts: Counter[str] = Counter(claims.recover(mailbox_id))
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if mailbox.status != Mailbox.Status.ACTIVE or not claims.due(mailbox):
        return counts
    if watch.is_unaccounted(mailbox):
        counts["unaccounted"] += claims.count_due(mailbox)
        return counts
    if not _inbox_is_known(mailbox):
        counts["unread"] += claims.hold(mailbox, mailbox.retry_at or clock.now())
        return counts
    while mailbox.status == Mailbox.Status.ACTIVE:
        batch = claims.claim(mailbox, counts)
        if not batch:
            break
        _send(batch, counts)
        if not claims.due(mailbox):
            break
        mailbox.refresh_from_db()
    return counts


def waiting() -> list[int]:
    """The active mailboxes that `deliver` has something to do for: due, or left by a dead worker."""
    due = Q(status=Status.QUEUED, due_at__lte=clock.now())
    lapsed = Q(status=Status.SENDING, claimed_until__lt=clock.monotonic())
    messages = Message.objects.filter(due | lapsed, mailbox__status=Mailbox.Status.ACTIVE)
    return sorted(set(messages.values_list("mailbox", flat=True)))


def ring(name: str, mailbox_id: int) -> None:
    transaction.on_commit(lambda: bell.ring(name, [mailbox_id]))


def _send(batch: list[Message], counts: Counter[str]) -> None:
    sender = Sender.objects.first()
    for place, message in enumerate(batch):
        word = _deliver_one(message, sender)
        counts[word] += 1
        if word in {"paused", "unreachable"}:  # the mailbox's trouble, so the others' too
            claims.release(batch[place + 1 :])
            if word == "unreachable":
                claims.hold(message.mailbox, clock.now() + UNREACHABLE_FOR)
            return


def _inbox_is_known(mailbox: Mailbox) -> bool:
    """Fail closed: an answer may lie in the inbox that we have not seen."""
    if not _read_lately(mailbox):
        if mailbox.retry_at is not None and mailbox.retry_at > clock.now():
            return False
        inbound.read(mailbox.pk)
        mailbox.refresh_from_db()
    return mailbox.status == Mailbox.Status.ACTIVE and _read_lately(mailbox)


def _read_lately(mailbox: Mailbox) -> bool:
    """A clock that jumps leaves no "lately": then it must have been at this very moment."""
    within = READ_WITHIN if clock.is_real() else timedelta(0)
    return mailbox.read_at is not None and mailbox.read_at >= clock.now() - within


def _deliver_one(message: Message, sender: Sender | None) -> str:  # noqa: PLR0911 - each return is one outcome
    """1 check and render under the lead's lock, 2 connect, 3 commit the handing, 4 check, 5 hand.

    A stop cancels and a pause holds, if it was committed before 4.
    """
    done = _prepare(message, sender)
    if done is not None:
        return done
    mailbox = message.mailbox
    try:
        recipient = address.envelope(message.redirected_to or message.to_email)
        server = mailboxes.smtp(mailbox)
    except ValueError as error:
        return settle.failed(message, str(error))
    except mailboxes.Refused as error:
        return settle.sender_fault(message, str(error))
    except mailboxes.Unreachable as error:
        return settle.unreachable(message, str(error))
    if not claims.mark_handed(message):
        return "lapsed"
    stop = stops.reason(message)
    if stop is not None:
        return settle.stopped(message, stop)
    if pauses.is_paused(message):
        return settle.put_back(message)
    outcome = handing.hand(
        server,
        sender=address.envelope(mailbox.address),
        recipient=recipient,
        raw=bytes(message.raw or b""),
    )
    if outcome.kind in {handing.Kind.LOST, handing.Kind.UNKNOWN}:
        mailboxes.drop(mailbox, "smtp")
    return settle.outcome(message, outcome)


def _prepare(message: Message, sender: Sender | None) -> str | None:
    """Cancel or render; None when the message is ready to be handed over."""
    with transaction.atomic():
        rows.lock(Lead, message.lead_id)
        stop = stops.reason(message)
        if stop is not None:
            return settle.stopped(message, stop)
        to = sender.redirect_to if sender else ""
        if message.raw is not None and message.redirected_to == to:
            return None
        try:
            composed = compose.compose(message, sender)
        except compose.Unsendable as error:
            return settle.failed(message, str(error))
        except compose.Unsigned as error:
            return settle.sender_fault(message, str(error))
        written = vars(composed)
        for name, value in written.items():
            setattr(message, name, value)
        rows.update_where(Message, "id = %s", [message.pk], written)
        return None
