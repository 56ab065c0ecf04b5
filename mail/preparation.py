"""Making a claimed batch ready to be handed over: checked, rendered once, its bytes kept."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from crm import rows
from crm.models import Lead
from mail import claims, compose, settle, stops
from mail.compose import Composed, Unsendable, Unsigned
from mail.models import Message, Sender

Made = Composed | Unsendable | Unsigned | None


def prepare(batch: Sequence[Message], counts: Counter[str]) -> list[Message]:
    """Those that may leave, with their bytes; the others are settled, and counted.

    Rendered before their leads' rows are locked, so that nobody waits for that.
    """
    sender = next(iter(rows.fetch(Sender, "TRUE ORDER BY id LIMIT 1")), None)
    made = [(message, _make(message, sender)) for message in batch]
    with transaction.atomic():
        rows.lock(Lead, [message.lead_id for message in batch])
        found = stops.reasons(batch)
        ready = []
        for message, outcome in made:
            if stop := found.get(message.pk):
                counts[settle.stopped(message, stop)] += 1
            elif isinstance(outcome, Unsendable):
                counts[settle.failed(message, str(outcome))] += 1
            elif isinstance(outcome, Unsigned):  # the mailbox's trouble, so the others' too
                counts[settle.sender_fault(message, str(outcome))] += 1
                claims.release(other for other in batch if other is not message)
                return []
            else:
                ready.append((message, outcome))
        return _written(ready)


def _make(message: Message, sender: Sender | None) -> Made:
    """None: its bytes have been kept since an earlier attempt."""
    to = sender.redirect_to if sender else ""
    try:
        if message.raw is None or message.redirected_to != to:
            return compose.compose(message, sender)
        if sender is not None:
            compose.refuse_without_basis(message, sender)
        compose.refuse_begun(message)
    except (Unsendable, Unsigned) as error:
        return error
    return None


def _written(ready: Sequence[tuple[Message, Composed | None]]) -> list[Message]:
    fresh = [(message, composed) for message, composed in ready if composed is not None]
    for message, composed in fresh:
        for name, value in vars(composed).items():
            setattr(message, name, value)
    names = tuple(Composed.__dataclass_fields__)
    values = [(*vars(composed).values(), message.pk) for message, composed in fresh]
    rows.update(Message, names, values)
    return [message for message, _ in ready]
