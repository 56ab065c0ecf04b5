"""Delivery status notifications: who could not be reached, for good or for now (RFC 3464, 6533)."""

import re
from dataclasses import dataclass
from email.message import Message

from mail.classify import notice, recipients, verdict
from mail.classify.parsed import Parsed, content, first_address, first_id, header, inside
from mail.classify.verdict import Verdict

REPORTS = frozenset(
    {
        "message/delivery-status", "message/global-delivery-status", "message/xdelivery-status",
        "text/delivery-status",
    }
)  # fmt: skip
#: Actions that are no failure.
ARRIVED = frozenset({"delivered", "relayed", "expanded"})
#: Recipients of one report that are looked at.
MOST_RECIPIENTS = 50
#: Characters of a report's words that are kept.
MOST_REASON = 500

_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_QUOTED_ID = re.compile(
    r"^[ \t>]{0,20}message-id:[ \t]{0,20}(<[^<>\s]{1,998}>)", re.IGNORECASE | re.MULTILINE
)
_HEADERS = frozenset({"text/rfc822-headers", "message/rfc822-headers", "text/rfc822"})


@dataclass(frozen=True, kw_only=True)
class Dsn:
    delayed: bool  #: still being tried: nothing failed
    recipients: tuple[str, ...]
    verdict: Verdict  #: of the first recipient that was refused for good, else of the first
    words: str = ""  #: the server's
    original_id: str = ""  #: Message-ID of the mail that it is about
    rule: str = ""

    @property
    def hard(self) -> bool:
        return self.verdict.hard and not self.delayed

    @property
    def recipient(self) -> str:
        return self.recipients[0] if self.recipients else ""


def detect(mail: Parsed) -> Dsn | None:
    """What the notification says; None when the mail is none."""
    if blocks := _reported(mail):
        return _from_report(mail, blocks)
    found = notice.detect(mail)
    if found is None:
        return None
    return Dsn(
        delayed=found.delayed,
        recipients=found.recipients,
        verdict=verdict.of(verdict.status_in(found.words), found.words),
        words=" ".join(found.words.split())[:MOST_REASON],
        original_id=_original_id(mail),
        rule=found.rule,
    )


def is_success(mail: Parsed) -> bool:
    """Whether it is a report that everything arrived."""
    actions = {_action(block) for block in _reported(mail)}
    return bool(actions) and actions <= ARRIVED


def _reported(mail: Parsed) -> list[dict[str, str]]:
    """The blocks of its report; gateways wrap a server's report up, or make one text of all."""
    robots = notice.is_a_robots(mail)
    parts = mail.parts if robots else mail.own
    report = next((part for part in parts if part.get_content_type() in REPORTS), None)
    blocks = _blocks(report) if report is not None else []
    if blocks or not robots:
        return blocks
    return _in_text(recipients.before_original(mail.text))


def _from_report(mail: Parsed, blocks: list[dict[str, str]]) -> Dsn | None:
    failed = [block for block in blocks if _action(block) not in ARRIVED | {"delayed"}]
    late = [block for block in blocks if _action(block) == "delayed"]
    chosen = failed or late
    if not chosen:
        return None
    verdicts = [_verdict(block) for block in chosen]
    decisive = next((n for n, found in enumerate(verdicts) if found.hard), 0)
    named = [_recipient(block) for block in chosen]
    unique = tuple(dict.fromkeys(address for address in named if address))
    return Dsn(
        delayed=not failed,
        recipients=unique or recipients.named(mail),
        verdict=_told_better(verdicts[decisive], mail),
        words=chosen[decisive].get("diagnostic-code", "")[:MOST_REASON],
        original_id=_original_id(mail),
        rule="delivery-status report",
    )


def _verdict(block: dict[str, str]) -> Verdict:
    field = block.get("status", "")
    words = block.get("diagnostic-code", "") or field  # where some servers put their words
    status = _STATUS.search(field)
    return verdict.of(status[0] if status else "", words)


def _told_better(found: Verdict, mail: Parsed) -> Verdict:
    """After the words above the report, where its fields say nothing."""
    if found.reason != "other" or found.status.startswith("4"):
        return found
    return verdict.of(found.status, recipients.before_original(mail.text))


def _recipient(block: dict[str, str]) -> str:
    """Whom we wrote to, else whom it became: an alias, or a name that hides the person."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        kind, _, value = block.get(name, "").rpartition(";")
        if "x400" not in kind.lower() and (address := first_address(value)):
            return address
    return ""


def _action(block: dict[str, str]) -> str:
    return block.get("action", "failed").partition(";")[0].split(" ")[0].strip().lower()


def _blocks(report: Message) -> list[dict[str, str]]:
    """The fields about each recipient, names in lower case, whatever the parser made of them."""
    inner = inside(report)
    blocks = [
        {n.lower(): header(b, n) for n in list(b.keys())[:50]} for b in inner[: MOST_RECIPIENTS + 1]
    ]
    if len(inner) <= 1:
        # Encoded, or of a kind that the parser takes for a mail: read as text.
        blocks += _in_text(content(report) or "\n\n".join(content(b) for b in inner))
    return [block for block in blocks if "final-recipient" in block or "action" in block]


def _in_text(text: str) -> list[dict[str, str]]:
    blocks = (_fields(block) for block in text.split("\n\n")[: MOST_RECIPIENTS + 1])
    return [block for block in blocks if "final-recipient" in block and "action" in block]


def _fields(block: str) -> dict[str, str]:
    lines = re.sub(r"\n[ \t]{1,50}", " ", block[:20_000]).split("\n")[:50]
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value}


def _original_id(mail: Parsed) -> str:
    """From the returned mail or its headers, else from what the notification answers."""
    for part in mail.parts[1:]:
        kind = part.get_content_type()
        if kind == "message/rfc822" and (inner := inside(part)):
            found = first_id(header(inner[0], "Message-ID"))
        elif kind in _HEADERS:
            match = _QUOTED_ID.search(content(part)[: recipients.MOST_WORDS])
            found = match[1] if match else ""
        else:
            continue
        if found:
            return found
    match = _QUOTED_ID.search(mail.text[: recipients.MOST_WORDS * 2])
    if match:
        return match[1]
    return mail.answers[0] if mail.answers else ""
