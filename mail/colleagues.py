"""Answers by somebody else of the company: from an address that we do not know, about our email.

That two addresses share a domain is not enough, since companies also send invoices: the email has to
have our subject, or to quote whom we wrote to.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q, QuerySet

from mail.classify.parsed import Parsed
from mail.freemail import is_free
from mail.models import Mailbox, Message
from mail.quotas import domain_of
from runtime import clock

#: An answer to what left longer ago is about something else.
WITHIN = timedelta(days=90)
#: Of a company and a mailbox, or all others; the latest are looked at.
MOST = 200

_PREFIX = re.compile(
    r"\s{0,9}(re|aw|antw|sv|vs|tr|rv|res|ref|odp|ynt|fwd?|wg|enc|i|r|回复|回覆|答复|转发)\s{0,3}(\[\d{1,3}\])?\s{0,3}[:\uff1a]",
    re.IGNORECASE,
)


def answered(mail: Parsed, mailbox: Mailbox) -> Message | None:
    """Our email to a colleague of the writer's that this is about; None for anything doubtful.

    Whichever mailbox of the team it left; the one that the answer came to is looked at first.
    """
    domain = domain_of(mail.from_email)
    if not domain or is_free(domain) or domain in _own_domains():
        return None
    subject, text = bare(mail.subject), mail.text.lower()
    for message in _left(domain, mailbox):
        if bare(message.subject) == subject or message.to_email.lower() in text:
            return message
    return None


def bare(subject: str) -> str:
    """Without the marks of answers and forwards before it."""
    while match := _PREFIX.match(subject):
        subject = subject[match.end() :]
    return " ".join(subject.split()).casefold()


def _left(domain: str, mailbox: Mailbox) -> Iterator[Message]:
    """The latest emails to the company; to its domain or to its leads, since each has an index."""
    left = Message.objects.filter(sent_at__gt=clock.now() - WITHIN).select_related("lead")
    theirs = (Q(to_domain=domain), Q(lead__company__domain__iexact=domain))
    of_mailbox = Q(mailbox=mailbox)
    for whose in (of_mailbox, ~of_mailbox):
        found = {row.pk: row for whom in theirs for row in _latest(left.filter(whose, whom))}
        yield from sorted(found.values(), key=lambda row: row.sent_at or clock.now(), reverse=True)


def _latest(rows: QuerySet[Message]) -> QuerySet[Message]:
    return rows.order_by("-sent_at")[:MOST]


def _own_domains() -> set[str]:
    return set(map(domain_of, Mailbox.objects.values_list("address", flat=True)))
