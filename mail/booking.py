"""The link by which somebody books a meeting, and by which the booking comes back to its lead.

What stands in the link's `metadata[...]` the provider gives back with the booking:
https://cal.com/help/embedding/prefill-booking-form-embed
"""

from urllib.parse import urlencode, urlsplit

from crm import merged
from crm.models import Lead
from mail import tokens
from mail.models import Sender
from mail.seals import Seals

#: The key of our token in a booking's metadata.
KEY = "cadenza"
_SEALS = Seals(purpose="cadenza.booking", tag=16, width=8)


def link(reader: Lead, sender: Sender) -> str:
    """Blank where the team has no page on which people book."""
    if not sender.booking:
        return ""
    page = str(sender.booking["link"])
    joint = "&" if urlsplit(page).query else "?"
    return f"{page}{joint}{urlencode({f'metadata[{KEY}]': token(reader)})}"


def token(lead: Lead) -> str:
    return tokens.write(_SEALS.seal(lead.pk))


def lead_of(token: object) -> Lead | None:
    """The lead whose token this is; None for anything forged, cut or unknown."""
    sealed = tokens.read(token, size=_SEALS.size) if isinstance(token, str) else None
    number = None if sealed is None else _SEALS.number(sealed)
    found = None if number is None else Lead.objects.filter(pk=number).first()
    present = found and merged.into(found)
    return present if present and present.deleted_at is None else None
