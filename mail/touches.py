"""Which of our emails an inbound one is about: by Message-ID, by the sub-address, else by address."""

import re
from collections.abc import Iterator

from mail import subaddress
from mail.models import Mailbox, Message

#: ESPs that make a Message-ID of their own id, `<ID@domain>`, and put it in place of ours.
_MADE_OF_IDS = re.compile(r"mtasv\.net|([a-z0-9-]{1,40}\.)?amazonses\.com", re.IGNORECASE)


def by_ids(ids: tuple[str, ...]) -> Message | None:
    """Our message among them; the earliest named is the nearest."""
    wanted = [i for i in ids if i]
    rows = Message.objects.filter(message_id__in=wanted).select_related("lead")
    known = {message.message_id: message for message in rows}
    strange = [i for i in wanted if i not in known]
    if strange:
        known |= _by_provider_ids(strange)
    return next((known[i] for i in wanted if i in known), None)


def _by_provider_ids(ids: list[str]) -> dict[str, Message]:
    """Those that left under an id of the ESP's."""
    named = {key: i for i in ids for key in _keys(i)}
    rows = Message.objects.filter(provider_id__in=named).select_related("lead")
    return {named[str(message.provider_id)]: message for message in rows}


def _keys(message_id: str) -> Iterator[str]:
    """What an ESP may call it."""
    bare = message_id.strip("<>")
    yield bare
    id_, _, domain = bare.rpartition("@")
    if _MADE_OF_IDS.fullmatch(domain):
        yield id_


def by_address(address: str, mailbox: Mailbox | None = None) -> Message | None:
    """The latest that left to it, from this mailbox if there is one."""
    if not address:
        return None
    left = Message.objects.filter(to_email__iexact=address, handed_at__isnull=False)
    latest = left.order_by("-handed_at").select_related("lead")
    return latest.filter(mailbox=mailbox).first() or latest.first()


def find(
    ids: tuple[str, ...], recipients: tuple[str, ...], addresses: tuple[str, ...]
) -> tuple[str, str, str] | None:
    """The Message-ID, the text and the subject of ours: by ids, else by whom it was sent to, else by address."""
    named = (by_address(address) for address in addresses)
    message = by_ids(ids) or subaddress.message_of(recipients) or next(filter(None, named), None)
    return (message.message_id, message.text, message.subject) if message else None
