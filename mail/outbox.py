"""The outbox: messages are queued by others' transactions, and delivered by a worker.

queued -> sending -> sent | failed | unconfirmed | cancelled, and back to queued where nothing can
have left. A crash leaves a claim that runs out: before `handed_at` it is queued again, after it
the outcome is unknown, and nobody guesses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from crm import rows
from crm.models import Deal, Lead
from mail import address, sent_copies, settle
from mail.delivery import deliver
from mail.models import EmailTemplate, Mailbox, Message
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


def waiting() -> list[int]:
    """The active mailboxes that `deliver` has something to do for: due, or left by a dead worker."""
    due = Q(status=Status.QUEUED, due_at__lte=clock.now())
    lapsed = Q(status=Status.SENDING, claimed_until__lt=clock.monotonic())
    messages = Message.objects.filter(due | lapsed, mailbox__status=Mailbox.Status.ACTIVE)
    return sorted(set(messages.values_list("mailbox", flat=True)))


def ring(name: str, mailbox_id: int) -> None:
    transaction.on_commit(lambda: bell.ring(name, [mailbox_id]))
