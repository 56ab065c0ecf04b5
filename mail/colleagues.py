"""Answers by somebody else of the company: from an address that we do not know, about our email.

That two addresses share a domain is not enough, since companies also send invoices: the email has to
have our subject, or to quote whom we wrote to.
"""

import re
from datetime import timedelta

from django.db.models import Q

from mail.classify.parsed import Parsed
from mail.freemail import is_free
from mail.models import Mailbox, Message
from mail.suppression import normalize
from runtime import clock

#: An answer to what left longer ago is about something else.
WITHIN = timedelta(days=90)
#: Of a company; the latest are looked at.
MOST = 200

_PREFIX = re.compile(
    r"\s{0,9}(re|aw|antw|sv|vs|tr|rv|res|ref|odp|ynt|fwd?|wg|enc|i|r|回复|回覆|答复|转发)\s{0,3}(\[\d{1,3}\])?\s{0,3}[:\uff1a]",
    re.IGNORECASE,
)


def answered(mail: Parsed, mailbox: Mailbox) -> Message | None:
    """Our email to a colleague of the writer's that this is about; None for anything doubtful."""
    domain = normalize(mail.from_email).rpartition("@")[2]
    if not domain or is_free(domain) or domain == mailbox.address.lower().rpartition("@")[2]:
        return None
    ours = Q(to_email__iendswith=f"@{domain}") | Q(lead__company__domain__iexact=domain)
    left = Message.objects.filter(ours, mailbox=mailbox, sent_at__gt=clock.now() - WITHIN)
    subject, text = bare(mail.subject), mail.text.lower()
    for message in left.order_by("-sent_at").select_related("lead")[:MOST]:
        if bare(message.subject) == subject or message.to_email.lower() in text:
            return message
    return None


def bare(subject: str) -> str:
    """Without the marks of answers and forwards before it."""
    while match := _PREFIX.match(subject):
        subject = subject[match.end() :]
    return " ".join(subject.split()).casefold()
