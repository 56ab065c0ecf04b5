"""Writing down what became of a message: the row and its timeline, in one transaction.

Every function returns the word under which `deliver` counts it.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import F, Q

from crm import rows, timeline
from mail import reputation, suppression
from mail.handing import Kind, Outcome
from mail.models import Mailbox, Message, Suppression
from mail.stops import Stop
from runtime import bell, clock

MOST_ATTEMPTS = 5
FIRST_BACKOFF = timedelta(minutes=15)

Status = Message.Status
#: Whoever knows for sure that a message left may say so over these.
OPEN = (Status.QUEUED, Status.SENDING, Status.UNCONFIRMED)


def outcome(message: Message, outcome: Outcome) -> str:  # noqa: PLR0911 - each return is one outcome
    match outcome.kind:
        case Kind.SENT:
            with transaction.atomic():
                return taken(message, outcome)
        case Kind.GONE:
            return bounced(message, outcome.reply)
        case Kind.REFUSED:
            return failed(message, outcome.reply)
        case Kind.SENDER_FAULT:
            return sender_fault(message, outcome.reply)
        case Kind.AWAY:
            return unreachable(message, outcome.reply)
        case Kind.LATER | Kind.LOST:
            return retried(message, outcome.reply)
        case Kind.UNKNOWN:
            return unconfirmed(message, outcome.reply)
        case Kind.LAPSED:
            return "lapsed"


def sent(message: Message, evidence: dict[str, object], *, provider_id: str = "") -> str:
    with transaction.atomic(savepoint=False):
        return _sent(message, evidence, provider_id=provider_id)


def taken(message: Message, outcome: Outcome) -> str:
    """Likewise by the server's answer, in the caller's transaction."""
    return _sent(message, {"reply": outcome.reply}, provider_id=outcome.provider_id)


def _sent(message: Message, evidence: dict[str, object], *, provider_id: str) -> str:
    at = message.handed_at or clock.now()
    if message.redirected_to:
        evidence = {**evidence, "redirected_to": message.redirected_to}
    known: dict[str, object] = {"provider_id": provider_id} if provider_id else {}
    if _move(message, OPEN, status=Status.SENT, sent_at=at, handed_at=at, last_error="", **known):
        note(message, "email_sent", at=at, data=evidence, key=f"sent:{message.pk}")
        _count_day(message.mailbox, at)
    return "sent"


def _count_day(mailbox: Mailbox, at: datetime) -> None:
    """Of every mailbox, also of one that is not said to be new: that may be said later."""
    day = at.astimezone(UTC).date()
    if mailbox.last_sending_day is None or mailbox.last_sending_day < day:
        earlier = Q(last_sending_day=None) | Q(last_sending_day__lt=day)
        Mailbox.objects.filter(earlier, pk=mailbox.pk).update(
            sending_days=F("sending_days") + 1, last_sending_day=day
        )
        mailbox.last_sending_day = day


def bounced(message: Message, reply: str) -> str:
    """The server knows no such address: nothing leaves to it again."""
    if message.redirected_to:  # which is not the lead's
        return sender_fault(message, f"redirect_to {message.redirected_to}: {reply}")
    now = clock.now()
    with transaction.atomic():
        if _move(message, (Status.SENDING,), status=Status.FAILED, last_error=reply):
            suppression.suppress(
                message.to_email,
                Suppression.Kind.HARD_BOUNCE,
                at=now,
                lead=message.lead,
                because={"message": message.pk, "reply": reply},
            )
            data: dict[str, object] = {"hard": True, "reply": reply}
            note(message, "bounced", at=now, data=data, key=f"bounced:{message.pk}")
            reputation.bounced(message)
    return "bounced"


def failed(
    message: Message,
    error: str,
    *,
    from_: tuple[str, ...] = (Status.QUEUED, Status.SENDING),
) -> str:
    with transaction.atomic():
        if _move(message, from_, status=Status.FAILED, handed_at=None, last_error=error):
            note(message, "failed", at=clock.now(), data={"error": error})
    return "failed"


def stopped(message: Message, stop: Stop) -> str:
    with transaction.atomic():
        cancelled(message, {"reason": stop.reason, **stop.because})
    return "cancelled"


def cancelled(
    message: Message,
    reason: dict[str, object],
    *,
    from_: tuple[str, ...] = (Status.QUEUED, Status.SENDING),
) -> bool:
    """In the caller's transaction."""
    because = {**message.because, "cancelled": reason}
    moved = _move(message, from_, status=Status.CANCELLED, handed_at=None, because=because)
    if moved:
        note(message, "cancelled", at=clock.now(), data=reason)
    return moved


def called_off(message: Message, reason: dict[str, object]) -> None:
    """Its enrollment ended while a server had it, or may have: it is not queued again."""
    because = {**message.because, "called_off": reason}
    Message.objects.filter(pk=message.pk).update(because=because)


def held(message: Message, until: datetime) -> None:
    """Its enrollment is paused while its outcome is unknown: it is not queued before."""
    because = {**message.because, "held_until": until.isoformat()}
    Message.objects.filter(pk=message.pk).update(because=because)


def retried(message: Message, error: str) -> str:
    """Refused for now: queued again, later each time, and at last given up."""
    attempts = message.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        return failed(message, f"after {attempts} attempts: {error}")
    later = clock.now() + FIRST_BACKOFF * 2 ** (attempts - 1)
    with transaction.atomic():
        held_until = _locked(message).due_at
        _requeue(message, error, attempts=attempts, due_at=max(held_until, later))
    return "retried"


def sender_fault(message: Message, error: str) -> str:
    """The mailbox is at fault, not the lead: pause it; the message waits and keeps its attempts."""
    with transaction.atomic():
        _requeue(message, error)
        pause_mailbox(message.mailbox, error)
    return "paused"


def pause_mailbox(mailbox: Mailbox, error: str) -> None:
    """Until a person has seen to its fault. In the caller's transaction."""
    paused = Mailbox.Status.PAUSED
    Mailbox.objects.filter(pk=mailbox.pk).update(status=paused, last_error=error)
    mailbox.status = paused


def put_back(message: Message) -> str:
    """A person paused it at the last moment: it waits as it was, which is no failure."""
    with transaction.atomic():
        _requeue(message, message.last_error)
    return "held"


def unreachable(message: Message, error: str) -> str:
    """The mailbox's own server does not answer: waiting is not failing."""
    with transaction.atomic():
        _requeue(message, error)
        Mailbox.objects.filter(pk=message.mailbox_id).update(last_error=error)
    return "unreachable"


def queued_again(message: Message, *, by: str) -> None:
    """It has not left: the same row, with its Message-ID and its bytes. In the caller's transaction."""
    now = clock.now()
    message.because = {**message.because, "not_sent": {"confirmed_by": by}}
    if reason := message.because.get("called_off"):
        cancelled(message, reason, from_=(Status.UNCONFIRMED,))
        return
    held_until = message.because.get("held_until")
    due_at = max(now, datetime.fromisoformat(held_until)) if held_until else now
    values = {"handed_at": None, "due_at": due_at, "because": message.because}
    if _move(message, (Status.UNCONFIRMED,), status=Status.QUEUED, **values):
        note(message, "queued", at=now, data={"confirmed_by": by})


def unconfirmed(message: Message, error: str) -> str:
    """The Sent folder is looked into at once."""
    now = clock.now()
    doubtful = Status.UNCONFIRMED
    with transaction.atomic():
        if _move(message, (Status.SENDING,), status=doubtful, last_error=error, due_at=now):
            transaction.on_commit(lambda: bell.ring("settle_unconfirmed"))
            note(message, "unconfirmed", at=now, data={"error": error})
    return "unconfirmed"


def note(
    message: Message,
    kind: str,
    *,
    at: datetime,
    data: dict[str, object] | None = None,
    key: str | None = None,
) -> None:
    """A line on the lead's timeline about this message, in the caller's transaction."""
    noted = timeline.Note(
        kind=kind,
        occurred_at=at,
        lead_id=message.lead_id,
        deal_id=message.deal_id,
        enrollment_id=message.enrollment_id,
        message_id=message.pk,
        key=key,
        data={"step": message.step_id, "mailbox": message.mailbox_id, **(data or {})},
    )
    timeline.note_all([noted])


def _requeue(message: Message, error: str, **values: object) -> None:
    """In the caller's transaction; what was called off meanwhile is cancelled."""
    if reason := _locked(message).because.get("called_off"):
        cancelled(message, reason)
        return
    _move(
        message, (Status.SENDING,), status=Status.QUEUED, handed_at=None, last_error=error, **values
    )


def _locked(message: Message) -> Message:
    return Message.objects.select_for_update(no_key=True).get(pk=message.pk)


def _move(message: Message, from_: tuple[str, ...], **values: object) -> bool:
    """Write the outcome once: only while the row is in a state it comes from, and the claim ours."""
    where, needs_claim = _being_in(from_)
    given = [message.pk, message.claimed_until] if needs_claim else [message.pk]
    moved = rows.update_where(Message, where, given, values)
    if moved:
        for name, value in values.items():
            setattr(message, name, value)
    return moved


@lru_cache
def _being_in(from_: tuple[str, ...]) -> tuple[str, bool]:
    """In SQL, that a row is in one of these states; whether it is asked for its claim, too."""
    settled = ", ".join(f"'{Status(status).value}'" for status in from_ if status != Status.SENDING)
    where, needs_claim = f"status IN ({settled or 'NULL'})", Status.SENDING in from_
    if needs_claim:
        where += f" OR (status = '{Status.SENDING.value}' AND claimed_until = %s)"
    return f"id = %s AND ({where})", needs_claim
