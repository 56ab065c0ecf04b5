"""Making a claimed batch ready to be handed over: checked, and rendered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import NamedTuple

from django.db import transaction

from crm import rows
from crm.models import Lead
from mail import claims, compose, dkim, settle, stops
from mail.compose import Composed, Unsendable, Unsigned
from mail.models import Message, Sender
from mail.stops import Stop
from runtime import clock

_Fault = Unsendable | Unsigned


class Ready(NamedTuple):
    """A message that has its bytes, or gets them from what was composed."""

    message: Message
    #: To be kept when it is handed over; None: it has been kept since an earlier attempt.
    composed: Composed | None
    #: Its bytes, where they are being signed.
    signed: Future[bytes] | None

    def completed(self) -> Composed | None:
        """What was composed, signed; the message has it then."""
        composed = self.composed
        if composed is None:
            return None
        if self.signed is not None:
            composed = replace(composed, raw=self.signed.result())
        for name, value in vars(composed).items():
            setattr(self.message, name, value)
        return composed


def prepare(batch: Sequence[Message], counts: Counter[str], signing: Executor) -> list[Ready]:
    """Those that may leave; the others are settled, and counted.

    Nothing is locked while they are rendered, and nothing is written of who may leave.
    """
    sender = next(iter(rows.fetch(Sender, "TRUE ORDER BY id LIMIT 1")), None)
    ready: list[Ready] = []
    faults: list[tuple[Message, _Fault]] = []
    for message in batch:
        try:
            composed = _composed(message, sender)
            signed = _signed(composed, message, signing) if composed else None
            ready.append(Ready(message, composed, signed))
        except (Unsendable, Unsigned) as fault:
            faults.append((message, fault))
    found = stops.reasons(batch)
    if (found or faults) and not _settled(batch, faults, found, counts):
        return []
    return [one for one in ready if one.message.pk not in found]


def _composed(message: Message, sender: Sender | None) -> Composed | None:
    """Raises Unsendable."""
    to = sender.redirect_to if sender else ""
    if message.raw is None or message.redirected_to != to:
        return compose.compose(message, sender)
    if sender is not None:
        compose.refuse_without_basis(message, sender)
    compose.refuse_begun(message)
    return None


def _signed(composed: Composed, message: Message, signing: Executor) -> Future[bytes] | None:
    """While those before it leave: it takes as long as they do. Raises Unsigned."""
    identity = compose.identity_of(message.mailbox)
    if identity is None:
        return None
    return signing.submit(dkim.sign, composed.raw, identity, at=clock.now())


@transaction.atomic
def _settled(
    batch: Sequence[Message],
    faults: Sequence[tuple[Message, _Fault]],
    found: Mapping[int, Stop],
    counts: Counter[str],
) -> bool:
    """Write down who may not leave; False when the mailbox is in trouble, and so nobody may."""
    rows.lock(Lead, [message.lead_id for message in batch])
    for message in batch:
        if stop := found.get(message.pk):
            counts[settle.stopped(message, stop)] += 1
    for message, fault in faults:
        if message.pk in found:
            continue
        if isinstance(fault, Unsigned):
            counts[settle.sender_fault(message, str(fault))] += 1
            claims.release(other for other in batch if other is not message)
            return False
        counts[settle.failed(message, str(fault))] += 1
    return True
