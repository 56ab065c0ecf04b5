"""A mailbox's servers: the connection, its encryption, the login, and the folders."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SENT

from connectors.endpoints import is_loopback
from mail import mailboxes
from mail.doctor.findings import Finding, Grade
from mail.models import Mailbox
from workspace.counts import counted
from workspace.secrets import MissingSecret

#: A certificate that ends sooner needs somebody's attention.
SOON = timedelta(days=14)


def examine_smtp(mailbox: Mailbox, now: datetime) -> Iterator[Finding]:
    try:
        server = mailboxes.smtp(mailbox)
    except mailboxes.MailboxError as error:
        yield from _no_login(mailbox, "smtp", error)
        return
    yield _encryption(mailbox.smtp_url, server.sock, now)
    if server.has_extn("auth"):
        yield Finding(mailbox.address, "smtp", Grade.FINE, f"logged in as {mailbox.username}")
        return
    said = "the server asks for no login"
    yield Finding(mailbox.address, "smtp", Grade.WARNING, said, "check that smtp names its port")


def examine_imap(mailbox: Mailbox, now: datetime) -> Iterator[Finding]:
    try:
        client = mailboxes.open_imap(mailbox)
    except mailboxes.MailboxError as error:
        yield from _no_login(mailbox, "imap", error)
        return
    try:
        yield _encryption(mailbox.imap_url, client.socket(), now)
        yield from _folders(mailbox, client)
    except (OSError, IMAPClientError, imaplib.IMAP4.error) as error:
        fix = "look at the server's log, and try again"
        yield Finding(mailbox.address, "imap", Grade.FAULT, str(error), fix)
    finally:
        with suppress(OSError, IMAPClientError, imaplib.IMAP4.error):
            client.shutdown()


def _folders(mailbox: Mailbox, client: IMAPClient) -> Iterator[Finding]:
    state = client.select_folder("INBOX", readonly=True)
    said = f"logged in as {mailbox.username}; {counted(int(state[b'EXISTS']), 'email')} in INBOX"
    yield Finding(mailbox.address, "imap", Grade.FINE, said)
    if not client.has_capability("IDLE"):
        said = "the server has no IDLE: answers are seen when the inbox is next polled"
        yield Finding(mailbox.address, "idle", Grade.WARNING, said, "nothing to do but to know it")
    folder = client.find_special_folder(SENT)
    if folder:
        yield Finding(mailbox.address, "sent folder", Grade.FINE, str(folder))
        return
    said = "none: an email whose outcome is unknown waits for a person"
    fix = "let the server keep sent copies, in a folder that it marks as \\Sent"
    yield Finding(mailbox.address, "sent folder", Grade.WARNING, said, fix)


def _no_login(mailbox: Mailbox, check: str, error: mailboxes.MailboxError) -> Iterator[Finding]:
    """An encryption that failed is told as such: the login was not tried then."""
    if isinstance(error.__cause__, ssl.SSLError):
        fix = "have the certificate renewed, or name the host that it is made out to"
        yield Finding(mailbox.address, "tls", Grade.FAULT, str(error), fix)
        return
    fix = f"check the address of {check}, and whether a firewall is in the way"
    if isinstance(error.__cause__, MissingSecret):
        fix = "set it where this command and the workers run"
    elif isinstance(error, mailboxes.Refused):
        fix = _after_refusal(mailbox, error)
    yield Finding(mailbox.address, check, Grade.FAULT, str(error), fix)


def _after_refusal(mailbox: Mailbox, error: mailboxes.Refused) -> str:
    """Without a cause it was refused here, by its address or the mode, and no login was tried."""
    resume = f"cadenza resume --mailbox {mailbox.address}"
    if error.__cause__ is None:
        return "name the right server in cadenza.yaml, or run this where its servers may be reached"
    if not mailbox.oauth:
        return f"check username and password; then: {resume}"
    if mailbox.oauth.get("refresh_token"):
        return f"check the client and the refresh_token of its oauth; then: {resume}"
    return f"have its owner consent: cadenza mailbox login {mailbox.address}"


def _encryption(url: str, sock: object, now: datetime) -> Finding:
    if not isinstance(sock, ssl.SSLSocket):
        if is_loopback(urlsplit(url).hostname or ""):
            return Finding(url, "tls", Grade.FINE, "not encrypted, and on this machine")
        fix = "use smtp+starttls:// or smtps://, imaps:// or imap+starttls://"
        return Finding(url, "tls", Grade.FAULT, "the password is sent in the clear", fix)
    ends = datetime.fromtimestamp(_ends(sock), tz=now.tzinfo)
    said = f"{sock.version()}, certificate until {ends:%Y-%m-%d}"
    if ends - now < SOON:
        return Finding(url, "tls", Grade.WARNING, said, "have the certificate renewed")
    return Finding(url, "tls", Grade.FINE, said)


def _ends(sock: ssl.SSLSocket) -> float:
    certificate = sock.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(certificate["notAfter"]))
