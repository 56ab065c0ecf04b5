"""What people and mail servers write back, as such emails look in the wild."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.mail.post import WIRE, Accepted, on_the_wire
from sandbox.parties import Person

Letter = Callable[[Accepted, datetime], bytes]

#: What a persona says; {} is the first phrase that the team's process knows it by.
_SAYINGS = {
    "interested": ("sounds interesting", "This {}. When could we speak?"),
    "price": ("too expensive", "To be honest, this is {} for us."),
    "timing": ("not the right time", "It is {} for us."),
    "has_solution": ("already have a solution", "Thank you, but we {}."),
    "wrong_person": ("not the right person", "I am {} for this, sorry."),
}
_GREETINGS = {
    "de": "Guten Tag,",
    "fr": "Bonjour,",
    "es": "Hola,",
    "it": "Buongiorno,",
    "pt": "Olá,",
    "pl": "Dzień dobry,",
    "el": "Καλημέρα,",
    "ru": "Добрый день,",
    "uk": "Добрий день,",
    "ja": "こんにちは、",
    "zh": "您好，",
    "ar": "مرحبا،",
}


def sentence(person: Person, disposition: str, process: Mapping[str, Any]) -> str:
    """A persona's own words, with a phrase that the process knows."""
    usual, saying = _SAYINGS[disposition]
    phrases = (process.get("answers") or {}).get(disposition) or [usual]
    phrase = usual if usual in phrases else phrases[0]
    greeting = _GREETINGS.get(person.language[:2], "Hello,")
    return f"{greeting}\n\n{saying.format(phrase)}"


def sender_of(person: Person, number: int) -> str:
    """Mostly the address that was written to; now and then a colleague's in the same company."""
    domain = person.email.rpartition("@")[2]
    return f"office@{domain}" if number < 6 else person.email  # noqa: PLR2004 - six of a hundred


def reply(person: Person, mail: Accepted, text: str, *, sender: str, at: datetime) -> bytes:
    """A reply with the original quoted, in the style of one client or another."""
    name = f"{person.first_name} {person.last_name}".strip()
    style = _STYLES[_number(mail.message_id) % len(_STYLES)]
    body = f"{text}\n\n{name}\n\n{style(mail, at)}"
    html = _number(mail.message_id, "html") % 3 == 0
    letter: MIMEMultipart | MIMEText
    if html:
        letter = MIMEMultipart("alternative")
        letter.attach(MIMEText(body, "plain", "utf-8"))
        quoted = _escaped(mail.text).replace("\n", "<br>")
        own = _escaped(f"{text}\n\n{name}").replace("\n", "<br>")
        letter.attach(
            MIMEText(
                f'<div>{own}</div><br><div class="gmail_quote"><blockquote>{quoted}'
                "</blockquote></div>",
                "html",
                "utf-8",
            )
        )
    else:
        letter = MIMEText(body, "plain", "utf-8")
    _address(letter, mail, sender=sender, at=at)
    references = f"{mail.message.get('References', '')} {mail.message_id}".split()
    letter["In-Reply-To"] = mail.message_id
    letter["References"] = " ".join(references)
    letter["Subject"] = f"Re: {mail.subject}"
    return letter.as_bytes(policy=WIRE)


def out_of_office(person: Person, mail: Accepted, *, until: Any, at: datetime) -> bytes:
    letter = MIMEText(
        f"I am out of office. I am back on {until:%Y-%m-%d}.\n\n{person.first_name}",
        "plain",
        "utf-8",
    )
    _address(letter, mail, sender=person.email, at=at)
    letter["In-Reply-To"] = mail.message_id
    letter["References"] = mail.message_id
    letter["Subject"] = f"Automatic reply: {mail.subject}"
    letter["Auto-Submitted"] = "auto-replied"
    letter["X-Auto-Response-Suppress"] = "All"
    return letter.as_bytes(policy=WIRE)


def unsubscribe_mail(person: Person, link: str, *, at: datetime) -> bytes:
    """What a mail client sends for the mailto variant of List-Unsubscribe."""
    parts = urlsplit(link)
    letter = MIMEText("", "plain", "utf-8")
    letter["From"] = on_the_wire(person.email)
    letter["To"] = unquote(parts.path)
    letter["Subject"] = parse_qs(parts.query).get("subject", ["unsubscribe"])[0]
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = _message_id(link, at)
    return letter.as_bytes(policy=WIRE)


def bounce(mail: Accepted, at: datetime) -> bytes:
    return _report(mail, at, action="failed", status="5.1.1", words="550 5.1.1 User unknown")


def delayed(mail: Accepted, at: datetime) -> bytes:
    return _report(
        mail, at, action="delayed", status="4.4.7", words="451 4.4.7 Message delayed; still trying"
    )


def one_click_link(mail: Accepted) -> str:
    """The http(s) link, when the mail says that a POST there unsubscribes."""
    if mail.message.get("List-Unsubscribe-Post", "").strip() != "List-Unsubscribe=One-Click":
        return ""
    return _link(mail, "http")


def mail_link(mail: Accepted) -> str:
    return _link(mail, "mailto:")


def feedback_link(mail: Accepted, product_url: str) -> str:
    """To the page that asks for a score."""
    return _in_text(mail, rf"{re.escape(product_url)}/n/[\w-]+")


def booking_link(mail: Accepted) -> str:
    """To the page on which meetings are booked, with what says who booked."""
    return _in_text(mail, r"https?://\S+metadata%5Bcadenza%5D=[\w-]+")


def _in_text(mail: Accepted, pattern: str) -> str:
    found = re.search(pattern, mail.text)
    return found[0] if found else ""


def _link(mail: Accepted, scheme: str) -> str:
    links = re.findall(r"<([^<>\s]+)>", str(mail.message.get("List-Unsubscribe", "")))
    return next((link for link in links if link.startswith(scheme)), "")


def _report(mail: Accepted, at: datetime, *, action: str, status: str, words: str) -> bytes:
    """RFC 3464, as a mail server returns it."""
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["From"] = "MAILER-DAEMON@mx.example"
    report["To"] = mail.sender
    report["Subject"] = (
        "Undelivered Mail Returned to Sender"
        if action == "failed"
        else ("Delayed Mail (still being retried)")
    )
    report["Date"] = format_datetime(at)
    report["Message-ID"] = _message_id(mail.message_id, at, action)
    report["Auto-Submitted"] = "auto-replied"
    report["Return-Path"] = "<>"
    report.attach(MIMEText(f"Your message to {mail.recipient}: {words}\n", "plain", "utf-8"))
    recipient = on_the_wire(mail.recipient)
    delivery = MIMENonMultipart("message", "delivery-status")
    delivery.set_payload(
        [
            _fields(("Reporting-MTA", "dns; mx.example"), ("Arrival-Date", format_datetime(at))),
            _fields(
                ("Final-Recipient", f"rfc822; {recipient}"),
                ("Action", action),
                ("Status", status),
                ("Diagnostic-Code", f"smtp; {words}"),
            ),
        ]
    )
    report.attach(delivery)
    headers = MIMEText(
        "".join(f"{name}: {value}\n" for name, value in mail.message.items()), "rfc822-headers"
    )
    report.attach(headers)
    return report.as_bytes(policy=WIRE)


def _fields(*fields: tuple[str, str]) -> Message:
    block = Message()
    for name, value in fields:
        block[name] = value
    return block


def _address(
    letter: MIMEMultipart | MIMEText, mail: Accepted, *, sender: str, at: datetime
) -> None:
    letter["From"] = on_the_wire(sender)
    letter["To"] = mail.sender
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = _message_id(mail.message_id, at, sender)


def _message_id(*about: object) -> str:
    return f"<{sha256(repr(about).encode()).hexdigest()[:32]}@people.example>"


def _number(*about: str) -> int:
    return int.from_bytes(sha256(repr(about).encode()).digest()[:4], "big")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(mail: Accepted) -> str:
    return "\n".join(f"> {line}" for line in mail.text.splitlines())


def _gmail(mail: Accepted, at: datetime) -> str:
    return f"On {at:%a, %b %d, %Y at %H:%M} {mail.sender} wrote:\n\n{_quoted(mail)}"


def _german(mail: Accepted, at: datetime) -> str:
    return f"Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {mail.sender}:\n{_quoted(mail)}"


def _outlook(mail: Accepted, at: datetime) -> str:
    return (
        "-----Original Message-----\n"
        f"From: {mail.sender}\nSent: {at:%A, %B %d, %Y %H:%M}\nTo: {mail.recipient}\n"
        f"Subject: {mail.subject}\n\n{mail.text}"
    )


_STYLES = (_gmail, _german, _outlook)
