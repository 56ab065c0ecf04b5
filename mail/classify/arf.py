"""Complaints: a provider reports that a person marked our email as spam (RFC 5965)."""

from dataclasses import dataclass
from email.message import Message

from mail.classify.parsed import Parsed, content, first_address, first_id, header, inside

#: Feedback that is no complaint of a person.
HARMLESS = frozenset({"not-spam", "auth-failure", "dmarc", "opt-out-list"})

#: Headers of our mail that tell whom and what the complaint is about.
_TOLD = ("to", "message-id", "x-hmxmroriginalrecipient")


@dataclass(frozen=True, kw_only=True)
class Complaint:
    feedback: str  #: abuse, fraud, virus, opt-out, other
    recipient: str = ""
    original_id: str = ""


def is_report(mail: Parsed) -> bool:
    return _report(mail) is not None


def detect(mail: Parsed) -> Complaint | None:
    report = _report(mail)
    if report is None:
        return _unreported(mail)
    fields = _fields(report)
    feedback = fields.get("feedback-type", "abuse").lower()
    if feedback in HARMLESS:
        return None
    original = _original(mail)
    return Complaint(
        feedback=feedback,
        recipient=first_address(fields.get("original-rcpt-to", "").rpartition(";")[2])
        or first_address(original.get("to", "")),
        original_id=first_id(original.get("message-id", "")),
    )


def _unreported(mail: Parsed) -> Complaint | None:
    """Outlook.com's junk mail reporting sends our email back and says the rest in the subject."""
    if not mail.subject.lower().startswith("complaint about message from"):
        return None
    original = _original(mail)
    recipient = original.get("x-hmxmroriginalrecipient", "") or original.get("to", "")
    return Complaint(
        feedback="abuse",
        recipient=first_address(recipient),
        original_id=first_id(original.get("message-id", "")),
    )


def _report(mail: Parsed) -> Message | None:
    return next((p for p in mail.own if p.get_content_type() == "message/feedback-report"), None)


def _fields(report: Message) -> dict[str, str]:
    """The report's lines; the parser may hand them out as text or as a mail of headers alone."""
    if inner := inside(report):
        return {name.lower(): header(inner[0], name) for name in list(inner[0].keys())[:50]}
    return _pairs(content(report))


def _pairs(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\n")[:100])
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value}


def _original(mail: Parsed) -> dict[str, str]:
    """The headers of our mail, which comes back whole or as headers alone."""
    for part in mail.parts:
        if part.get_content_type() == "text/rfc822-headers":
            return _pairs(content(part))
        if part.get_content_type() == "message/rfc822" and (inner := inside(part)):
            return {name: header(inner[0], name) for name in _TOLD}
    return {}
