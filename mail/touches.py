"""Which of our emails an inbound one is about: by Message-ID, else by address."""

from mail.models import Mailbox, Message


def by_ids(ids: tuple[str, ...]) -> Message | None:
    """Our message among them; the earliest named is the nearest."""
    rows = Message.objects.filter(message_id__in=[i for i in ids if i]).select_related("lead")
    known = {message.message_id: message for message in rows}
    return next((known[i] for i in ids if i in known), None)


def by_address(address: str, mailbox: Mailbox | None = None) -> Message | None:
    """The latest that left to it, from this mailbox if there is one."""
    if not address:
        return None
    left = Message.objects.filter(to_email__iexact=address, handed_at__isnull=False)
    latest = left.order_by("-handed_at").select_related("lead")
    return latest.filter(mailbox=mailbox).first() or latest.first()


def find(ids: tuple[str, ...], addresses: tuple[str, ...]) -> tuple[str, str] | None:
    """The Message-ID and the text of ours: by ids, else by the first address that has one."""
    named = (by_address(address) for address in addresses)
    message = by_ids(ids) or next(filter(None, named), None)
    return (message.message_id, message.text) if message else None
