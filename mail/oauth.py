"""Logging in to Google's and Microsoft's mail servers by an access token, which runs out (XOAUTH2).

https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

import os
import re
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests
from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from connectors import deadline, retry
from connectors.endpoints import normalized_url
from connectors.errors import ConnectorError, RateLimited, Unauthorized, Unavailable
from connectors.logins import Minted
from crm.logins import KeptTokens
from crm.models import KeptLogin
from mail.models import Mailbox, MailboxLogin
from runtime import clock
from workspace import secrets

TOKEN_URLS = {
    "google": "https://oauth2.googleapis.com/token",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
}
#: Real seconds: before its end a token is won anew; to connect and for each piece of the answer; for
#: all of it; when told to wait.
SPARE = 300.0
WITHIN = (5.0, 10.0)
IN_ALL = 15.0
LIMIT_WAIT = 60.0

#: RFC 6749 5.2 and Microsoft's own: the request was right, and is to be repeated.
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
#: What Microsoft says more precisely, with nothing of a person in it.
_MICROSOFT_CODE = re.compile(r"AADSTS\d{1,9}")

#: From the token that was refused, or blank, to another one.
NewToken = Callable[[str], str]


def access_token(mailbox: Mailbox, *, refused: str = "") -> str:
    """One that is good for some minutes, and not the one that a server has `refused`.

    Raises ConnectorError, of which Unauthorized waits for a person, and ValueError for settings.
    """
    grant = _grant(mailbox)
    tokens = _Tokens(grant)
    used = tokens.current()
    if used and used != refused and tokens.good_until() - SPARE > clock.monotonic():
        return used
    return tokens.renew(used, partial(_mint, grant))


def keep(mailbox: Mailbox, form: Mapping[str, str]) -> None:
    """Keep what the token endpoint gives for this form besides the client's; raises ConnectorError."""
    grant = _grant(mailbox)
    minted = _ask(grant, {**grant.form, **form})
    if not minted.refresh_token:
        raise Unauthorized(f"{grant.kind} gave no refresh token; consent once more")
    _Tokens(grant).keep(minted)


def client_id(mailbox: Mailbox) -> str:
    return _grant(mailbox).form["client_id"]


def log_in_smtp(server: smtplib.SMTP, username: str, new_token: NewToken) -> None:
    """Raises SMTPAuthenticationError, and what `new_token` raises."""
    token = new_token("")
    try:
        server.auth("XOAUTH2", _answers(username, token))
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:  # noqa: PLR2004 - 4xx passes
            raise
        # Taken back before its time, as after a change of the password.
        server.auth("XOAUTH2", _answers(username, new_token(token)))


def log_in_imap(client: IMAPClient, username: str, new_token: NewToken) -> None:
    """Raises LoginError, and what `new_token` raises."""
    token = new_token("")
    try:
        client.sasl_login("XOAUTH2", _answers(username, token))
    except LoginError:
        client.sasl_login("XOAUTH2", _answers(username, new_token(token)))


@dataclass(frozen=True, kw_only=True)
class _Grant:
    """What a mailbox's `oauth` stands for, its secrets filled in."""

    address: str
    kind: str
    url: str
    form: Mapping[str, str]
    refresh_token: str
    #: The names of secrets, for messages.
    named: Mapping[str, str]


class _Tokens(KeptTokens):
    def __init__(self, grant: _Grant) -> None:
        self._keys = {"address": grant.address}
        super().__init__(MailboxLogin, self._keys, grant.refresh_token)

    def good_until(self) -> float:
        known = MailboxLogin.objects.filter(**self._keys)
        return known.values_list("good_until", flat=True).first() or 0

    def _keep(self, mine: KeptLogin, minted: Minted) -> None:
        super()._keep(mine, minted)
        until = clock.monotonic() + minted.good_for
        MailboxLogin.objects.filter(pk=mine.pk).update(good_until=until)


def _grant(mailbox: Mailbox) -> _Grant:
    given: Mapping[str, Any] = mailbox.oauth or {}
    url = given["token_url"] or TOKEN_URLS[given["kind"]].format(tenant=given["tenant"])
    filled = {
        name: secrets.resolve(given[name], os.environ)
        for name in ("client_id", "client_secret", "refresh_token")
        if given[name]
    }
    return _Grant(
        address=mailbox.address,
        kind=given["kind"],
        url=normalized_url(
            url, setting="oauth.token_url", allow_sandbox=settings.CADENZA_MODE == "sandbox"
        ),
        refresh_token=filled.pop("refresh_token", ""),
        form=filled,
        named=given,
    )


def _mint(grant: _Grant, refresh_token: str) -> Minted:
    """An access token of the token endpoint (RFC 6749 6), its scope that of the grant."""
    if not refresh_token:
        raise Unauthorized(f"nobody has consented yet; run `cadenza mailbox login {grant.address}`")
    form = {**grant.form, "grant_type": "refresh_token", "refresh_token": refresh_token}
    return retry.persistently(lambda: _ask(grant, form), repeatable=True)


def _ask(grant: _Grant, form: Mapping[str, str]) -> Minted:
    try:
        with deadline.session(IN_ALL) as session:
            response = session.post(grant.url, data=form, timeout=WITHIN, allow_redirects=False)
    except deadline.Overdue as error:
        raise Unavailable(f"{grant.url}: {error}") from error
    except requests.RequestException as error:
        raise Unavailable(f"{grant.url}: {type(error).__name__}") from error
    body = _json(response)
    token = body.get("access_token")
    if response.status_code == requests.codes.ok and isinstance(token, str) and token:
        return Minted(
            access_token=token,
            refresh_token=str(body.get("refresh_token") or ""),
            good_for=_seconds(body.get("expires_in")),
        )
    raise _error(grant, response, body)


def _json(response: requests.Response) -> Mapping[str, object]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object) -> float:
    """Microsoft's older endpoints write the number as a text."""
    try:
        return max(float(str(value)), 0.0)
    except ValueError:
        return 0.0


def _error(
    grant: _Grant, response: requests.Response, body: Mapping[str, object]
) -> ConnectorError:
    """Which next move the answer asks for; nothing of a secret or a person is in its text."""
    status, code = response.status_code, str(body.get("error") or "")[:100]
    precisely = _MICROSOFT_CODE.search(str(body.get("error_description") or ""))
    said = ", ".join(filter(None, (code, precisely[0] if precisely else "")))
    if status == requests.codes.too_many_requests:
        wait = _seconds(response.headers.get("Retry-After")) or LIMIT_WAIT
        return RateLimited(f"{grant.url}: too many logins", retry_after=wait)
    if not code or code in _LATER or status >= requests.codes.server_error:
        return Unavailable(f"{grant.url}: {status} {said or 'without an access token'}")
    if code == "invalid_grant":
        name = grant.named["refresh_token"]
        anew = f"win another, put it into {name} and run `cadenza apply`"
        move = anew if name else f"run `cadenza mailbox login {grant.address}`"
        return Unauthorized(
            f"{grant.kind} takes the refresh token no more ({said}): it ran out or was revoked; {move}"
        )
    return Unauthorized(
        f"{grant.kind} refuses the login ({said}): look at client_id {grant.named['client_id']}, "
        "its secret and what it was granted"
    )


def _answers(username: str, token: str) -> Callable[..., str]:
    """The token at first, and nothing to the error that the server may tell after it."""
    words = iter((f"user={username}\1auth=Bearer {token}\1\1",))
    return lambda _challenge=None: next(words, "")
