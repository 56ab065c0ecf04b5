"""The bytes of an email: a template rendered once, threading, unsubscribe headers, CRLF."""

import re
from dataclasses import dataclass
from email.charset import QP, Charset
from email.utils import format_datetime
from typing import cast

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEMultipart

from crm import facts
from crm.models import Deal, Lead
from mail import rendering, unsubscribe
from mail.models import EmailTemplate, Mailbox, Message, Sender
from runtime import clock

#: RFC 5322 2.1.1, without the line end.
LONGEST_LINE = 998

#: Quoted-printable needs no 8BITMIME and breaks long lines; headers use the shorter encoding.
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP

_LINE_END = re.compile(r"\r\n|\r|\n")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


class Unsendable(Exception):
    """This email cannot be made from its template and its lead; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    raw: bytes
    subject: str
    text: str
    references: str


def compose(message: Message) -> Composed:
    """Render and build; raises Unsendable. The bytes are to be kept, and never made again."""
    sender = Sender.objects.first()
    if sender is None:
        raise Unsendable("no sender is applied: `cadenza apply` writes it from cadenza.yaml")
    context = _context(message.lead, message.deal, message.mailbox, sender)
    try:
        subject = _subject(message, context)
        text = rendering.render(message.template.text, context)
        html = rendering.render(message.template.html, context) if message.template.html else ""
    except rendering.TemplateError as error:
        raise Unsendable(f"template {message.template.name}: {error}") from error
    references = _references(message)
    try:
        raw = _bytes(message, sender, subject, text, html, references)
    except ValueError as error:
        raise Unsendable(str(error)) from error
    return Composed(raw=raw, subject=subject, text=text, references=references)


def problem(template: EmailTemplate, lead: Lead, deal: Deal | None) -> str:
    """Why this email cannot be made for this lead; blank when it can."""
    sender = Sender.objects.first()
    if sender is None:
        return "no sender is applied"
    owned = Mailbox.objects.filter(owner=lead.owner_id).first() if lead.owner_id else None
    mailbox = owned or Mailbox(address="nobody@example.invalid", display_name="Nobody")
    context = _context(lead, deal, mailbox, sender)
    try:
        subject = rendering.render(template.subject, context).strip()
        rendering.render(template.text, context)
        rendering.render(template.html, context)
        _refuse_control(subject, "subject")
        envelope_address(lead.email)
    except (rendering.TemplateError, ValueError) as error:
        return str(error)
    return "" if subject else "the subject is empty"


def envelope_address(address: str) -> str:
    """The address as it is said to a server: the domain in ASCII; raises ValueError."""
    _refuse_control(address, "address")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no email address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise ValueError(f"{address!r}: the domain is no host name") from error


def _context(lead: Lead, deal: Deal | None, mailbox: Mailbox, sender: Sender) -> dict[str, object]:
    return {
        **facts.context(lead, deal),
        "sender": {
            "name": mailbox.display_name,
            "email": mailbox.address,
            "company": sender.company,
            "postal_address": sender.postal_address,
        },
        "unsubscribe_url": unsubscribe.link(lead, mailbox, sender),
    }


def _subject(message: Message, context: dict[str, object]) -> str:
    """A follow-up keeps its thread's subject to the letter: no "Re:" that nobody answered for."""
    if message.parent is not None and message.parent.subject:
        return message.parent.subject
    subject = rendering.render(message.template.subject, context).strip()
    if not subject:
        raise Unsendable(f"template {message.template.name}: the subject is empty")
    return subject


def _references(message: Message) -> str:
    if message.parent is None:
        return ""
    return f"{message.parent.references} {message.parent.message_id}".strip()


def _bytes(
    message: Message, sender: Sender, subject: str, text: str, html: str, references: str
) -> bytes:
    _refuse_control(subject, "subject")
    _refuse_control(message.mailbox.display_name, "sender's name")
    recipient = envelope_address(message.to_email)
    mail = EmailMultiAlternatives(
        subject=subject,
        body=_LINE_END.sub("\n", text),
        headers=_headers(message, sender, references),
    )
    mail.encoding = _UTF8
    if html:
        mail.attach_alternative(_LINE_END.sub("\n", html), "text/html")
    # The To header is written here: Django would encode a non-ASCII local part, which no server reads.
    raw = f"To: {recipient}\r\n".encode() + cast("SafeMIMEMultipart", mail.message()).as_bytes(
        linesep="\r\n"
    )
    raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    longest = max(map(len, raw.split(b"\r\n")))
    if longest > LONGEST_LINE:
        raise ValueError(
            f"a header has {longest} characters in one word; {LONGEST_LINE} fit a line"
        )
    return raw


def _headers(message: Message, sender: Sender, references: str) -> dict[str, str]:
    mailbox, lead = message.mailbox, message.lead
    web = unsubscribe.web_link(lead, sender)
    links = [web, unsubscribe.mail_link(lead, mailbox)]
    headers = {
        "From": _from(mailbox),
        "Date": format_datetime(clock.now()),
        "Message-ID": message.message_id,
        "X-Cadenza-Step": message.token,
        "List-Unsubscribe": ", ".join(f"<{link}>" for link in links if link),
    }
    if web:
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.parent is not None:
        headers["In-Reply-To"] = message.parent.message_id
        headers["References"] = references
    return headers


def _from(mailbox: Mailbox) -> str:
    address = envelope_address(mailbox.address)
    if not mailbox.display_name:
        return address
    quoted = mailbox.display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def _refuse_control(value: str, what: str) -> None:
    if _FORBIDDEN.search(value):
        raise ValueError(f"the {what} {value!r} has a line break or control character in it")
