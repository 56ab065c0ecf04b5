"""What a server's answer means: why, for good or for now, and whose fault it is. Table-driven.

Hard: the address takes no mail and never will. Soft: another try, another day or another sender
may do. A sender's fault says nothing about the recipient, who must not be suppressed for it.
"""

import re
from dataclasses import dataclass

from mail import codes as table
from mail.classify.server_words import REASONS

_CODE = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_FOLD = re.compile(r"\n[ \t]{1,20}")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ \-:;,]|$)")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    status: str  #: the enhanced code that decided; blank when none was given
    reason: str
    hard: bool
    sender_fault: bool


def of(status: str, words: str) -> Verdict:
    """`status` is the report's own field, `words` what the server said."""
    words = _FOLD.sub(" ", words)
    written = codes(words)
    fault = next((code for code in (status, *written) if code in table.SENDER_FAULTS), None)
    if fault is not None:
        return Verdict(status=fault, reason="authentication", hard=False, sender_fault=True)
    # Servers write 5.0.0 or 4.4.7 over an answer that says it better.
    best = next((code for code in written if says_more(code, status)), status)
    reason = _reason(best, words)
    return Verdict(
        status=best,
        reason=reason,
        hard=reason in table.HARD,
        sender_fault=reason == "authentication",
    )


def codes(words: str) -> tuple[str, ...]:
    """The enhanced codes of failures in a text."""
    return tuple(dict.fromkeys(match[0] for match in _CODE.finditer(words)))


def status_in(words: str) -> str:
    """The code of a text: an enhanced one, else the class of the reply code; else blank."""
    found = codes(words)
    if found:
        return found[0]
    match = _REPLY.search(words)
    return f"{match[1]}.0.0" if match else ""


def says_more(code: str, status: str) -> bool:
    """Whether a code in the words is more telling than the report's own."""
    if table.is_vague(code):
        return not status
    return not status or table.is_vague(status) or (code[0] == "5" and status[0] == "4")


def _reason(status: str, words: str) -> str:
    by_words = reason_in(words)
    if status and not table.is_vague(status):
        return table.reason(status)
    if status.startswith("4") and by_words != "unknown_domain" and by_words in table.HARD:
        return "other"
    return by_words or table.reason(status)


def reason_in(words: str) -> str:
    return next((reason for reason, found in REASONS.items() if found.search(words)), "")
