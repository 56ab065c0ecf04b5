"""Making a claimed batch ready to be handed over: checked, and rendered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from crm import rows
from crm.models import Lead
from mail import claims, compose, settle, stops
from mail.compose import Composed, Unsendable, Unsigned
from mail.models import Message, Sender
from mail.stops import Stop

_Fault = Unsendable | Unsigned


class Ready(NamedTuple):
    """A message with its bytes."""

    message: Message
    #: To be kept when it is handed over; None: it has been kept since an earlier attempt.
    composed: Composed | None


def prepare(batch: Sequence[Message], counts: Counter[str]) -> list[Ready]:
    """Those that may leave; the others are settled, and counted.

    Nothing is locked while they are rendered, and nothing is written of who may leave.
    """
    sender = next(iter(rows.fetch(Sender, "TRUE ORDER BY id LIMIT 1")), None)
    ready: list[Ready] = []
    faults: list[tuple[Message, _Fault]] = []
    for message in batch:
        try:
            ready.append(Ready(message, _composed(message, sender)))
        except (Unsendable, Unsigned) as fault:
            faults.append((message, fault))
    found = stops.reasons(batch)
    if (found or faults) and not _settled(batch, faults, found, counts):
        return []
    ready = [one for one in ready if one.message.pk not in found]
    for message, composed in ready:
        for name, value in vars(composed).items() if composed else ():
            setattr(message, name, value)
    return ready


def _composed(message: Message, sender: Sender | None) -> Composed | None:
    """Raises Unsendable and Unsigned."""
    to = sender.redirect_to if sender else ""
    if message.raw is None or message.redirected_to != to:
        return compose.compose(message, sender)
    if sender is not None:
        compose.refuse_without_basis(message, sender)
    compose.refuse_begun(message)
    return None


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
