"""What the enhanced codes of mail servers mean: why they refuse, and whose fault it is.

RFC 3463 and the large providers' own: https://support.google.com/a/answer/3726730 and
https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
"""

import re

#: Reasons after which the address is given up.
HARD = frozenset({"unknown_recipient", "unknown_domain", "inactive", "moved", "takes_no_mail"})

#: What a code stands for; the longest prefix decides.
REASONS = {
    "5.0.1": "unknown_recipient", "5.1": "unknown_recipient", "5.1.2": "unknown_domain",
    "5.1.6": "moved", "5.1.7": "sender_refused", "5.1.8": "sender_refused",
    "5.1.9": "other", "5.1.10": "unknown_recipient", "5.1.20": "other", "5.1.90": "rate_limited", "5.2.1": "inactive",
    "5.2.2": "mailbox_full", "5.2.3": "too_large", "5.2.12": "rate_limited",
    "5.2.121": "rate_limited", "5.2.122": "rate_limited", "5.3.4": "too_large",
    "5.4.4": "unknown_domain", "5.4.310": "unknown_domain", "5.4.6": "loop", "5.4.7": "expired",
    "5.4.14": "loop", "5.6": "content", "5.7": "refused",
    "4.1": "other", "4.2.1": "rate_limited", "4.2.2": "mailbox_full", "4.3": "server",
    "4.3.1": "mailbox_full", "4.4": "unreachable", "4.4.6": "loop", "4.4.7": "expired",
    "4.7": "refused", "4.7.28": "rate_limited",
}  # fmt: skip

#: They blame the sender's domain, server or tenant: authentication, TLS, PTR, a ban.
SENDER_FAULTS = frozenset(
    {f"4.7.{n}" for n in (23, 27, 29, 30, 31, 32)}
    | {f"5.7.{n}" for n in (23, *range(25, 31), 501, 502, 503, 508, 509, 511, 515, 705, 708, 750)}
    | {f"5.7.{n}" for n in range(606, 650)}
)
#: What the mailbox's own server says of its login and its rate; in a report it says less.
MAILBOX_FAULTS = SENDER_FAULTS | {"5.4.5", "5.7.0", "5.7.8", "5.7.9", "5.7.57", "5.7.60", "4.7.28"}

#: Codes that say too little, or that servers use for everything: the words decide.
VAGUE = re.compile(
    r"([45]\.0\.0|5\.1\.0|5\.2\.[01]|5\.3\.[05]|5\.4\.[01]|5\.5\.\d|5\.7\.[01]|5\.7|4\.4\.[04])"
)


def reason(code: str) -> str:
    known = [prefix for prefix in REASONS if code == prefix or code.startswith(f"{prefix}.")]
    return REASONS[max(known, key=len)] if known else "other"


def is_vague(code: str) -> bool:
    """Whether the words say more: of 5.0.350 and its like nobody tells what they stand for."""
    return VAGUE.fullmatch(code) is not None or reason(code) == "other"


def is_gone(code: str) -> bool:
    """Whether the address takes no mail and never will."""
    return reason(code) in HARD
