"""Sub-addresses that name an email: ada+<token>@example.com, to which what comes back is sent.

The token is opaque and cannot be forged. It is in small letters and digits, and read in any case,
since servers on the way change it.
"""

from base64 import b32decode, b32encode
from binascii import Error as BadBase32
from collections.abc import Iterable

from mail import address
from mail.models import Mailbox, Message
from mail.seals import Seals

_SEALS = Seals(purpose="cadenza.subaddress", tag=10, width=6)
#: No message has this number; what is shown before there is one.
_NONE = 0
#: Of 16 bytes in base 32.
_PADDING = "=" * 6


def of(message: Message) -> str:
    """Where replies to this email go."""
    local, _, domain = message.mailbox.address.rpartition("@")
    return f"{local}+{_written(_SEALS.seal(message.pk or _NONE))}@{domain}"


def envelope_sender(message: Message) -> str:
    """Where reports about this email go; raises ValueError."""
    tells = message.mailbox.plus_addressing == Mailbox.PlusAddressing.ALL
    return address.envelope(of(message) if tells else message.mailbox.address)


def message_of(addresses: Iterable[str], mailbox: Mailbox | None = None) -> Message | None:
    """The email of ours that one of these names; with `mailbox`, of those that left it.

    Forged tokens, and those of other mailboxes, name none.
    """
    for given in addresses:
        own, number = _read(given)
        if number is None:
            continue
        left = Message.objects.filter(pk=number, mailbox__address__iexact=own)
        message = left.select_related("lead").first()
        if message is not None and mailbox in (None, message.mailbox):
            return message
    return None


def _read(given: str) -> tuple[str, int | None]:
    """The mailbox's address and the message's number."""
    local, _, domain = given.rpartition("@")
    own, _, token = local.rpartition("+")
    try:
        sealed = b32decode(f"{token.upper()}{_PADDING}")
    except (BadBase32, ValueError):
        return "", None
    if _written(sealed) != token.lower():  # the decoder passes over spare bits
        return "", None
    return f"{own}@{domain}", _SEALS.number(sealed)


def _written(sealed: bytes) -> str:
    return b32encode(sealed).decode("ascii").removesuffix(_PADDING).lower()
