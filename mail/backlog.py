"""What has not left for sure, and why: queued, in a worker's hands, in doubt, given up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from mail import pauses
from mail.models import Mailbox, Message, Pause
from mail.unconfirmed import NEVER
from runtime import clock

Row = dict[str, Any]
Status = Message.Status

#: Each with what comes first in it.
STATES = {
    Status.QUEUED: ("due_at", "pk"),
    Status.SENDING: ("claimed_until", "pk"),
    Status.UNCONFIRMED: ("handed_at", "pk"),
    Status.FAILED: ("-pk",),
}
#: Rule of an admission -> what the email waits for.
_RULES = {
    "window": "the send window",
    "gap": "the mailbox's gap",
    "per_minute": "the mailbox's cap per minute",
    "ramp_up": "the mailbox's ramp-up",
    "per_hour": "the mailbox's hourly cap",
    "per_day": "the mailbox's daily cap",
    "domain_per_hour": "the hourly cap of its recipient's domain",
    "domain_per_day": "the daily cap of its recipient's domain",
    "company_per_hour": "the hourly cap of its recipient's company",
    "company_per_day": "the daily cap of its recipient's company",
}


def count(address: str = "") -> Mapping[str, int]:
    return {str(status): _messages(status, address).count() for status in STATES}


def backlog(address: str = "", *, at_most: int | None = None) -> Mapping[str, Sequence[Row]]:
    """Per state the emails of the mailbox, or of all; of each state the first."""
    now, held = clock.now(), list(Pause.objects.order_by("since", "pk"))
    return {
        str(status): [
            _row(message, now, held)
            for message in _messages(status, address).order_by(*order)[:at_most]
        ]
        for status, order in STATES.items()
    }


def _messages(status: str, address: str) -> QuerySet[Message]:
    rows = Message.objects.filter(status=status).select_related("mailbox").defer("raw", "text")
    return rows.filter(mailbox__address=address) if address else rows


def _row(message: Message, now: datetime, held: Sequence[Pause]) -> Row:
    return {
        "email": message.pk,
        "to": message.to_email,
        "mailbox": message.mailbox.address,
        "step": f"{message.sequence} {message.step_id}".strip(),
        **_told(message, now, held),
    }


def _told(message: Message, now: datetime, held: Sequence[Pause]) -> Row:
    match message.status:
        case Status.QUEUED:
            due_at = message.due_at if message.due_at < NEVER else None
            return {"due_at": due_at, "waits_for": next(_reasons(message, now, held))}
        case Status.SENDING if message.handed_at is None:
            return {"handed_at": None, "waits_for": "a worker that has claimed it"}
        case Status.SENDING:
            return {"handed_at": message.handed_at, "waits_for": "its server's answer"}
        case Status.UNCONFIRMED:
            look = "the Sent folder" if message.due_at < NEVER else "a person"
            return {
                "handed_at": message.handed_at,
                "waits_for": f"{look}: {message.last_error}",
            }
    return {"error": message.last_error}


def _reasons(message: Message, now: datetime, held: Sequence[Pause]) -> Iterator[str]:
    """Why it has not been claimed; what a person can change comes first."""
    mailbox = message.mailbox
    for pause in held:
        if pauses.holds(pause, message):
            yield f"{pause}, paused by {pause.by}{f': {pause.reason}' if pause.reason else ''}"
    if mailbox.status != Mailbox.Status.ACTIVE:
        yield f"its mailbox, which paused by itself: {mailbox.last_error}"
    if message.due_at >= NEVER:
        yield "its lead's enrollment, which is paused"
    if mailbox.retry_at is not None and mailbox.retry_at > now:
        yield f"its mailbox's inbox to be read: {mailbox.last_error}"
    if message.due_at > now and message.attempts:
        yield f"another attempt: {message.last_error}"
    if message.due_at > now:
        yield _admission(message)
    yield "a worker"


def _admission(message: Message) -> str:
    admission = message.because.get("admission")
    rule = admission.get("rule") if isinstance(admission, dict) else None
    return _RULES.get(str(rule), "its due time")
