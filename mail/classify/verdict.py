"""What a server's answer means: why, for good or for now, and whose fault it is. Table-driven.

Hard: the address takes no mail and never will. Soft: another try, another day or another sender
may do. A sender's fault says nothing about the recipient, who must not be suppressed for it.
"""

import re
from dataclasses import dataclass

from mail.classify.server_words import REASONS

#: Reasons after which the address is given up.
HARD = frozenset({"unknown_recipient", "unknown_domain", "inactive", "moved", "takes_no_mail"})

#: Enhanced codes (RFC 3463 and the large providers' own) and what they stand for; the longest
#: prefix decides. https://support.google.com/a/answer/3726730 and
#: https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
CODES = {
    "5.0.1": "unknown_recipient", "5.1": "unknown_recipient", "5.1.2": "unknown_domain",
    "5.1.6": "moved", "5.1.7": "sender_refused", "5.1.8": "sender_refused",
    "5.1.9": "other", "5.1.10": "unknown_recipient", "5.2.1": "inactive",
    "5.2.2": "mailbox_full", "5.2.3": "too_large", "5.2.12": "rate_limited",
    "5.2.121": "rate_limited", "5.2.122": "rate_limited", "5.3.4": "too_large",
    "5.4.4": "unknown_domain", "5.4.310": "unknown_domain", "5.4.6": "loop", "5.4.7": "expired",
    "5.4.14": "loop", "5.6": "content", "5.7": "refused", "5.7.27": "takes_no_mail",
    "4.1": "other", "4.2.1": "rate_limited", "4.2.2": "mailbox_full", "4.3": "server",
    "4.3.1": "mailbox_full", "4.4": "unreachable", "4.4.6": "loop", "4.4.7": "expired",
    "4.7": "refused", "4.7.28": "rate_limited",
}  # fmt: skip
#: Codes that blame the sender's domain or server: authentication, TLS, PTR, a ban.
SENDER_FAULTS = re.compile(
    r"4\.7\.(23|27|29|30|31|32)|5\.7\.(2[5-9]|30|509|511|515|(60[6-9]|6[1-4]\d))"
)
#: Codes that say too little, or that servers use for everything: the words decide.
VAGUE = re.compile(
    r"([45]\.0\.0|5\.1\.0|5\.2\.[01]|5\.3\.[05]|5\.4\.[01]|5\.5\.\d|5\.7\.[01]|5\.7|4\.4\.[04])"
)

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
    fault = next((code for code in (status, *written) if SENDER_FAULTS.fullmatch(code)), None)
    if fault is not None:
        return Verdict(status=fault, reason="authentication", hard=False, sender_fault=True)
    # Servers write 5.0.0 or 4.4.7 over an answer that says it better.
    best = next((code for code in written if says_more(code, status)), status)
    reason = _reason(best, words)
    return Verdict(
        status=best, reason=reason, hard=reason in HARD, sender_fault=reason == "authentication"
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
    if VAGUE.fullmatch(code):
        return not status
    return (
        not status or VAGUE.fullmatch(status) is not None or (code[0] == "5" and status[0] == "4")
    )


def _reason(status: str, words: str) -> str:
    by_words = reason_in(words)
    if status and not VAGUE.fullmatch(status):
        return _by_code(status)
    if status.startswith("4") and by_words != "unknown_domain" and by_words in HARD:
        return "other"
    return by_words or _by_code(status)


def reason_in(words: str) -> str:
    return next((reason for reason, found in REASONS.items() if found.search(words)), "")


def _by_code(status: str) -> str:
    known = [code for code in CODES if status == code or status.startswith(f"{code}.")]
    return CODES[max(known, key=len)] if known else "other"
