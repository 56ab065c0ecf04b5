"""Who carries a mailbox's emails away: its SMTP server, or an ESP's API."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from mail import handing, mailboxes
from mail.handing import Outcome, certainly, nothing
from mail.models import Mailbox
from mail.smtp import Smtp

#: Amazon SES's server takes an email under an id of its own, of which it makes the Message-ID.
#: https://docs.aws.amazon.com/ses/latest/dg/send-email-smtp.html
_OWN_ID = re.compile(r"250 Ok ([0-9a-f]{16}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{6})")


class Carrier(Protocol):
    def hand(
        self,
        *,
        sender: str,
        recipient: str,
        raw: bytes,
        commit: Callable[[], bool] = certainly,
        meanwhile: Callable[[], None] = nothing,
    ) -> Outcome:
        """Hand one email over, once. Never raises for what the other side says or does.

        `commit` is called before the other side has a byte of it; False: it is not to get it.
        `meanwhile` is called, if at all, before its last answer is waited for.
        """

    def drop(self) -> None:
        """Forget this thread's connection after it failed."""


@dataclass(frozen=True, kw_only=True)
class BySmtp:
    mailbox: Mailbox
    server: Smtp

    def hand(
        self,
        *,
        sender: str,
        recipient: str,
        raw: bytes,
        commit: Callable[[], bool] = certainly,
        meanwhile: Callable[[], None] = nothing,
    ) -> Outcome:
        outcome = handing.hand(
            self.server,
            sender=sender,
            recipient=recipient,
            raw=raw,
            commit=commit,
            meanwhile=meanwhile,
        )
        told = _OWN_ID.fullmatch(outcome.reply)
        return replace(outcome, provider_id=told[1]) if told else outcome

    def drop(self) -> None:
        mailboxes.drop(self.mailbox, "smtp")


def of(mailbox: Mailbox) -> Carrier:
    """Ready to be handed an email; raises Unreachable or Refused."""
    if mailbox.esp is None:
        return BySmtp(mailbox=mailbox, server=mailboxes.smtp(mailbox))
    # Late, since a mailbox on a server of its own needs neither requests nor django-anymail.
    from mail.esp import sending  # noqa: PLC0415 - as above

    return sending.connect(mailbox)


def at_hand(mailbox: Mailbox) -> Carrier | None:
    """Likewise, where that takes no word to the other side."""
    server = mailboxes.smtp_at_hand(mailbox) if mailbox.esp is None else None
    return BySmtp(mailbox=mailbox, server=server) if server is not None else None
