"""One SMTP transaction, and what the server's words mean for the message, the lead and the mailbox."""

import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from mail import codes
from mail.smtp import Smtp

#: Without an enhanced code the words decide.
_GONE_WORDS = re.compile(
    r"user unknown|unknown (user|recipient|address)|no such (user|recipient|mailbox|person)"
    r"|(user|recipient|mailbox|address|account)( \S{1,320})? (does not|doesn'?t) exist|mailbox not found"
    r"|not a (known|valid) (user|recipient|mailbox)|invalid (recipient|mailbox)"
    r"|(mailbox|account|user)( \S{1,320})? (is )?(disabled|inactive|deactivated)|mailbox unavailable",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_GO_AHEAD = 354
#: Bytes that are to be on their way within one wait, however slow the line.
_PIECE = 64 * 1024
#: What is asked of a server in turn, and its answers that let the email go on.
_ANSWERS = (("mail", {250}), ("rcpt", {250, 251}), ("data", {_GO_AHEAD}))


class Kind(StrEnum):
    SENT = "sent"
    GONE = "gone"  #: the address does not exist: a hard bounce
    REFUSED = "refused"  #: this email is refused for good, which says nothing of the address
    SENDER_FAULT = "sender_fault"  #: the mailbox is at fault: pause it, never the lead
    LATER = "later"  #: refused for now
    AWAY = "away"  #: nothing can be handed over now: the mailbox waits, and this is no attempt
    LOST = "lost"  #: the connection broke before the server had the email
    UNKNOWN = "unknown"  #: the connection broke after that: it may have been taken
    LAPSED = "lapsed"  #: it was ours no more when its turn came; the server got nothing


@dataclass(frozen=True, kw_only=True)
class Outcome:
    kind: Kind
    reply: str = ""  #: the server's words
    provider_id: str = ""  #: by which an ESP knows it, where that is not our Message-ID


def certainly() -> bool:
    """Nothing needs to be committed before it leaves: a proof, say."""
    return True


def nothing() -> None:
    """There is nothing to be done meanwhile."""


def hand(
    server: Smtp,
    *,
    sender: str,
    recipient: str,
    raw: bytes,
    commit: Callable[[], bool] = certainly,
    meanwhile: Callable[[], None] = nothing,
) -> Outcome:
    """Hand one email over. Never raises for what the server says or does.

    `commit` is called after MAIL and RCPT were said, while the server has nothing of the email yet:
    until then a crash leaves no doubt. False: it is not to get it. `meanwhile` is called when all was
    said, before the answer is waited for; it must not raise.
    """
    utf8 = not (sender.isascii() and recipient.isascii())
    if utf8 and not server.has_extn("smtputf8"):
        reply = (
            f"the mailbox's server cannot carry the address {recipient!r} (it offers no SMTPUTF8)"
        )
        return Outcome(kind=Kind.REFUSED, reply=reply)
    email = _dotted(raw)
    end = max(len(email) - _PIECE, 0)
    try:
        refused = _envelope(server, sender, recipient, commit, utf8=utf8)
        if refused is None:
            _begin(server, email[:end])
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(kind=Kind.LOST, reply=str(error) or type(error).__name__)
    if refused is not None:
        _begin_anew(server)
        return refused
    try:
        server.send(email[end:] + b".\r\n")
        meanwhile()
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(kind=Kind.UNKNOWN, reply=str(error) or type(error).__name__)
    return _verdict(code, words)


def judge(code: int, words: bytes, *, at: str) -> Outcome:
    """What an answer means that was given `at` mail, rcpt or data."""
    said = _said(code, words)
    if code // 100 == 2:  # noqa: PLR2004 - SMTP's "done"
        return Outcome(kind=Kind.SENT, reply=said)
    text = words.decode("utf-8", "replace")
    match = _ENHANCED.search(text)
    enhanced = match[0] if match else ""
    refused_sender = at == "mail" and code // 100 == 5  # noqa: PLR2004 - 5xx: for good
    if enhanced in codes.MAILBOX_FAULTS or code in {530, 535} or refused_sender:
        return Outcome(kind=Kind.SENDER_FAULT, reply=said)
    if code // 100 == 4:  # noqa: PLR2004 - 4xx: for now
        return Outcome(kind=Kind.LATER, reply=said)
    gone = codes.is_gone(enhanced) if enhanced else bool(_GONE_WORDS.search(text))
    return Outcome(kind=Kind.GONE if gone else Kind.REFUSED, reply=said)


def _envelope(
    server: Smtp,
    sender: str,
    recipient: str,
    commit: Callable[[], bool],
    *,
    utf8: bool,
) -> Outcome | None:
    """MAIL, RCPT and DATA up to the go-ahead; None when the server waits for the email.

    Said at once where the server offers it (RFC 2920): one wait instead of three.
    """
    server.command_encoding = "utf-8" if utf8 else "ascii"
    options = " SMTPUTF8" if utf8 else ""
    commands = [f"MAIL FROM:<{sender}>{options}", f"RCPT TO:<{recipient}>", "DATA"]
    at_once = server.has_extn("pipelining")
    if at_once:
        server.send("".join(f"{command}\r\n" for command in commands))
        if not _commit(server, commit):
            server.close()  # it waits for the email
            return Outcome(kind=Kind.LAPSED)
    for command, (at, fine) in zip(commands, _ANSWERS, strict=True):
        if not at_once:
            if command == "DATA" and not _commit(server, commit):
                return Outcome(kind=Kind.LAPSED)
            server.putcmd(command)
        code, words = server.getreply()
        if code not in fine:
            if code // 100 not in {4, 5}:  # no refusal: whose answer it is nobody knows
                server.close()
                return Outcome(kind=Kind.LOST, reply=f"{_said(code, words)} (to {at.upper()})")
            if at_once:
                _take_back(server, at)
            return judge(code, words, at=at)
    return None


def _begin_anew(server: Smtp) -> None:
    """The next email does: here or, after an answer too many or none, on another connection."""
    with suppress(OSError, smtplib.SMTPException):
        if not server.is_silent() or server.rset()[0] != 250:  # noqa: PLR2004 - SMTP's "fine"
            server.close()


def _verdict(code: int, words: bytes) -> Outcome:
    """Of the answer to the whole email."""
    if code == 421:  # noqa: PLR2004 - RFC 5321 3.8: the server goes away; 421 means it was not taken
        return Outcome(kind=Kind.LATER, reply=_said(code, words))
    if code // 100 not in {2, 4, 5}:  # neither taken nor refused
        return Outcome(kind=Kind.UNKNOWN, reply=_said(code, words))
    return judge(code, words, at="data")


def _begin(server: Smtp, email: bytes) -> None:
    """All but the last piece: without its end, no server has the email."""
    for start in range(0, len(email), _PIECE):
        server.send(email[start : start + _PIECE])


def _commit(server: Smtp, commit: Callable[[], bool]) -> bool:
    """A failure of ours leaves no connection behind that waits for the email."""
    try:
        return commit()
    except BaseException:
        server.close()
        raise


def _take_back(server: Smtp, refused_at: str) -> None:
    """Hear the other answers; a server that waits for the email after all gets an empty one for nobody."""
    left = len(_ANSWERS) - 1 - [at for at, _ in _ANSWERS].index(refused_at)
    with suppress(OSError, smtplib.SMTPException):
        codes = [server.getreply()[0] for _ in range(left)]
        if codes[-1:] == [_GO_AHEAD]:
            server.send(b".\r\n")
            server.getreply()


def _dotted(raw: bytes) -> bytes:
    """A line that begins with a dot gets another one, so that none ends the email (RFC 5321 4.5.2)."""
    dotted = raw.replace(b"\n.", b"\n..")
    return b"." + dotted if raw.startswith(b".") else dotted


def _said(code: int, words: bytes) -> str:
    """Without NUL, which PostgreSQL cannot keep."""
    return f"{code} {words.decode('utf-8', 'replace')}".replace("\0", "")[:500]
