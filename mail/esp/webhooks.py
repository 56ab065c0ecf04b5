"""What an ESP posts to us: proven by django-anymail, with the mailbox's own secrets."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from django.http import HttpRequest

from mail import mailboxes
from mail.esp import sessions
from mail.esp.kinds import KINDS
from mail.models import Mailbox
from runtime import clock

log = logging.getLogger(__name__)

What = Literal["Tracking", "Inbound"]


class Refused(Exception):
    """It is not taken in; `status` is HTTP's."""

    status: int


class Unproven(Refused):
    """The mailbox takes none in, or has no secret by which the ESP could be told from others."""

    status = 404


class Forged(Refused):
    """It is not from the ESP."""

    status = 401


class Unreadable(Refused):
    """It is from the ESP, or may be, and is nothing that we know."""

    status = 400


def events(mailbox: Mailbox, request: HttpRequest) -> Sequence[Any]:
    """django-anymail's tracking events; raises Refused."""
    view = prove(mailbox, "Tracking", request)
    try:
        found: Sequence[Any] = view.parse_events(request)
    except AnymailConfigurationError as error:  # the other webhook's address was given to the ESP
        raise Unreadable(str(error)) from error
    except (
        Exception
    ) as error:  # what may be posted is without bounds, and none of it is a fault here
        raise Unreadable(type(error).__name__) from error
    return found


def prove(mailbox: Mailbox, what: What, request: HttpRequest) -> Any:
    """django-anymail's view, once the request has passed its validation; raises Refused."""
    if what == "Inbound" and mailbox.imap_url:
        raise Unproven("the mailbox is read over IMAP")
    view = _view(mailbox, what)
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        raise Forged(str(error)) from error
    except Exception as error:  # as above
        raise Unreadable(type(error).__name__) from error
    return view


def moment(event: Any) -> datetime:
    """When it happened; never later than now, since the ESP's clock may run ahead."""
    now, at = clock.now(), event.timestamp
    if not isinstance(at, datetime):
        return now
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)


def account(mailbox: Mailbox) -> list[Mailbox]:
    """The mailboxes that send by the same account: one webhook tells of them all."""
    return [row for row in Mailbox.objects.exclude(esp=None) if row.esp == mailbox.esp]


def _view(mailbox: Mailbox, what: What) -> Any:
    if mailbox.esp is None:
        raise Unproven("the mailbox has no esp")
    esp = KINDS[mailbox.esp["kind"]]
    names = esp.events_by if what == "Tracking" else esp.mail_by
    try:
        given = sessions.resolved(mailbox, names)
        if not given:
            raise Unproven(f"the mailbox's esp has no {' or '.join(names)}")
        return esp.view(what, given)
    except (mailboxes.Refused, ValueError) as error:  # not set, or no key
        log.error("webhooks of %s: %s", mailbox.address, error)  # noqa: TRY400 - it says enough
        raise Unproven(str(error)) from error
