"""What an ESP says of emails that it was given: settled doubts, bounces, complaints, clicks.

Events come late, twice and out of order: each is noted once, and whatever one of them proves (an
opened email left) follows from it alone.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from crm import rows
from crm.models import Lead
from mail import address, reputation, settle, suppression, unsubscribe
from mail.classify import verdict
from mail.classify.dsn import MOST_REASON
from mail.esp import webhooks
from mail.esp.answers import bare
from mail.esp.kinds import KINDS
from mail.esp.sending import TAG
from mail.models import Mailbox, Message, Suppression

Status = Message.Status

#: No person follows a link, or sees an image, so soon after the email left.
TOO_SOON = timedelta(seconds=15)
#: ESPs' own marks of a machine.
_MACHINE = ("bot", "sg_machine_open")
#: Why an ESP does not even try -> what that says of the person.
_REJECTED: Mapping[str, str] = {
    "bounced": Suppression.Kind.HARD_BOUNCE,
    "invalid": Suppression.Kind.HARD_BOUNCE,
    "spam": Suppression.Kind.COMPLAINT,
    "unsubscribed": Suppression.Kind.UNSUBSCRIBED,
}


def take_in(mailbox: Mailbox, event: Any) -> str:
    """Write down what follows from the event; its type, or why nothing does."""
    consequence = _CONSEQUENCES.get(str(event.event_type))
    if consequence is None:
        return "ignored"
    message = _message(mailbox, event)
    if message is None:
        return "unknown"
    with transaction.atomic():
        rows.lock(Lead, [message.lead_id])
        message = (
            Message.objects.select_for_update(of=("self",), no_key=True)
            .select_related("lead", "deal", "mailbox")
            .get(pk=message.pk)
        )
        if message.lead.erased_at is not None:
            return "erased"
        _know(message, event)
        consequence(message, event)
    return str(event.event_type)


def _message(mailbox: Mailbox, event: Any) -> Message | None:
    """By what we gave the ESP to keep, else by the email's id; of the ESP's account alone."""
    account = webhooks.account(mailbox)
    ours = Message.objects.filter(mailbox__in=account)
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    tag = _text(metadata.get(TAG))
    if tag:
        # As outbox.message_of writes it, in any of the account's domains.
        domains = {address.domain(row.address.rpartition("@")[2]) for row in account}
        return ours.filter(message_id__in=[f"<{tag}@{name}>" for name in domains]).first()
    id_ = bare(_text(event.message_id))
    if not id_:
        return None
    return ours.filter(message_id=f"<{id_}>").first() or ours.filter(provider_id=id_).first()


def _know(message: Message, event: Any) -> None:
    """The ESP's own id, where sending did not tell it."""
    given = bare(_text(event.message_id))
    if given and message.provider_id is None and given != bare(message.message_id):
        message.provider_id = given
        message.save(update_fields=["provider_id"])


def _left(message: Message, event: Any) -> None:
    """The ESP has it, whatever became of our request."""
    if message.status in settle.OPEN:
        settle.sent(message, _evidence(message, event))


def _never_left(message: Message, event: Any) -> None:
    """The ESP took it and drops it: it knows of an earlier bounce, complaint or unsubscribe."""
    if message.status in {Status.SENDING, Status.UNCONFIRMED}:
        settle.failed(message, _words(event), from_=(Status.SENDING, Status.UNCONFIRMED))
    match _REJECTED.get(str(event.reject_reason)):
        case Suppression.Kind.HARD_BOUNCE:
            _note_bounce(message, event, hard=True)
        case Suppression.Kind.COMPLAINT:
            _note_complaint(message, event)
        case Suppression.Kind.UNSUBSCRIBED:
            _unsubscribe(message, event)
        case _:
            _note_bounce(message, event, hard=False)


def _bounced(message: Message, event: Any) -> None:
    _left(message, event)
    hard = _is_hard(message, event)
    _note_bounce(message, event, hard=hard)
    if hard and not message.redirected_to:
        reputation.bounced(message)


def _delayed(message: Message, event: Any) -> None:
    _left(message, event)
    _note(message, "delayed", event, key=f"delayed:{message.pk}", words=_words(event))


def _complained(message: Message, event: Any) -> None:
    _left(message, event)
    _note_complaint(message, event)
    if not message.redirected_to:
        reputation.complained(message)


def _unsubscribed(message: Message, event: Any) -> None:
    _left(message, event)
    _unsubscribe(message, event)


def _seen(message: Message, event: Any) -> None:
    """Opened or clicked, by a person or not: noted, and nothing ends of it."""
    _left(message, event)
    kind = str(event.event_type)
    if _is_machine(message, event):
        kind = f"machine_{kind}"
    key = f"{kind}:{message.pk}:{_text(event.event_id) or webhooks.moment(event).isoformat()}"[:200]
    _note(message, kind, event, key=key, url=_text(event.click_url)[:2000])


def _note_bounce(message: Message, event: Any, *, hard: bool) -> None:
    if message.redirected_to:  # whose address is not the lead's
        return
    if hard:
        _suppress(message, Suppression.Kind.HARD_BOUNCE, event)
    found = verdict.of("", _words(event))
    if found.sender_fault:
        settle.pause_mailbox(
            message.mailbox, f"bounce of {message.to_email}: {_words(event)}"[:500]
        )
    _note(
        message,
        "bounced",
        event,
        key=f"{'' if hard else 'soft_'}bounced:{message.pk}",
        hard=hard,
        status=found.status,
        reason=found.reason,
        sender_fault=found.sender_fault,
        words=_words(event),
        recipient=message.to_email,
    )


def _note_complaint(message: Message, event: Any) -> None:
    if message.redirected_to:
        return
    _suppress(message, Suppression.Kind.COMPLAINT, event)
    _note(message, "complained", event, key=f"complained:{message.pk}")


def _unsubscribe(message: Message, event: Any) -> None:
    if message.redirected_to:
        return
    unsubscribe.unsubscribe(message.lead, how="esp", at=webhooks.moment(event))
    if suppression.normalize(message.to_email) != message.lead.email:
        _suppress(message, Suppression.Kind.UNSUBSCRIBED, event)


def _suppress(message: Message, kind: Suppression.Kind, event: Any) -> None:
    because: dict[str, object] = {"message": message.pk, **_evidence(message, event)}
    suppression.suppress(
        message.to_email, kind, at=webhooks.moment(event), lead=message.lead, because=because
    )


def _note(message: Message, kind: str, event: Any, *, key: str, **data: object) -> None:
    settle.note(
        message,
        kind,
        at=webhooks.moment(event),
        data={**data, **_evidence(message, event)},
        key=key,
    )


def _is_hard(message: Message, event: Any) -> bool:
    """By the receiving server's words where they say it, else by the ESP's own."""
    found = verdict.of("", _words(event))
    if found.sender_fault:
        return False
    if found.status and found.reason != "other":
        return found.hard
    table = KINDS[_kind(message)].hard
    return any(str(_field(event, name)) in words for name, words in table.items())


def _is_machine(message: Message, event: Any) -> bool:
    marked = any(_field(event, name) for name in _MACHINE)
    left_at = message.sent_at or message.handed_at
    soon = left_at is not None and webhooks.moment(event) < left_at + TOO_SOON
    return marked or soon or not event.user_agent


def _field(event: Any, name: str) -> object:
    """Of the event as the ESP wrote it; Mailgun's stand one level down."""
    told = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    inner = told.get("event-data")
    told = inner if isinstance(inner, Mapping) else told
    client = told.get("client-info")
    return told.get(name) or (client.get(name) if isinstance(client, Mapping) else None)


def _evidence(message: Message, event: Any) -> dict[str, object]:
    return {"esp": _kind(message), "event": str(event.event_type)}


def _kind(message: Message) -> str:
    return str((message.mailbox.esp or {}).get("kind", ""))


def _words(event: Any) -> str:
    said = event.mta_response or event.description or event.reject_reason or event.event_type
    return " ".join(_text(said).split())[:MOST_REASON]


def _text(value: object) -> str:
    """What any database keeps; blank for nothing."""
    written = "" if value is None else str(value)
    return written.encode("utf-8", "replace").decode().replace("\0", "")


_CONSEQUENCES: Mapping[str, Callable[[Message, Any], None]] = {
    "queued": _left,
    "sent": _left,
    "delivered": _left,
    "deferred": _delayed,
    "bounced": _bounced,
    "complained": _complained,
    "unsubscribed": _unsubscribed,
    "opened": _seen,
    "clicked": _seen,
    "rejected": _never_left,
    "failed": _never_left,
}
