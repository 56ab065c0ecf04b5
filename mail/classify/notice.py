"""Notifications in free words: qmail, Exim, old Exchange and many others write prose."""

import re
from dataclasses import dataclass
from email.message import Message

from mail.classify.parsed import ADDRESS, Parsed, content, header
from mail.classify.server_words import (
    BOUNCE_SUBJECT,
    BOUNCE_WORDS,
    DELAY_SUBJECT,
    DELAY_WORDS,
    ORIGINAL_FOLLOWS,
    ROBOT,
    ROBOT_NAME,
)
from mail.classify.tables import AUTO_SUBJECT
from mail.classify.verdict import HARD, codes, reason_in

#: Characters of a notification that are searched, and of one of its lines.
MOST_WORDS = 16_000
MOST_LINE = 1000
#: Characters in which a notification says that it is one.
OPENING = 2000
MOST_RECIPIENTS = 50

_REPLY_SUBJECT = re.compile(r"\s*(re|aw|sv|antw|fwd?|wg|tr|rv)\s*:", re.IGNORECASE)
_ADDRESS = ADDRESS.pattern
#: How a line names the recipient that failed; the surest first.
_ALONE = rf"^\W{{0,4}}({_ADDRESS})[>\"']{{0,2}}\s{{0,4}}(:|$|\(| on \d|\.{{3}})"
_XMAIL, _COMMUNIGATE = rf"rcpt=\[({_ADDRESS})\]", rf"failed to deliver to '({_ADDRESS})'"
_COMMAND = rf"rcpt to:\s{{0,4}}<?({_ADDRESS})"
_LABELED = rf"^\s{{0,8}}[^\s:：@][^:：@]{{0,40}}[:：]\s{{0,4}}['\"<]?({_ADDRESS})"
_NAMED = (
    re.compile(f"{_ALONE}|{_XMAIL}|{_COMMUNIGATE}", re.IGNORECASE),
    re.compile(f"{_COMMAND}|{_LABELED}", re.IGNORECASE),
)
_OURS = re.compile(
    r"\s{0,8}(>>> mail from|from|sender|reply-to|return-path|mail from|von|de|message-id)\b\s?:",
    re.IGNORECASE,
)


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
    delayed = bool(DELAY_SUBJECT.search(mail.subject)) or (
        DELAY_WORDS.search(opening) is not None and BOUNCE_WORDS.search(opening) is None
    )
    return Notice(delayed=delayed, recipients=recipients(mail), words=words, rule=rule)


def before_original(words: str) -> str:
    """What the server says, without our mail below it."""
    words = words[:MOST_WORDS]
    cut = ORIGINAL_FOLLOWS.search(words)
    return words[: cut.start()] if cut else words


def recipients(mail: Parsed) -> tuple[str, ...]:
    """From the header that some servers set, else from the words, else from our mail."""
    named = ADDRESS.findall(header(mail.headers, "X-Failed-Recipients"))
    return tuple(dict.fromkeys(named[:MOST_RECIPIENTS])) or _in_words(mail) or _in_original(mail)


def _rule(mail: Parsed, words: str) -> str:
    """Which signs speak for a notification; blank when they do not suffice."""
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    subject = BOUNCE_SUBJECT.search(mail.subject) is not None
    opens = BOUNCE_WORDS.search(words[:OPENING]) is not None
    if mail.subject.casefold().startswith(AUTO_SUBJECT):
        return ""
    if _REPLY_SUBJECT.match(mail.subject):
        return ""
    told = "subject" if subject else "words"
    if _is_a_robot(mail) and (subject or opens or codes(words) or reason_in(words) in HARD):
        return f"robot's address and {told}"
    # Automatic replies have no return path either: they may speak of addresses and deliveries.
    if _has_null_path(mail) and (subject or (opens and (codes(words) or reason_in(words) in HARD))):
        return f"null path and {told}"
    # A person may write of undelivered goods, but names nobody whom a mail did not reach.
    named = subject and opens and not mail.answers and _in_words(mail)
    return "subject and words" if named else ""


def _is_a_robot(mail: Parsed) -> bool:
    local = mail.from_email.partition("@")[0]
    kind = mail.header("Content-Type").replace('"', "").lower()
    return (
        bool(ROBOT.match(local))
        or bool(ROBOT_NAME.search(mail.header("From")[:400]))
        or "report-type=delivery-status" in kind
    )


def _has_null_path(mail: Parsed) -> bool:
    return mail.header("Return-Path").replace(" ", "") == "<>"


def _in_words(mail: Parsed) -> tuple[str, ...]:
    lines = [line[:MOST_LINE] for line in before_original(mail.text).split("\n")]
    lines = [line for line in lines if "@" in line and not _OURS.match(line)]
    for form in _NAMED:
        matches = (form.search(line) for line in lines)
        found = [
            next(group for group in m.groups() if group and "@" in group) for m in matches if m
        ]
        if named := _others(mail, found):
            return named
    anywhere = [address for line in lines for address in ADDRESS.findall(line)]
    return _others(mail, anywhere)[:1]


def _others(mail: Parsed, found: list[str]) -> tuple[str, ...]:
    """Without our own address and the robot's, each once."""
    known = {mail.from_email.lower(), *(a.lower() for a in ADDRESS.findall(mail.header("To")))}
    clean = (address.rstrip(".'") for address in found)
    others = [a for a in clean if a.lower() not in known and not ROBOT.match(a)]
    return tuple({address.lower(): address for address in others}.values())[:MOST_RECIPIENTS]


def _in_original(mail: Parsed) -> tuple[str, ...]:
    """Whom our returned mail went to."""
    for part in mail.parts[1:]:
        inner = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(inner, list):
            to = header(inner[0], "To") if isinstance(inner[0], Message) else ""
        elif part.get_content_type() == "text/rfc822-headers":
            to = _to_line(content(part)[:MOST_WORDS])
        else:
            continue
        if found := ADDRESS.findall(to):
            return tuple(found[:MOST_RECIPIENTS])
    return tuple(ADDRESS.findall(_to_line(mail.text[: MOST_WORDS * 2]))[:1])


def _to_line(text: str) -> str:
    return next((line for line in text.split("\n") if line[:3].lower() == "to:"), "")[:MOST_LINE]
