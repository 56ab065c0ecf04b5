"""Everything that can stand in the way, of some mailboxes."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import requests
from django.conf import settings

from connectors.endpoints import is_loopback
from crm.definition import web_address
from mail import address
from mail.doctor import dkim_record, dmarc, esp, hosts, logins, spf
from mail.doctor.findings import Finding, Grade
from mail.doctor.names import Names, NoAnswer, names
from mail.doctor.providers import provider_of
from mail.models import Mailbox, Sender
from runtime import clock
from workspace.problems import Fault

#: Real seconds for our own web to answer.
ANSWER_WITHIN = 10.0


def examine(
    found: Iterable[Mailbox], told: Callable[[str], None], public_url: str | None = None
) -> list[Finding]:
    """Findings in the order of the mailboxes; `told` hears what is looked at now.

    Without a public address it is the one applied.
    """
    findings: dict[Finding, None] = {}  # mailboxes of one domain find the same
    asked = _names()
    for mailbox in found:
        told(mailbox.address)
        findings |= dict.fromkeys(_of_mailbox(mailbox, asked, clock.now()))
    if public_url is None:
        public_url = Sender.objects.values_list("public_url", flat=True).first()
    if public_url is not None:
        told("the public address")
        findings[_of_public_url(public_url)] = None
    return list(findings)


def _of_mailbox(mailbox: Mailbox, asked: Names | NoAnswer, now: datetime) -> Iterator[Finding]:
    domain = address.domain(mailbox.address.rpartition("@")[2])
    server = urlsplit(mailbox.smtp_url).hostname or ""
    provider = provider_of(server)
    ours = dkim_record.Ours(**mailbox.dkim) if mailbox.dkim else None
    signed_as = ours.domain if ours else ""
    yield _asking("spf", domain, asked, lambda by: spf.examine(domain, by, provider))
    yield _asking(
        "dkim",
        domain,
        asked,
        lambda by: (
            dkim_record.examine_ours(ours, by)
            if ours
            else dkim_record.examine_theirs(domain, by, provider)
        ),
    )
    yield _asking("dmarc", domain, asked, lambda by: dmarc.examine(domain, by, signed_as))
    yield _asking("mx", domain, asked, lambda by: hosts.examine_exchanges(domain, by))
    if server and not is_loopback(server):
        yield _asking("ptr", server, asked, lambda by: hosts.examine_pointers(server, by))
    yield from esp.examine_esp(mailbox) if mailbox.esp else logins.examine_smtp(mailbox, now)
    if mailbox.imap_url:
        yield from logins.examine_imap(mailbox, now)


def _asking(
    check: str, subject: str, asked: Names | NoAnswer, question: Callable[[Names], Finding]
) -> Finding:
    try:
        if isinstance(asked, NoAnswer):
            raise asked
        return question(asked)
    except NoAnswer as error:
        fix = "try again; another resolver: CADENZA_RESOLVER=192.0.2.53:53"
        return Finding(subject=subject, check=check, grade=Grade.UNKNOWN, said=str(error), fix=fix)


def _names() -> Names | NoAnswer:
    try:
        return names()
    except NoAnswer as error:
        return error


def _of_public_url(url: str) -> Finding:
    """RFC 8058 wants HTTPS, and providers POST to it: it has to be reached from outside."""
    if not url:
        said = "not set: unsubscribing works by mail alone, without one click"
        return _public(Grade.WARNING, said, "set public_url in cadenza.yaml")
    try:
        base = web_address(url)
    except Fault as fault:
        return _public(Grade.FAULT, str(fault), "set public_url in cadenza.yaml, and cadenza apply")
    host = urlsplit(url).hostname or ""
    if settings.CADENZA_MODE == "sandbox" and not is_loopback(host):
        said = f"{url}: in sandbox mode only this machine is asked"
        return _public(Grade.UNKNOWN, said, "run it where the mailboxes are real")
    return _of_answer(url, base)


def _of_answer(url: str, base: str) -> Finding:
    try:
        answer = requests.get(f"{base}/healthz", timeout=ANSWER_WITHIN, allow_redirects=False)
    except requests.RequestException as error:
        fix = "start `cadenza web`, and check the name and the proxy before it"
        return _public(Grade.FAULT, f"{url} does not answer: {_why(error)}", fix)
    if answer.text.strip() != "ok":
        fix = "lead the whole of this address to `cadenza web`"
        return _public(Grade.FAULT, f"{base}/healthz: {answer.status_code}, and not ours", fix)
    if not url.startswith("https://") and not is_loopback(urlsplit(url).hostname or ""):
        return _public(Grade.FAULT, f"{url} is not encrypted", "one click needs https (RFC 8058)")
    return _public(Grade.FINE, url)


def _why(error: requests.RequestException) -> str:
    """Without the objects that the library's own words are made of."""
    if isinstance(error, requests.Timeout):
        return f"nothing came within {ANSWER_WITHIN:.0f} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate does not hold for this name, or it speaks no TLS"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return "it hung up"


def _public(grade: Grade, said: str, fix: str = "") -> Finding:
    return Finding(subject="public_url", check="web", grade=grade, said=said, fix=fix)
