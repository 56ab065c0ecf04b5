"""What an ESP posts to us: proven and read by django-anymail, with the mailbox's own secrets."""

import logging
from collections.abc import Sequence
from typing import Any, Literal

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from django.http import HttpRequest

from mail import mailboxes
from mail.esp import sessions
from mail.esp.kinds import KINDS
from mail.models import Mailbox

log = logging.getLogger(__name__)

What = Literal["Tracking", "Inbound"]


class Refused(Exception):
    """It is not taken in; `status` is HTTP's."""

    status: int


class Unproven(Refused):
    """The mailbox has no secret by which the ESP could be told from others."""

    status = 404


class Forged(Refused):
    """It is not from the ESP."""

    status = 401


class Unreadable(Refused):
    """It is from the ESP, or may be, and is nothing that we know."""

    status = 400


def events(mailbox: Mailbox, what: What, request: HttpRequest) -> Sequence[Any]:
    """django-anymail's events; raises Unproven, Forged or Unreadable."""
    view = _view(mailbox, what)
    try:
        view.run_validators(request)
        found: Sequence[Any] = view.parse_events(request)
    except AnymailWebhookValidationFailure as error:
        raise Forged(str(error)) from error
    except AnymailConfigurationError as error:  # the other webhook's address was given to the ESP
        raise Unreadable(str(error)) from error
    except (
        Exception
    ) as error:  # what may be posted is without bounds, and none of it is a fault here
        raise Unreadable(type(error).__name__) from error
    return found


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
