"""Sending previews to somebody who wants to see them in a real inbox; no row says so afterwards."""

from collections.abc import Iterator, Sequence

from mail import address, carriers, compose
from mail.carriers import Carrier
from mail.handing import Outcome
from mail.models import Mailbox
from process.preview import Email
from workspace.problems import Fault


def send(emails: Sequence[Email], mailbox: Mailbox, *, to: str) -> Iterator[tuple[Email, Outcome]]:
    """Hand each to the mailbox's server or ESP at once: no cap, window or pause is asked.

    Raises MailboxError when the server cannot be used, and Unsigned when the key cannot.
    """
    recipient = recipient_of(to)
    carrier: Carrier | None = None
    try:
        for email in emails:
            carrier = carriers.of(mailbox)
            sender = address.envelope(mailbox.address)
            raw = compose.signed(email.raw, mailbox)
            yield email, carrier.hand(sender=sender, recipient=recipient, raw=raw)
    finally:
        if carrier is not None:
            carrier.drop()


def recipient_of(to: str) -> str:
    """As a server is told it; raises Fault for what is no address."""
    try:
        return address.envelope(to)
    except ValueError as error:
        raise Fault(str(error)) from error
