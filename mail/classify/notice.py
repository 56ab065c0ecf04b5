"""Notifications in free words: qmail, Exim, old Exchange and many others write prose."""

from dataclasses import dataclass

from mail.classify.parsed import Parsed
from mail.classify.recipients import before_original, in_words, named
from mail.classify.server_words import (
    BOUNCE_SUBJECT,
    BOUNCE_WORDS,
    DELAY_SUBJECT,
    DELAY_WORDS,
    ROBOT,
    ROBOT_NAME,
)
from mail.classify.tables import ANSWERING, AUTO_SUBJECT
from mail.classify.verdict import codes, reason_in, status_in
from mail.codes import HARD

#: Characters in which a notification says that it is one.
OPENING = 2000

_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})
_OTHER_REPORTS = frozenset({"message/feedback-report", "message/disposition-notification"})


@dataclass(frozen=True, kw_only=True)
class Notice:
    delayed: bool
    recipients: tuple[str, ...]
    words: str  #: up to where our own mail begins
    rule: str


def detect(mail: Parsed) -> Notice | None:
    """None when the mail is no notification."""
    words = before_original(mail.text)
    rule = _rule(mail, words)
    if not rule:
        return None
    opening = words[:OPENING]
    late = DELAY_SUBJECT.search(mail.subject) is not None and not _is_for_good(words)
    delayed = late or DELAY_WORDS.search(opening) is not None
    return Notice(delayed=delayed, recipients=named(mail), words=words, rule=rule)


def is_a_robots(mail: Parsed) -> bool:
    """Whether a mail server wrote it, after its sender or the kind of its parts."""
    local = mail.from_email.partition("@")[0]
    kind = mail.header("Content-Type").replace('"', "").lower()
    return (
        bool(ROBOT.match(local))
        or bool(ROBOT_NAME.search(mail.header("From")[:400]))
        or "report-type=delivery-status" in kind
    )


def _rule(mail: Parsed, words: str) -> str:
    """Which signs speak for a notification; blank when they do not suffice."""
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    subject = (
        BOUNCE_SUBJECT.search(mail.subject) or DELAY_SUBJECT.search(mail.subject)
    ) is not None
    opens = BOUNCE_WORDS.search(words[:OPENING]) is not None
    if mail.subject.casefold().startswith(AUTO_SUBJECT):
        return ""
    if ANSWERING.match(mail.subject):
        return ""
    told = "subject" if subject else "words"
    refused = bool(codes(words)) or reason_in(words) in HARD
    returned = _carries_ours(mail)
    below = len(words) < len(mail.text)  # our mail, not as a part of its own
    if is_a_robots(mail) and (subject or opens or refused or returned or below):
        return f"robot's address and {told}"
    # Automatic replies have no return path either: they may speak of addresses and deliveries.
    if _has_null_path(mail) and (subject or (opens and (refused or returned))):
        return f"null path and {told}"
    # A person may write of undelivered goods, but neither names somebody whom a mail did not reach
    # nor sends our mail back.
    proven = subject and opens and not mail.answers and (returned or in_words(mail))
    return "subject and words" if proven else ""


def _is_for_good(words: str) -> bool:
    """Whatever the subject says: ours stands in it, which may be about a delay."""
    return status_in(words).startswith("5") or reason_in(words) in HARD


def _carries_ours(mail: Parsed) -> bool:
    """Whether our mail comes back as a part; complaints and receipts may carry it, too."""
    kinds = {part.get_content_type() for part in mail.own[1:]}
    return not kinds.isdisjoint(_RETURNED) and kinds.isdisjoint(_OTHER_REPORTS)


def _has_null_path(mail: Parsed) -> bool:
    """Nobody to answer to, or the daemon itself where the last server wrote that down."""
    path = mail.header("Return-Path").replace(" ", "")
    return path == "<>" or "<>" in mail.header("From") or bool(ROBOT.match(path.strip("<>")))
