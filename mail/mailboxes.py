"""Kept-open connections to the servers of a mailbox: one SMTP and one IMAP per thread and mailbox."""

import imaplib
import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from connectors.endpoints import is_loopback
from connectors.errors import ConnectorError, Unauthorized
from mail import address, oauth
from mail.imap import Imap
from mail.models import Mailbox
from mail.smtp import Smtp, SmtpOverTls
from runtime import clock
from workspace import secrets

#: Real seconds: to connect, for one answer, without use until closed, without use until tested.
CONNECT_WITHIN = 10.0
ANSWER_WITHIN = 20.0
IDLE_FOR = 120.0
TRUSTED_FOR = 5.0
#: Servers cap messages per connection; Postfix's and Exchange's defaults allow this many.
MESSAGES_PER_CONNECTION = 100
#: What a sandbox says in its greeting.
SANDBOX = "cadenza-sandbox"

SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
IMAP_PORTS = {"imap": 143, "imap+starttls": 143, "imaps": 993}


class MailboxError(Exception):
    """The mailbox cannot be used now; nothing was sent."""


class Unreachable(MailboxError):
    """Try again later: no connection, no answer, or the server is busy."""


class Refused(MailboxError):
    """Pause the mailbox: wrong password, wrong settings, or a server we must not talk to."""


@dataclass
class _Kept:
    client: Smtp | IMAPClient
    login: tuple[str, ...]  #: what it was opened with: changed settings open another one
    used_at: float
    uses: int = 0

    def count_use(self) -> None:
        self.used_at = clock.monotonic()
        self.uses += 1


@dataclass
class _Thread(threading.local):
    process: int = 0
    kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)


_thread = _Thread()


def smtp(mailbox: Mailbox) -> Smtp:
    """A connection that is logged in and answers; raises Unreachable or Refused."""
    return _use(mailbox, "smtp", mailbox.smtp_url, _open_smtp)


def smtp_at_hand(mailbox: Mailbox) -> Smtp | None:
    """The connection that `smtp` would give at once, without a word to the server."""
    kept = _thread.kept.get(("smtp", mailbox.pk))
    if (
        kept is None
        or _thread.process != os.getpid()
        or not isinstance(kept.client, Smtp)
        or kept.uses >= MESSAGES_PER_CONNECTION
        or kept.login != _login(mailbox, mailbox.smtp_url)
        or clock.monotonic() - kept.used_at > TRUSTED_FOR
        or not kept.client.is_silent()
    ):
        return None
    kept.count_use()
    return kept.client


def imap(mailbox: Mailbox) -> IMAPClient:
    """A connection that is logged in, with no folder promised; raises Unreachable or Refused."""
    return _use(mailbox, "imap", mailbox.imap_url, open_imap)


def drop(mailbox: Mailbox, protocol: str) -> None:
    """Forget this thread's connection after it failed: the next use opens another."""
    kept = _thread.kept.pop((protocol, mailbox.pk), None)
    if kept is not None:
        _close(kept.client)


def close_all() -> None:
    """Close what this thread keeps open."""
    while _thread.kept:
        _close(_thread.kept.popitem()[1].client)


def open_imap(mailbox: Mailbox) -> IMAPClient:
    """A connection of the caller's own, logged in; raises Unreachable or Refused."""
    scheme, host, port = _address(mailbox.imap_url, IMAP_PORTS)
    password = _password(mailbox)
    try:
        client = Imap(
            host,
            port,
            ssl=scheme == "imaps",
            timeout=SocketTimeout(CONNECT_WITHIN, ANSWER_WITHIN),
        )
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unreachable(f"{mailbox.imap_url}: {error}") from error
    try:
        _meet(mailbox.imap_url, client.welcome)
        if scheme == "imap+starttls":
            client.starttls()
        if mailbox.oauth:
            oauth.log_in_imap(client, mailbox.username, partial(_token, mailbox))
        else:
            client.login(mailbox.username, password)
    except LoginError as error:
        _close(client)
        if isinstance(error.__context__, imaplib.IMAP4.abort):  # the library tells it as a refusal
            raise Unreachable(f"{mailbox.imap_url}: {error}") from error
        raise Refused(
            f"{mailbox.imap_url}: login as {mailbox.username} refused: {error}"
        ) from error
    except MailboxError:
        _close(client)
        raise
    except (OSError, IMAPClientError, imaplib.IMAP4.error) as error:
        _close(client)
        raise Unreachable(f"{mailbox.imap_url}: {error}") from error
    client.normalise_times = False  # aware datetimes, never the machine's local time
    # The library sends some commands in pieces, each of which would wait for the last one's receipt.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _use(
    mailbox: Mailbox, protocol: str, url: str, build: Callable[[Mailbox], Smtp | IMAPClient]
) -> Smtp | IMAPClient:
    _tidy()
    key = (protocol, mailbox.pk)
    login = _login(mailbox, url)
    kept = _thread.kept.get(key)
    if kept is not None and not (kept.login == login and _alive(kept)):
        drop(mailbox, protocol)
        kept = None
    if kept is None:
        kept = _thread.kept[key] = _Kept(client=build(mailbox), login=login, used_at=0)
    kept.count_use()
    return kept.client


def _login(mailbox: Mailbox, url: str) -> tuple[str, ...]:
    return (url, mailbox.username, mailbox.password, str(mailbox.oauth))


def _tidy() -> None:
    """Close what was idle for long; after a fork, forget the parent's sockets without a word."""
    if _thread.process != os.getpid():
        _thread.kept.clear()
        _thread.process = os.getpid()
    for key, kept in list(_thread.kept.items()):
        worn = isinstance(kept.client, Smtp) and kept.uses >= MESSAGES_PER_CONNECTION
        if worn or clock.monotonic() - kept.used_at > IDLE_FOR:
            _close(_thread.kept.pop(key).client)


def _alive(kept: _Kept) -> bool:
    """Whether the server still answers, asked after a pause, and has said nothing unasked."""
    rested = clock.monotonic() - kept.used_at > TRUSTED_FOR
    try:
        if isinstance(kept.client, Smtp):
            if not kept.client.is_silent():
                return False  # an answer too many would count for the next email
            return not rested or kept.client.rset()[0] == 250  # noqa: PLR2004 - SMTP's "fine"
        if rested:
            kept.client.noop()
    except (OSError, smtplib.SMTPException, IMAPClientError, imaplib.IMAP4.error):
        return False
    return True


def _open_smtp(mailbox: Mailbox) -> Smtp:
    scheme, host, port = _address(mailbox.smtp_url, SMTP_PORTS)
    password = _password(mailbox)
    name = address.domain(mailbox.address.rpartition("@")[2])
    try:
        server = _greeted(scheme, host, port, name)
    except smtplib.SMTPConnectError as error:
        text = f"{mailbox.smtp_url}: {error.smtp_code} {_text(error.smtp_error)}"
        raise Unreachable(text) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{mailbox.smtp_url}: {error}") from error
    try:
        _meet(mailbox.smtp_url, server.greeting)
        if scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if mailbox.oauth:
            oauth.log_in_smtp(server, mailbox.username, partial(_token, mailbox))
        elif server.has_extn("auth"):
            server.login(mailbox.username, password)
    except smtplib.SMTPAuthenticationError as error:
        _close(server)
        text = f"{mailbox.smtp_url}: login as {mailbox.username} refused: {error.smtp_code}"
        kind_of_error = Unreachable if error.smtp_code < 500 else Refused  # noqa: PLR2004 - 4xx passes
        raise kind_of_error(text) from error
    except MailboxError:
        _close(server)
        raise
    except (OSError, smtplib.SMTPException) as error:
        _close(server)
        raise Unreachable(f"{mailbox.smtp_url}: {error}") from error
    if isinstance(server.sock, socket.socket):
        server.sock.settimeout(ANSWER_WITHIN)
    return server


def _greeted(scheme: str, host: str, port: int, name: str) -> Smtp:
    if scheme != "smtps":
        return Smtp(host, port, local_hostname=name, timeout=CONNECT_WITHIN)
    # Without a context of its own the library would believe any certificate.
    trust = ssl.create_default_context()
    return SmtpOverTls(host, port, local_hostname=name, timeout=CONNECT_WITHIN, context=trust)


def _address(url: str, ports: dict[str, int]) -> tuple[str, str, int]:
    parts = urlsplit(url)
    if parts.scheme not in ports or not parts.hostname:
        raise Refused(f"{url!r} is no address such as {' or '.join(f'{s}://host' for s in ports)}")
    if settings.CADENZA_MODE == "sandbox" and not is_loopback(parts.hostname):
        raise Refused(f"{url}: in sandbox mode only this machine is talked to")
    return parts.scheme, parts.hostname, parts.port or ports[parts.scheme]


def _meet(url: str, greeting: bytes) -> None:
    if SANDBOX in _text(greeting) and settings.CADENZA_MODE != "sandbox":
        raise Refused(
            f"{url} is a sandbox, and CADENZA_MODE is {settings.CADENZA_MODE}: nothing is sent"
        )


def _password(mailbox: Mailbox) -> str:
    try:
        return secrets.resolve(mailbox.password, os.environ)
    except ValueError as error:
        raise Refused(f"{mailbox.address}: {error}") from error


def _token(mailbox: Mailbox, refused: str = "") -> str:
    try:
        return oauth.access_token(mailbox, refused=refused)
    except (Unauthorized, ValueError) as error:
        raise Refused(f"{mailbox.address}: {error}") from error
    except ConnectorError as error:
        raise Unreachable(f"{mailbox.address}: {error}") from error


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode("utf-8", "replace")


def _close(client: Smtp | IMAPClient) -> None:
    with suppress(OSError, smtplib.SMTPException, IMAPClientError, imaplib.IMAP4.error):
        if isinstance(client, Smtp):
            client.close()
        else:
            client.shutdown()
