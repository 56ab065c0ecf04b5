"""The bytes of an email: a template rendered once, threading, unsubscribe headers, CRLF."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from crm import facts
from crm.models import Deal, Lead
from mail import (
    address,
    attached,
    booking,
    dkim,
    feedback,
    invitations,
    mime,
    proof,
    rendering,
    subaddress,
    tracking,
    unsubscribe,
)
from mail.legal import Rules
from mail.models import EmailTemplate, Mailbox, Message, Sender
from runtime import clock
from workspace import layout, secrets
from workspace.templating import Known, known, paths_read


class Unsendable(Exception):
    """This email cannot be made from its template and its lead; the text says why."""


class Unsigned(Exception):
    """The mailbox's emails are to be signed and cannot be; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    raw: bytes
    subject: str
    text: str
    references: str
    redirected_to: str
    links: list[str]  #: where the tracked ones lead


@dataclass(frozen=True, kw_only=True)
class Diversion:
    """Somebody else gets the email than its lead: it says so, unsubscribes and tracks nobody."""

    to: str
    mark: str  #: stands before the subject


def compose(message: Message, sender: Sender | None = None) -> Composed:
    """Render and build; raises Unsendable.

    The bytes are to be signed and kept, and never made again. Without a sender, it is the one applied.
    """
    sender = sender or Sender.objects.first()
    if sender is None:
        raise Unsendable("no sender is applied: `cadenza apply` writes it from cadenza.yaml")
    refuse_without_basis(message, sender)
    return written(message, sender)


def refuse_without_basis(message: Message, sender: Sender) -> None:
    """Once more: it may have been taken back since the lead was enrolled; raises Unsendable."""
    if not sender.privacy:
        return
    if lacking := Rules.of(sender.privacy).lacking(facts.context(message.lead, message.deal)):
        raise Unsendable(lacking)


def refuse_begun(message: Message) -> None:
    """Once more: the meeting to which it invites may have begun since; raises Unsendable."""
    try:
        invitations.refuse_begun(message, facts.context(message.lead, message.deal))
    except ValueError as error:
        raise Unsendable(str(error)) from error


def redirect_to() -> str:
    """Where all email goes in staging; blank: to the leads."""
    return Sender.objects.values_list("redirect_to", flat=True).first() or ""


def written(message: Message, sender: Sender, diversion: Diversion | None = None) -> Composed:
    """Likewise, unsigned, in the name of this sender; nothing of it needs to be in the database."""
    if diversion is None and sender.redirect_to:
        diversion = Diversion(to=sender.redirect_to, mark=f"[for {message.to_email}]")
    lead, template = message.lead, message.template
    reader = unsubscribe.nobody() if diversion else lead
    context = _context(
        lead,
        message.deal,
        message.mailbox,
        sender,
        reader,
        request=None if diversion else message.pk,
        # An invitation reads facts of its own.
        read=None if message.invite else _read(template.subject, template.text, template.html),
    )
    timezone = str(message.window.get("timezone") or sender.timezone)
    context |= known(invitations.told(message, timezone))
    subject = _subject(message, context)
    text = _part(template, layout.TEXT, context)
    html = _part(template, layout.HTML, context)
    text = text or rendering.text_of(html)
    html, links = (html, []) if diversion else tracking.tracked(html, message, sender)
    references = _references(message)
    try:
        headers = _headers(message, sender, subject, references, reader)
        if diversion is not None:
            headers |= _diverted(message, diversion, subject)
        to = diversion.to if diversion else message.to_email
        invitation = invitations.of(message, context, to=to, timezone=timezone)
        calendar, *files = invitations.parts(invitation) if invitation else (b"",)
        raw = mime.build(
            headers,
            text=text,
            html=html,
            calendar=calendar,
            attachments=[*attached.parts(template), *files],
        )
    except ValueError as error:
        raise Unsendable(str(error)) from error
    return Composed(
        raw=raw,
        subject=subject,
        text=text,
        references=references,
        redirected_to=diversion.to if diversion else "",
        links=links,
    )


def problem(
    template: EmailTemplate,
    lead: Lead,
    deal: Deal | None,
    *,
    mailbox: Mailbox,
    sender: Sender | None,
) -> str:
    """Why this email cannot be made for this lead; blank when it can."""
    if sender is None:
        return "no sender is applied"
    return proof.problem(template, _context(lead, deal, mailbox, sender, lead), to=lead.email)


def signed(raw: bytes, mailbox: Mailbox) -> bytes:
    """With a signature where the mailbox has a key; raises Unsigned."""
    identity = identity_of(mailbox)
    return dkim.sign(raw, identity, at=clock.now()) if identity else raw


def identity_of(mailbox: Mailbox) -> dkim.Identity | None:
    """In whose name its emails are signed, if they are; raises Unsigned."""
    written = mailbox.dkim
    if written is None:
        return None
    try:
        key = dkim.read_key(secrets.resolve(written["key"], os.environ))
    except dkim.BadKey as error:
        raise Unsigned(f"{mailbox.address}: {written['key']} {error}") from error
    except ValueError as error:
        raise Unsigned(f"{mailbox.address}: {error}") from error
    return dkim.Identity(domain=written["domain"], selector=written["selector"], key=key)


def _context(
    lead: Lead,
    deal: Deal | None,
    mailbox: Mailbox,
    sender: Sender,
    reader: Lead,
    *,
    request: int | None = None,
    read: Mapping[str, frozenset[str]] | None = None,
) -> Known:
    """`request` is the id of the email that asks for a score, once there is one.

    `read` are the names and their fields that are, and hardly more is made; None: all.
    """
    ours: Mapping[str, Callable[[], object]] = {
        "sender": lambda: {
            "name": mailbox.display_name,
            "email": mailbox.address,
            "company": sender.company,
            "postal_address": sender.postal_address,
        },
        "unsubscribe_url": lambda: unsubscribe.link(reader, mailbox, sender),
        "booking_url": lambda: booking.link(reader, sender),
        "nps_url": lambda: feedback.link(request, sender),
    }
    told = {name: tell() for name, tell in ours.items() if read is None or name in read}
    return known({**facts.context(lead, deal, facts.FIELDS if read is None else read), **told})


@lru_cache(maxsize=1000)
def _read(*sources: str) -> Mapping[str, frozenset[str]] | None:
    """The facts that templates read: a name's fields, all where it stands alone.

    None when one cannot be parsed, which is told when it is rendered.
    """
    found: dict[str, frozenset[str]] = {}
    try:
        paths = [path.split(".") for source in sources for path in paths_read(source)]
    except rendering.TemplateError:
        return None
    for name, *field in paths:
        fields = frozenset(field[:1]) or facts.FIELDS.get(name, frozenset())
        found[name] = found.get(name, frozenset()) | fields
    return found


def _subject(message: Message, context: dict[str, object]) -> str:
    """A follow-up keeps its thread's subject to the letter: no "Re:" that nobody answered for."""
    parent = message.parent
    if parent is not None and parent.subject:
        return parent.subject
    subject = _part(message.template, layout.SUBJECT, context).strip()
    if not subject:
        file = layout.template_file(message.template.name, layout.SUBJECT)
        raise Unsendable(f"{file}:1: the subject is empty")
    return subject


def _part(template: EmailTemplate, part: str, context: dict[str, object]) -> str:
    sources = {
        layout.SUBJECT: template.subject,
        layout.TEXT: template.text,
        layout.HTML: template.html,
    }
    try:
        render = rendering.render_html if part == layout.HTML else rendering.render
        return render(sources[part], context)
    except rendering.TemplateError as error:
        file = layout.template_file(template.name, part)
        raise Unsendable(f"{file}:{rendering.line_of(error)}: {error}") from error


def _references(message: Message) -> str:
    parent = message.parent
    return f"{parent.references} {parent.message_id}".strip() if parent is not None else ""


def _diverted(message: Message, diversion: Diversion, subject: str) -> dict[str, str]:
    """Headers in place of those that name the lead, and one that still does."""
    original = address.envelope(message.to_email)
    return {
        "To": address.envelope(diversion.to),
        "Subject": mime.words(f"{diversion.mark} {subject}", "Subject"),
        "X-Cadenza-Original-To": mime.words(original, "X-Cadenza-Original-To"),
    }


def _headers(
    message: Message, sender: Sender, subject: str, references: str, reader: Lead
) -> dict[str, str]:
    mailbox, parent = message.mailbox, message.parent
    address.refuse_control(subject, "subject")
    web = unsubscribe.web_link(reader, sender)
    links = [web, unsubscribe.mail_link(reader, mailbox)]
    headers = {
        "From": mime.mailbox(mailbox.display_name, address.envelope(mailbox.address)),
        **_reply_to(message),
        "To": address.envelope(message.to_email),
        "Subject": mime.words(subject, "Subject"),
        "Date": _date(clock.now().replace(microsecond=0)),
        "Message-ID": message.message_id,
        "X-Cadenza-Step": message.token,
        "List-Unsubscribe": ", ".join(f"<{link}>" for link in links if link),
    }
    if web:
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if parent is not None:
        headers["In-Reply-To"] = parent.message_id
        headers["References"] = references
    return headers


@lru_cache  # most emails leave in the same second as another
def _date(second: datetime) -> str:
    return format_datetime(second)


def _reply_to(message: Message) -> dict[str, str]:
    mailbox = message.mailbox
    if mailbox.plus_addressing == Mailbox.PlusAddressing.NONE:
        return {}
    own = address.envelope(subaddress.of(message))
    return {"Reply-To": mime.mailbox(mailbox.display_name, own)}
