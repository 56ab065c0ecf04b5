"""Making a claimed batch ready to be handed over: checked, rendered, signed."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

from django.db import transaction

from crm import rows
from crm.models import Lead
from mail import compose, dkim, settle, stops
from mail.compose import Composed
from mail.models import Message, Sender
from runtime import clock

#: So many are ready before their turn: the next one, and one whose signature is being made.
_AHEAD = 2


def unstopped(batch: Sequence[Message], counts: Counter[str]) -> Sequence[Message]:
    """Those that nothing stops; the others are settled, and counted."""
    found = stops.reasons(batch)
    if not found:
        return batch
    with transaction.atomic():
        rows.lock(Lead, [message.lead_id for message in batch])
        for message in batch:
            if stop := found.get(message.pk):
                counts[settle.stopped(message, stop)] += 1
    return [message for message in batch if message.pk not in found]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A message, and what became of making it ready."""

    message: Message
    #: What is to be kept when it is handed over; None: it has been kept since an earlier attempt.
    composed: Composed | None = None
    #: Its bytes, where they are being signed.
    signed: Future[bytes] | None = None
    failure: Exception | None = None

    def complete(self) -> Composed | None:
        """Write what was composed into the message; raises Unsendable or Unsigned."""
        if self.failure is not None:
            raise self.failure
        composed = self.composed
        if composed is None:
            return None
        if self.signed is not None:
            composed = replace(composed, raw=self.signed.result())
        for name, value in vars(composed).items():
            setattr(self.message, name, value)
        return composed


class Preparation:
    """Messages in their turn, made ready while those before them leave: nothing is written or locked."""

    def __init__(self, batch: Sequence[Message], signing: Executor) -> None:
        self._sender = next(iter(rows.fetch(Sender, "TRUE ORDER BY id LIMIT 1")), None)
        self._signing = signing
        self._waiting, self._ready = deque(batch), deque[Ready]()

    def __iter__(self) -> Iterator[Ready]:
        while self._waiting or self._ready:
            while self._waiting and len(self._ready) < _AHEAD:
                self.go_on()
            yield self._ready.popleft()

    def go_on(self) -> None:
        """Make another one ready. What fails is told in its turn."""
        if not self._waiting:
            return
        message = self._waiting.popleft()
        try:
            ready = self._made(message)
        except Exception as failure:  # noqa: BLE001 - the answer to another is waited for
            ready = Ready(message=message, failure=failure)
        self._ready.append(ready)

    def left(self) -> Iterator[Message]:
        """Those whose turn has not come."""
        yield from (ready.message for ready in self._ready)
        yield from self._waiting

    def _made(self, message: Message) -> Ready:
        """Raises Unsendable and Unsigned."""
        to = self._sender.redirect_to if self._sender else ""
        if message.raw is None or message.redirected_to != to:
            composed = compose.compose(message, self._sender)
            identity = compose.identity_of(message.mailbox)
            if identity is None:
                return Ready(message=message, composed=composed)
            # Beside everything else, for it takes as long.
            signed = self._signing.submit(dkim.sign, composed.raw, identity, at=clock.now())
            return Ready(message=message, composed=composed, signed=signed)
        if self._sender is not None:
            compose.refuse_without_basis(message, self._sender)
        compose.refuse_begun(message)
        return Ready(message=message)
