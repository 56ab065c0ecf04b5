"""Complaints: a provider reports that a person marked our email as spam (RFC 5965)."""

from dataclasses import dataclass
from email.message import Message

from mail.classify.parsed import Parsed, content, first_address, first_id, header

#: Feedback that is no complaint of a person.
HARMLESS = frozenset({"not-spam", "auth-failure", "dmarc", "opt-out-list"})


@dataclass(frozen=True, kw_only=True)
class Complaint:
    feedback: str  #: abuse, fraud, virus, opt-out, other
    recipient: str = ""
    original_id: str = ""


def detect(mail: Parsed) -> Complaint | None:
    report = next(
        (p for p in mail.parts if p.get_content_type() == "message/feedback-report"), None
    )
    if report is None:
        return None
    fields = _fields(report)
    feedback = fields.get("feedback-type", "abuse").lower()
    if feedback in HARMLESS:
        return None
    original = _original(mail)
    recipient = fields.get("original-rcpt-to") or (header(original, "To") if original else "")
    return Complaint(
        feedback=feedback,
        recipient=first_address(recipient),
        original_id=first_id(header(original, "Message-ID")) if original else "",
    )


def _fields(report: Message) -> dict[str, str]:
    """The report's lines; the parser may hand them out as text or as a mail of headers alone."""
    payload = report.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return {name.lower(): header(payload[0], name) for name in list(payload[0].keys())[:50]}
    pairs = (line.partition(":") for line in content(report).split("\n")[:100])
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value}


def _original(mail: Parsed) -> Message | None:
    for part in mail.parts:
        inner = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(inner, list):
            return next((p for p in inner if isinstance(p, Message)), None)
    return None
