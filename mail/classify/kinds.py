"""What an email is: notification, complaint, automatic reply, opt-out or reply, in this order.

The order is the point: of real bounces every second carries Auto-Submitted and every tenth
In-Reply-To, so a bounce asked about last would pass for something else.
"""

import re
from dataclasses import dataclass

from mail.classify import arf, autoreply, calendar_reply, dsn, reply_text
from mail.classify.arf import Complaint
from mail.classify.calendar_reply import CalendarReply
from mail.classify.dsn import Dsn
from mail.classify.opt_out_words import OPT_OUT, OPT_OUT_ALONE
from mail.classify.parsed import MOST_BYTES, Parsed
from mail.classify.tables import ANSWERING, NOBODY

#: An opt-out is said at the beginning, and briefly; characters and words of the new text.
OPT_OUT_WITHIN = 2000
_TOKEN_SUBJECT = re.compile(r"\s*unsubscribe\s+([A-Za-z0-9_-]{20,64}={0,2})\s*", re.IGNORECASE)
#: Said to whoever reads the text, in place of what was not read.
NOT_WHOLE = f"[Only the first {MOST_BYTES // 1024} KB were read: the mailbox has the whole email.]"
#: Lines of ours that short may well be the person's own ("Best regards").
OURS_FROM = 20


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """`kind` is a value of Inbound.Kind."""

    kind: str
    text: str = ""
    dsn: Dsn | None = None
    complaint: Complaint | None = None
    invitation: CalendarReply | None = None
    token: str = ""  #: of the List-Unsubscribe mail
    rule: str = ""  #: what decided


def classify(  # noqa: PLR0911 - one for each kind
    mail: Parsed, ours: str = "", *, our_subject: str = ""
) -> Opinion:
    """`ours` is the text of the email that it answers: lines taken from it are no new text."""
    notification = dsn.detect(mail)
    if notification is not None:
        kind = "delayed" if notification.delayed else "bounce"
        return Opinion(kind=kind, dsn=notification, rule=f"{kind}: {notification.rule}")
    complaint = arf.detect(mail)
    if complaint is not None:
        return Opinion(kind="complaint", complaint=complaint, rule="complaint: feedback report")
    if why := _neither(mail):
        return Opinion(kind="other", rule=f"other: {why}")
    text = without(reply_text.extract(mail.text), ours)
    if invitation := calendar_reply.detect(mail):
        text = _with_comment(text, calendar_reply.comment(mail))
    if invitation and not wants_out(text):
        return Opinion(kind="calendar", text=text, invitation=invitation, rule="calendar: a reply")
    if automatic := autoreply.rule(mail, text, our_subject):
        return Opinion(kind="auto_reply", text=text or mail.text, rule=f"auto_reply: {automatic}")
    token = _TOKEN_SUBJECT.fullmatch(mail.subject)
    if wish := "token" if token else _wish(mail.subject, text):
        named = token[1] if token else ""
        return Opinion(kind="unsubscribe", text=text, token=named, rule=f"unsubscribe: {wish}")
    if _is_nobodys(mail):
        return Opinion(kind="other", rule="other: nobody to answer")
    if not mail.is_whole:
        text = f"{text}\n\n{NOT_WHOLE}".strip()
    return Opinion(kind="reply", text=text, rule="reply: nothing else")


def _with_comment(text: str, added: str) -> str:
    """A wish to be left alone stands by itself: behind the text of a program it would be missed."""
    if wants_out(added):
        return added
    return text if added in text else f"{text}\n{added}".strip()


def _neither(mail: Parsed) -> str:
    """Why nobody has to react to it: machines report, or lists send, and no person answers."""
    if dsn.is_success(mail):
        return "report of success"
    if arf.is_report(mail):
        return "feedback that is no complaint"
    if any(p.get_content_type() == "message/disposition-notification" for p in mail.own):
        return "read receipt"
    if not (mail.from_email or mail.subject or mail.text):
        return "nothing to read"
    is_list = mail.header("List-Unsubscribe") and mail.header("List-Id")
    return "newsletter" if is_list and not mail.answers else ""


def _is_nobodys(mail: Parsed) -> bool:
    """Digests of a quarantine and the like: they answer no email, and nobody reads an answer."""
    local = mail.from_email.partition("@")[0]
    answers = mail.answers or ANSWERING.match(mail.subject)
    return NOBODY.search(local) is not None and not answers


def _wish(subject: str, text: str) -> str:
    if wants_out(text):
        return "words"
    subject = subject.strip()
    begins = any(words.match(subject) for words in OPT_OUT)
    return "subject" if _is_wish_alone(subject) or begins else ""


def wants_out(text: str) -> bool:
    """Whether a person asks in writing to be left alone."""
    text = text[:OPT_OUT_WITHIN]
    return _is_wish_alone(text) or any(words.search(text) for words in OPT_OUT)


def _is_wish_alone(text: str) -> bool:
    return text.strip(" \n\t.!\"'").casefold() in OPT_OUT_ALONE


def without(text: str, ours: str) -> str:
    """Drop lines that we wrote ourselves: clients that quote without any mark."""
    known = {line.strip() for line in ours.split("\n") if len(line.strip()) >= OURS_FROM}
    if not known:
        return text
    return "\n".join(line for line in text.split("\n") if line.strip() not in known).strip()
