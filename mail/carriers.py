"""Who carries a mailbox's emails away: its SMTP server, or an ESP's API."""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mail import handing, mailboxes
from mail.handing import Outcome, certainly
from mail.models import Mailbox


class Carrier(Protocol):
    def hand(
        self, *, sender: str, recipient: str, raw: bytes, commit: Callable[[], bool] = certainly
    ) -> Outcome:
        """Hand one email over, once. Never raises for what the other side says or does.

        `commit` is called before the other side has a byte of it; False: it is not to get it.
        """

    def drop(self) -> None:
        """Forget this thread's connection after it failed."""


@dataclass(frozen=True, kw_only=True)
class BySmtp:
    mailbox: Mailbox
    server: smtplib.SMTP

    def hand(
        self, *, sender: str, recipient: str, raw: bytes, commit: Callable[[], bool] = certainly
    ) -> Outcome:
        return handing.hand(self.server, sender=sender, recipient=recipient, raw=raw, commit=commit)

    def drop(self) -> None:
        mailboxes.drop(self.mailbox, "smtp")


def of(mailbox: Mailbox) -> Carrier:
    """Ready to be handed an email; raises Unreachable or Refused."""
    if mailbox.esp is None:
        return BySmtp(mailbox=mailbox, server=mailboxes.smtp(mailbox))
    # Late, since a mailbox on a server of its own needs neither requests nor django-anymail.
    from mail.esp import sending  # noqa: PLC0415 - as above

    return sending.connect(mailbox)
