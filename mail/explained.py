"""What we make of one email and why, as `cadenza inbound explain` prints it. Needs no database."""

from collections.abc import Callable
from datetime import date
from email.utils import parsedate_to_datetime

from mail.classify import autoreply, intent, kinds, parsed
from mail.classify.kinds import Opinion
from mail.classify.parsed import Parsed

#: Finds the Message-ID, the text and the subject of our email: by ids, the nearest first, by whom the
#: mail was sent to, else by addresses.
Touches = Callable[[tuple[str, ...], tuple[str, ...], tuple[str, ...]], tuple[str, str, str] | None]
#: What an answer means, after the process of the workspace; without one the rules say it.
Meaning = Callable[[str], str]

#: Kinds under a name that those who read the list know.
_KINDS = {"calendar": "other"}


def explain(
    raw: bytes, *, today: date, touches: Touches | None = None, meaning: Meaning | None = None
) -> dict[str, object]:
    """`today` counts where the email has no date of its own."""
    mail = parsed.parse(raw)
    opinion = kinds.classify(mail)
    touch = touches(*_about(mail, opinion)) if touches else None
    if touch:
        opinion = kinds.classify(mail, ours=touch[1], our_subject=touch[2])
    away = opinion.kind == "auto_reply"
    back_on = autoreply.back_on(opinion.text, _day(mail, today)) if away else None
    found = opinion.dsn.verdict if opinion.dsn else None
    return {
        "kind": _KINDS.get(opinion.kind, opinion.kind),
        "recipients": list(_recipients(opinion)),
        "status": (found.status or None) if found else None,
        "reason": found.reason if found else None,
        "hard": opinion.dsn is not None and opinion.dsn.hard,
        "sender_fault": found is not None and found.sender_fault,
        "touch": touch[0] if touch else None,
        "intent": _intent(opinion, meaning),
        "returns_on": back_on.isoformat() if back_on else None,
        "new_text": opinion.text,
        "rule": opinion.rule,
    }


def _about(
    mail: Parsed, opinion: Opinion
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The ids, recipients and addresses by which our email is found."""
    to = mail.recipients()
    if opinion.dsn:
        return (opinion.dsn.original_id,), to, opinion.dsn.recipients
    if opinion.complaint:
        return (opinion.complaint.original_id,), to, (opinion.complaint.recipient,)
    return mail.answers, to, (mail.from_email,)


def _recipients(opinion: Opinion) -> tuple[str, ...]:
    if opinion.dsn:
        return opinion.dsn.recipients
    named = opinion.complaint.recipient if opinion.complaint else ""
    return (named,) if named else ()


def _intent(opinion: Opinion, meaning: Meaning | None) -> str | None:
    if opinion.kind == "unsubscribe":
        return "unsubscribe"
    if opinion.kind != "reply":
        return None
    if meaning:
        return meaning(opinion.text)
    found = intent.of(opinion.text)
    return found.name if found.is_sure else intent.OTHER


def _day(mail: Parsed, today: date) -> date:
    try:
        return parsedate_to_datetime(mail.header("Date")).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return today
