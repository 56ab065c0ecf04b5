"""Delivering what is due of a mailbox: claimed in small batches, made ready, handed over one by one.

A message is checked once more just before its own MAIL FROM: a stop cancels it and a pause holds
it, if it was committed before. It is marked as handed after that, before the server has a byte of it.
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import transaction

from mail import (
    address,
    carriers,
    claims,
    handing,
    inbound,
    mailboxes,
    pipe,
    preparation,
    settle,
    stops,
    subaddress,
    watch,
)
from mail.compose import Composed, Unsendable, Unsigned
from mail.models import Mailbox, Message
from mail.preparation import Preparation, Ready
from runtime import clock

log = logging.getLogger(__name__)

#: A mailbox sends only when its inbox was read this lately.
READ_WITHIN = timedelta(seconds=60)
UNREACHABLE_FOR = timedelta(minutes=5)


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
    record = _Record()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing") as signing:
        try:
            while batch := record.claim(mailbox, counts):
                _send(batch, record, counts, signing)
        finally:
            record.write()
    return counts


def _inbox_is_known(mailbox: Mailbox) -> bool:
    """Fail closed: an answer may lie in the inbox that we have not seen.

    What an ESP brings in is here as soon as it comes.
    """
    if mailbox.esp is not None and not mailbox.imap_url:
        return True
    if not _read_lately(mailbox):
        if not mailbox.imap_url:
            return False  # the mail server has not said lately that nothing waits there
        if mailbox.retry_at is not None and mailbox.retry_at > clock.now():
            return False
        inbound.read(mailbox.pk)
        mailbox.refresh_from_db()
    return mailbox.status == Mailbox.Status.ACTIVE and _read_lately(mailbox)


def _read_lately(mailbox: Mailbox) -> bool:
    """A clock that jumps leaves no "lately": then it must have been at this very moment."""
    limit = READ_WITHIN if mailbox.imap_url else pipe.TOLD_WITHIN
    within = limit if clock.is_real() else timedelta(0)
    return mailbox.read_at is not None and mailbox.read_at >= clock.now() - within


def _send(batch: list[Message], record: "_Record", counts: Counter[str], signing: Executor) -> None:
    prepared = Preparation(preparation.unstopped(batch, counts), signing)
    for ready in prepared:
        word = _leave(ready, record, prepared.go_on)
        counts[word] += 1
        if word in {"paused", "unreachable"}:  # the mailbox's trouble, so the others' too
            claims.release(prepared.left())
            if word == "unreachable":
                claims.hold(ready.message.mailbox, clock.now() + UNREACHABLE_FOR)
            return


class _Record:
    """What the server took last is written down together with the next handing: one commit, not two.

    Or with the next claim. Between its answer and that commit nothing else is written.
    """

    def __init__(self) -> None:
        self._taken: tuple[Message, handing.Outcome] | None = None

    def keep(self, message: Message, outcome: handing.Outcome) -> str:
        self._taken = (message, outcome)
        return "sent"

    def claim(self, mailbox: Mailbox, counts: Counter[str]) -> list[Message]:
        claimed = claims.claim(mailbox, counts, beside=self._settle)
        self._taken = None
        return claimed

    def mark_handed(self, message: Message, composed: Composed | None) -> bool:
        """Commit that the server gets it now, and its bytes; False when the claim is ours no more."""
        with transaction.atomic():
            self._settle()
            handed = claims.mark_handed(message, vars(composed) if composed else {})
        self._taken = None
        return handed

    def write(self) -> None:
        if self._taken is not None:
            with transaction.atomic():
                self._settle()
            self._taken = None

    def _settle(self) -> None:
        if self._taken is not None:
            settle.taken(*self._taken)


def _leave(ready: Ready, record: _Record, meanwhile: Callable[[], None]) -> str:
    """`meanwhile` is called where the server's answer is waited for."""
    try:
        composed = ready.complete()
    except Unsendable as error:
        record.write()
        return settle.failed(ready.message, str(error))
    except Unsigned as error:
        record.write()
        return settle.sender_fault(ready.message, str(error))
    except DatabaseError:
        raise
    except Exception as error:  # a mistake of ours: this one waits, the others go on
        log.exception("email %s could not be made", ready.message.pk)
        record.write()
        return settle.retried(ready.message, f"a mistake of ours: {error!r}")
    return _hand_over(ready.message, composed, record, meanwhile)


def _hand_over(
    message: Message, composed: Composed | None, record: _Record, meanwhile: Callable[[], None]
) -> str:
    """1 connect, 2 check, 3 hand; the handing is committed within 3, before the server has a byte of it.

    What a crash leaves in doubt is what a server may have.
    """
    mailbox = message.mailbox
    carrier = carriers.at_hand(mailbox)
    if carrier is None:
        record.write()
    try:
        sender = subaddress.envelope_sender(message)
        recipient = address.envelope(message.redirected_to or message.to_email)
        carrier = carrier or carriers.of(mailbox)
    except ValueError as error:
        record.write()
        return settle.failed(message, str(error))
    except mailboxes.Refused as error:
        return settle.sender_fault(message, str(error))
    except mailboxes.Unreachable as error:
        return settle.unreachable(message, str(error))
    stop = stops.reason_or_pause(message)
    if stop is not None:
        is_pause = stop.reason == stops.PAUSED
        return settle.put_back(message) if is_pause else settle.stopped(message, stop)
    try:
        outcome = carrier.hand(
            sender=sender,
            recipient=recipient,
            raw=bytes(message.raw or b""),
            commit=lambda: record.mark_handed(message, composed),
            meanwhile=meanwhile,
        )
    except BaseException:
        carrier.drop()  # the other side is in the middle of it
        raise
    if outcome.kind == handing.Kind.SENT:
        return record.keep(message, outcome)
    if outcome.kind in {handing.Kind.LOST, handing.Kind.UNKNOWN}:
        carrier.drop()
    record.write()  # what left before is counted, should this one be one too many that came back
    return settle.outcome(message, outcome)
