"""Delivery status notifications: who could not be reached, for good or for now (RFC 3464 and kin)."""

import re
from dataclasses import dataclass
from email.message import Message

from mail.classify.parsed import Parsed, content, first_address, first_id, header

#: Enhanced codes by what they mean for the address; the longest prefix decides.
#: Hard: it takes no mail and never will. Soft: another try, another day, another sender may do.
HARD_CODES = {
    "5.1": True, "5.1.7": False, "5.1.8": False, "5.1.9": False,
    "5.2.1": True, "5.4.4": True, "5.4.310": True, "5.0.1": True,
}  # fmt: skip
#: Codes that say too little: the words decide.
VAGUE = re.compile(r"5\.(0\.0|5\.0|3\.0|4\.0|2\.0|7\.1|5\.1|3\.5)")

GONE = re.compile(
    r"user[ -]?unknown|unknown[ -](user|recipient|address|local)|no such (user|recipient|mailbox|person|address)"
    r"|(does not|doesn'?t|did not) exist|not? (such )?(a )?(known|valid) (user|recipient|mailbox|address)"
    r"|invalid (recipient|mailbox|address|user)|(mailbox|account|user|address|recipient)[^.\n]{0,80}"
    r"(disabled|inactive|deactivated|not found|unknown|rejected: user|no longer|suspended|discontinued)"
    r"|(address|recipient) (not|could ?n.t be) found|unrouteable|host(name)? not found|domain not found"
    r"|no longer (available|valid|active|with|employed)|nxdomain|name service error|5\.1\.1|5\.1\.10"
    r"|unbekannter? (benutzer|empfänger)|n'existe pas|no existe|não existe|non esiste|bestaat niet",
    re.IGNORECASE,
)
DELAY_SUBJECT = re.compile(
    r"delay|warning: could not send|warning: message|not yet been delivered|still (being )?retr"
    r"|verzögert|retardé|retras",
    re.IGNORECASE,
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|undelivered|delivery (status|failure|failed|report|has failed|problem|error|unsuccessful)"
    r"|returned mail|mail delivery|failure notice|failed delivery|nondeliverable|non[- ]?remis"
    r"|message (could not be|not) delivered|could not be delivered|rejected:|unzustellbar|nicht zugestellt"
    r"|échec|non remis|no entregado|no se puede entregar|mancata consegna|não entregue|onbestelbaar"
    r"|delivery notification|mail system error|user unknown|delay|warning: could not send",
    re.IGNORECASE,
)
ROBOTS = re.compile(
    r"^(mailer[-_]?daemon|postmaster|mail[-_]?daemon|mailerdaemon|bounces?\b|mdaemon|autoreply-bounce|mailadmin)",
    re.IGNORECASE,
)

_STATUS = re.compile(r"\b([245])[.](\d{1,3})[.](\d{1,3})\b")
_REPLY_CODE = re.compile(r"\b([45])\d\d[ \-]")
_FAILED_ADDRESS = re.compile(
    r"(?:<|^\s*|: ?|rfc822; ?|to )([^\s<>,;:\"()\[\]]{1,100}@[a-z0-9.-]{1,253}[a-z0-9])",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_ID = re.compile(r"^message-id:\s*(<[^<>\s]{1,998}>)", re.IGNORECASE | re.MULTILINE)
#: Characters of a notification in free words that are searched.
MOST_WORDS = 16_000


@dataclass(frozen=True, kw_only=True)
class Dsn:
    delayed: bool  #: still being tried: nothing failed
    hard: bool
    recipient: str = ""
    status: str = ""
    reason: str = ""  #: the server's words
    original_id: str = ""  #: Message-ID of the mail that it is about


def detect(mail: Parsed) -> Dsn | None:
    """What the notification says; None when the mail is none."""
    report = next(
        (p for p in mail.parts if p.get_content_type() == "message/delivery-status"), None
    )
    if report is not None:
        return _from_report(mail, report)
    if not _from_a_robot(mail):
        return None
    return _from_words(mail)


def is_hard(status: str, words: str) -> bool:
    """Whether the address takes no mail and never will."""
    if status.startswith(("4", "5.4.7")):
        return False
    if status and not VAGUE.fullmatch(status):
        known = [code for code in HARD_CODES if status == code or status.startswith(f"{code}.")]
        return HARD_CODES[max(known, key=len)] if known else False
    return bool(GONE.search(words))


def _from_report(mail: Parsed, report: Message) -> Dsn | None:
    fields = _recipient_fields(report)
    action = fields.get("action", "failed").split(";")[0].strip().lower()
    if action in {"delivered", "relayed", "expanded"}:
        return None
    words = fields.get("diagnostic-code", "")
    status_match = _STATUS.search(fields.get("status", "")) or _STATUS.search(words)
    status = status_match[0] if status_match else ""
    inline = _STATUS.search(words)
    # Exchange writes Status: 5.0.0 or 4.4.7 over a diagnostic that says it better.
    if inline and (not status or VAGUE.fullmatch(status)):
        status = inline[0]
    recipient = fields.get("original-recipient") or fields.get("final-recipient", "")
    delayed = action == "delayed"
    return Dsn(
        delayed=delayed,
        hard=not delayed and is_hard(status, words or mail.text[:MOST_WORDS]),
        recipient=first_address(recipient.partition(";")[2] or recipient),
        status=status,
        reason=words[:500],
        original_id=_original_id(mail),
    )


def _recipient_fields(report: Message) -> dict[str, str]:
    """The fields about the first recipient that failed, names in lower case."""
    payload = report.get_payload()
    blocks = [b for b in payload if isinstance(b, Message)] if isinstance(payload, list) else []
    about = [b for b in blocks[:50] if b.get("Final-Recipient") or b.get("Action")]
    failed = [b for b in about if header(b, "Action").lower().startswith("failed")]
    chosen = (failed or about or blocks or [report])[0]
    return {name.lower(): header(chosen, name) for name in list(chosen.keys())[:50]}


def _from_a_robot(mail: Parsed) -> bool:
    local = mail.from_email.partition("@")[0]
    null_path = mail.header("Return-Path") == "<>"
    report = "report-type=delivery-status" in mail.header("Content-Type").replace('"', "").lower()
    named = bool(ROBOTS.match(local)) or bool(mail.header("X-Failed-Recipients"))
    return report or (bool(BOUNCE_SUBJECT.search(mail.subject)) and (named or null_path)) or named


def _from_words(mail: Parsed) -> Dsn | None:
    """qmail, Exim, old Exchange and others write prose."""
    words = mail.text[:MOST_WORDS]
    about = _before_original(words)
    named = mail.header("X-Failed-Recipients")
    subject = bool(BOUNCE_SUBJECT.search(mail.subject))
    status = _STATUS.search(about)
    if not (subject or named or status or GONE.search(about)):
        return None
    delayed = bool(DELAY_SUBJECT.search(mail.subject))
    address = _FAILED_ADDRESS.search(about)
    code = _REPLY_CODE.search(about)
    written = status[0] if status and status[1] != "2" else (f"{code[1]}.0.0" if code else "")
    return Dsn(
        delayed=delayed,
        hard=not delayed and is_hard(written, about),
        recipient=first_address(named) or (address[1] if address else ""),
        status=written,
        reason=" ".join(about.split())[:500],
        original_id=_original_id(mail),
    )


def _before_original(words: str) -> str:
    cut = re.search(
        r"^-{3,}.{0,80}(original|copy|header|below)", words, re.IGNORECASE | re.MULTILINE
    )
    return words[: cut.start()] if cut else words


def _original_id(mail: Parsed) -> str:
    """From the returned mail or its headers, else from what the notification answers."""
    for part in mail.parts[1:]:
        kind = part.get_content_type()
        inner = part.get_payload()
        if kind == "message/rfc822" and isinstance(inner, list) and isinstance(inner[0], Message):
            found = first_id(header(inner[0], "Message-ID"))
        elif kind in {"text/rfc822-headers", "message/rfc822-headers", "text/rfc822"}:
            match = _QUOTED_ID.search(content(part)[:MOST_WORDS])
            found = match[1] if match else ""
        else:
            continue
        if found:
            return found
    match = _QUOTED_ID.search(mail.text[: MOST_WORDS * 2])
    if match:
        return match[1]
    return mail.answers[0] if mail.answers else ""
