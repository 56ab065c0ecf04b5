"""What an ESP's API says to an email, and what it means for the message, the lead and the mailbox."""

import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from mail.esp.kinds import Esp
from mail.handing import Kind, Outcome

#: What says nothing of the email: the key, the account, the sender's domain, or the API's address.
SENDER_FAULTS = frozenset({401, 402, 403, 404, 405, 407})
#: Not taken, and said so. Behind any other 5xx, a gateway's above all, it may have been taken.
AWAY = frozenset({408, 425, 429, 503})

#: How django-anymail tells that the API said no, or nothing.
TOLD = (AnymailRecipientsRefused, AnymailRequestsAPIError)

_MOST = 500
#: A request is written on a connection alone.
_NO_CONNECTION = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)


def accepted(status: Any, own_id: str) -> Outcome:
    """Of an email that the API took; `own_id` is its Message-ID."""
    words = ", ".join(sorted(status.status or ()))
    if not status.message_id and "unknown" in (status.status or ()):
        return Outcome(kind=Kind.UNKNOWN, reply="the API's answer does not tell")
    given = bare(str(status.message_id or ""))
    reply = f"{words} {given}".strip()
    return Outcome(kind=Kind.SENT, reply=reply, provider_id=given if given != bare(own_id) else "")


def refused(error: AnymailError, esp: Esp) -> Outcome:
    """Of an email that it did not take, or of which it said nothing."""
    if isinstance(error, AnymailRecipientsRefused):
        said = error.email_message.anymail_status.status
        gone = "rejected" in said
        return Outcome(kind=Kind.GONE if gone else Kind.REFUSED, reply=_said(error))
    if error.status_code is not None:
        return Outcome(kind=_of_answer(error, esp), reply=_said(error))
    reply = _words(error)
    if isinstance(error, (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL)):
        return Outcome(kind=Kind.SENDER_FAULT, reply=reply)
    written = not any(isinstance(cause, _NO_CONNECTION) for cause in _causes(error))
    return Outcome(kind=Kind.UNKNOWN if written else Kind.AWAY, reply=reply)


def odd(error: Exception, *, asked: bool) -> Outcome:
    """Of an email that no request can be made of, or of an answer that cannot be read."""
    told = f"{type(error).__name__}: {error}".replace("\0", "")[:_MOST]
    if not asked:
        return Outcome(kind=Kind.REFUSED, reply=told)
    return Outcome(kind=Kind.UNKNOWN, reply=f"the API's answer cannot be read: {told}"[:_MOST])


def bare(message_id: str) -> str:
    """Without angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")[:300]


def _of_answer(error: AnymailError, esp: Esp) -> Kind:
    status, code = int(error.status_code), _code(error, esp)
    if code in esp.sender_faults:
        return Kind.SENDER_FAULT
    if code in esp.later or status in AWAY:
        return Kind.AWAY
    if status in SENDER_FAULTS or status // 100 == 3:  # noqa: PLR2004 - 3xx: its API is elsewhere
        return Kind.SENDER_FAULT
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Kind.REFUSED
    return Kind.UNKNOWN


def _code(error: AnymailError, esp: Esp) -> object:
    """The ESP's own, where it gives one."""
    try:
        body = error.response.json()
    except ValueError:
        return None
    return body.get(esp.error) if isinstance(body, Mapping) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came of: urllib3 keeps that in `reason`, requests in `args`."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        found = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [one for one in found if isinstance(one, BaseException)]


def _said(error: AnymailError) -> str:
    response = error.response
    if response is None:
        return _words(error)
    text = " ".join(response.text.split())
    return f"{response.status_code} {text}".replace("\0", "")[:_MOST]


def _words(error: AnymailError) -> str:
    """Of the error beneath: django-anymail's own repeats the request."""
    cause = error.__cause__ or error
    return (str(cause) or type(cause).__name__).replace("\0", "")[:_MOST]
