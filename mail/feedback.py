"""The link to the page that asks how likely somebody is to recommend us; each email asks once."""

from mail import tokens
from mail.models import Message, Sender
from mail.seals import Seals

#: Where the page stands below the public URL.
PATH = "n/"
#: No email has this number: what is a preview, or goes to somebody else than its lead.
_NOBODYS = 0
_SEALS = Seals(purpose="cadenza.feedback", tag=16, width=8)


def link(message_id: int | None, sender: Sender) -> str:
    """Of the email with this id; blank where no page is reachable."""
    if not sender.public_url:
        return ""
    return f"{sender.public_url.rstrip('/')}/{PATH}{token(message_id or _NOBODYS)}"


def token(message_id: int) -> str:
    return tokens.write(_SEALS.seal(message_id))


def is_nobodys(token: str) -> bool:
    return _number(token) == _NOBODYS


def request_of(token: str) -> Message | None:
    """The email whose token this is; None for anything forged, cut or unknown."""
    number = _number(token)
    if number is None:
        return None
    found = Message.objects.select_related("lead__owner").filter(pk=number, lead__erased_at=None)
    return found.first()


def _number(token: str) -> int | None:
    sealed = tokens.read(token, size=_SEALS.size)
    return None if sealed is None else _SEALS.number(sealed)
