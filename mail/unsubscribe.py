"""Unsubscribing: the token of a lead, its link, and the stop itself.

A token is opaque and cannot be forged, and it is the same in every email to a lead: its sealed number.
"""

from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from crm import merged, timeline
from crm.models import Lead
from mail import suppression, tokens
from mail.models import Mailbox, Sender, Suppression
from mail.seals import Seals

#: Where the one-click endpoint stands below the public URL.
PATH = "u/"

#: No lead has this number.
_NOBODY = 0
_SEALS = Seals(purpose="cadenza.unsubscribe", tag=16, width=8)


def token(lead: Lead) -> str:
    return _written(lead.pk, settings.SECRET_KEY)


def nobody() -> Lead:
    """Whose token is in emails that go to somebody else than their lead: it unsubscribes no one."""
    return Lead(pk=_NOBODY)


def is_nobodys(token: str) -> bool:
    return _lead_id(token) == _NOBODY


def lead_of(token: str) -> Lead | None:
    """The lead whose token this is; None for anything forged, cut or unknown."""
    lead_id = _lead_id(token)
    return None if lead_id is None else Lead.objects.filter(pk=lead_id).first()


def _lead_id(token: str) -> int | None:
    sealed = tokens.read(token, size=_SEALS.size)
    return None if sealed is None else _SEALS.number(sealed)


def link(lead: Lead, mailbox: Mailbox, sender: Sender) -> str:
    """The link for the visible body: the one-click page, or a mail where no page is reachable."""
    return web_link(lead, sender) or mail_link(lead, mailbox)


def web_link(lead: Lead, sender: Sender) -> str:
    return f"{sender.public_url.rstrip('/')}/{PATH}{token(lead)}" if sender.public_url else ""


def mail_link(lead: Lead, mailbox: Mailbox) -> str:
    return f"mailto:{quote(mailbox.address, safe='@')}?subject=unsubscribe%20{token(lead)}"


def unsubscribe(lead: Lead, *, how: str, at: datetime) -> bool:
    """Stop everything to this person at once; False when it had been stopped before.

    `how` says where the wish came from: one_click, mailto or reply. Of a lead that was merged, whoever
    it is part of is the person, and the address that was written to then is stopped, too.
    """
    with transaction.atomic():
        person = Lead.objects.select_for_update(no_key=True).get(pk=merged.into(lead).pk)
        stopped = [_stop(address, person, how, at) for address in {person.email, lead.email} - {""}]
        return any(stopped)


def _stop(address: str, person: Lead, how: str, at: datetime) -> bool:
    fresh = suppression.suppress(
        address, Suppression.Kind.UNSUBSCRIBED, at=at, lead=person, because={"how": how}
    )
    if fresh:
        timeline.note(
            "unsubscribed",
            lead=person,
            occurred_at=at,
            data={"how": how},
            key=f"unsubscribed:{suppression.normalize(address)}",
        )
    return fresh


@lru_cache(maxsize=1000)  # a lead's stands several times in an email
def _written(lead_id: int, _secret: str) -> str:
    return tokens.write(_SEALS.seal(lead_id))
