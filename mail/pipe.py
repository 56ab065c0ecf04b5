"""Mail that a local mail server hands over, one email at a time, in place of an inbox to read.

What waits in that server's queue is not known here. So a mailbox that is fed like this sends only
while the server says, again and again, that nothing waits for it: see docs/inbound.md.
"""

from datetime import timedelta

from mail import receive, suppression
from mail.classify.unpacked import without_files
from mail.inbound import Arrived
from mail.models import Mailbox
from runtime import clock

#: A mailbox sends only when it was said this lately that nothing waits for it.
TOLD_WITHIN = timedelta(minutes=3)


class Unknown(LookupError):
    """No mailbox has this address."""


class ReadByUs(LookupError):
    """The mailbox has an inbox that is read: each email would count twice."""


def mailbox_of(address: str) -> Mailbox:
    """By the address, or by what stands before the + of `ada+token@example.com`."""
    wanted = suppression.normalize(address)
    local, _, domain = wanted.rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    by_address = {suppression.normalize(box.address): box for box in Mailbox.objects.all()}
    mailbox = by_address.get(wanted) or by_address.get(plain)
    if mailbox is None:
        raise Unknown(f"no mailbox has the address {address}")
    if mailbox.imap_url:
        raise ReadByUs(
            f"{mailbox.address} is read by IMAP; `pipe: true` in place of `imap` ends that"
        )
    return mailbox


def take(mailbox: Mailbox, raw: bytes) -> str:
    """Keep one email, without its files, and write what follows; its kind, "ignored" or "known"."""
    if raw.startswith(b"From "):  # mbox's own line; its date is another with each attempt
        raw = raw.partition(b"\n")[2]
    arrived = Arrived(uidvalidity=0, uid=0, raw=without_files([raw]), received_at=clock.now())
    return receive.receive(mailbox, arrived)


def nothing_waits(mailbox: Mailbox) -> None:
    """The server has handed over all it has for this mailbox."""
    Mailbox.objects.filter(pk=mailbox.pk).update(read_at=clock.now())
