"""The outbox: messages are queued by others' transactions, and delivered by a worker.

queued -> sending -> sent | failed | unconfirmed | cancelled, and back to queued where nothing can
have left. A crash leaves a claim that runs out: before `handed_at` it is queued again, after it
the outcome is unknown, and nobody guesses.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from os import urandom
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from crm import rows, timeline
from mail import address, sent_copies, settle
from mail.delivery import deliver
from mail.models import Mailbox, Message
from mail.quotas import domain_of
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


class Draft(NamedTuple):
    """An email of an enrollment's step that is to leave; a tuple, since a tick makes hundreds."""

    enrollment_id: int
    step_id: str
    sequence: str
    token: str
    lead_id: int
    deal_id: int | None
    mailbox_id: int
    template_id: int
    parent_id: int | None
    to_email: str
    message_id: str
    window: Mapping[str, object]
    enrolled_at: datetime
    due_at: datetime
    because: Mapping[str, object]
    #: See Message.invite.
    invite: Mapping[str, object] | None = None
    #: See Message.leave_before.
    leave_before: datetime | None = None
    #: See Message.is_notice.
    is_notice: bool = False
    #: See Message.is_prospecting.
    is_prospecting: bool = False


def queue(drafts: Sequence[Draft]) -> None:
    """Queue these emails, in the caller's transaction; each is made at most once.

    One that was cancelled before it left (a pause, say) is queued again, with its Message-ID.
    """
    if not drafts:
        return
    now = clock.now()
    kept = _kept(drafts)
    fresh = [draft for draft in drafts if (draft.enrollment_id, draft.step_id) not in kept]
    names = (*Draft._fields, "to_domain", "queued_at")
    ids = rows.insert(Message, names, [(*d, domain_of(d.to_email), now) for d in fresh])
    made = dict(zip(ids, fresh, strict=True))
    left_before = sent_copies.claim_sent({pk: draft.token for pk, draft in made.items()})
    queued = {pk: draft for pk, draft in made.items() if pk not in left_before}
    for draft in drafts if kept else ():
        pk = kept.get((draft.enrollment_id, draft.step_id))
        if pk is not None and _revive(pk, draft):
            queued[pk] = draft
    timeline.note_all([_noted(pk, draft, now) for pk, draft in queued.items()])
    for mailbox_id in {draft.mailbox_id for draft in queued.values()}:
        ring("deliver", mailbox_id)


def message_id(address_: str) -> str:
    """A new Message-ID for a mailbox of this address.

    It begins with the moment, so that those of a batch stand together in the index of all.
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    domain = address.domain(address_.rpartition("@")[2])
    return f"<{milliseconds:012x}{urandom(10).hex()}@{domain}>"


def _kept(drafts: Sequence[Draft]) -> Mapping[tuple[int, str], int]:
    """Enrollment and step -> the message that there is already."""
    ids = [draft.enrollment_id for draft in drafts]
    made = rows.read(Message, ("enrollment_id", "step_id", "id"), ids, by="enrollment_id")
    return {(enrollment_id, step_id): pk for enrollment_id, step_id, pk in made}


def _noted(pk: int, draft: Draft, at: datetime) -> timeline.Note:
    data = {"step": draft.step_id, "mailbox": draft.mailbox_id}
    of = draft.lead_id, draft.deal_id, draft.enrollment_id
    return timeline.Note("queued", at, *of, pk, None, data)


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
