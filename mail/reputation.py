"""A mailbox whose emails bounce or are called spam too often pauses by itself, until a person resumes it.

Of the emails that left it in the last days it is asked how many came back for good, and how many
were complained about, each email once, whoever tells it: the server, a report, an ESP.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from mail.models import Mailbox, Message
from runtime import clock

WITHIN = timedelta(days=7)
#: Of fewer emails, bounces or complaints no rate can be told.
LEAST_EMAILS = 20
LEAST_BOUNCES = 3
LEAST_COMPLAINTS = 2
#: Shares are kept in hundredths of a percent.
WHOLE = 10_000


@dataclass(frozen=True, kw_only=True)
class Tally:
    left: int
    bounced: int
    complained: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The shares, in hundredths of a percent, above which a mailbox pauses."""

    bounces: int
    complaints: int


def excess(tally: Tally, limits: Limits) -> str:
    """What is too much, in figures; blank: nothing is."""
    if tally.left < LEAST_EMAILS:
        return ""
    if tally.bounced >= LEAST_BOUNCES and tally.bounced * WHOLE > limits.bounces * tally.left:
        return _told(tally.bounced, tally.left, "bounced", limits.bounces)
    if (
        tally.complained >= LEAST_COMPLAINTS
        and tally.complained * WHOLE > limits.complaints * tally.left
    ):
        return _told(tally.complained, tally.left, "were called spam", limits.complaints)
    return ""


def bounced(message: Message) -> None:
    """It came back for good. In the caller's transaction."""
    _count(message, "bounced_at")


def complained(message: Message) -> None:
    """Whoever got it called it spam. In the caller's transaction."""
    _count(message, "complained_at")


def tally(mailbox: Mailbox, since: datetime) -> Tally:
    """Of the emails that left since then; one that its server refused at once counts as left."""
    ours = Message.objects.filter(mailbox=mailbox)
    # Named twice, since what is known of an email is younger than itself: the indexes say that.
    lately = Q(sent_at__gt=since) | Q(sent_at=None)
    came_back = ours.filter(lately, bounced_at__gt=since)
    return Tally(
        left=ours.filter(sent_at__gt=since).count() + came_back.filter(sent_at=None).count(),
        bounced=came_back.count(),
        complained=ours.filter(lately, complained_at__gt=since).count(),
    )


def _count(message: Message, what: str) -> None:
    now = clock.now()
    if Message.objects.filter(pk=message.pk, **{what: None}).update(**{what: now}):
        _judge(message.mailbox_id, now)


def _judge(mailbox_id: int, now: datetime) -> None:
    """With its row locked: of two who count at once, the second sees what the first has counted."""
    mailbox = Mailbox.objects.select_for_update(no_key=True).get(pk=mailbox_id)
    if mailbox.status != Mailbox.Status.ACTIVE:
        return
    since = max(now - WITHIN, mailbox.rates_from or now - WITHIN)
    limits = Limits(bounces=mailbox.most_bounces, complaints=mailbox.most_complaints)
    told = excess(tally(mailbox, since), limits)
    if told:
        error = (
            f"{told}, counted since {since:%Y-%m-%d %H:%M} UTC; look where these addresses come "
            f"from, then: cadenza resume --mailbox {mailbox.address}"
        )
        Mailbox.objects.filter(pk=mailbox_id).update(
            status=Mailbox.Status.PAUSED, last_error=error, rates_exceeded_at=now
        )


def _told(count: int, of: int, what: str, most: int) -> str:
    return f"{count} of {of} emails {what}, {count / of:.1%}, and pause_at is {most / 100:g}%"
