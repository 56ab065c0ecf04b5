"""What is due, read from the rows: whoever lost a bell finds the work here again.

Beat asks every few seconds; the demo's driver asks at each of its moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet

from crm import hints
from crm.models import Change, Connection
from mail import pauses, visits, watch
from mail.models import Mailbox, Message
from mail.outbox import unconfirmed_due, unconfirmed_until
from process import timing
from process.closing import stalled
from process.preparation import enriching
from process.prospecting import assigning, members, scores
from process.renewal import sweep
from runtime import bell, clock
from sequences import engine, enroll
from sequences.models import Enrollment, Waiting
from workers import reactions

#: Inboxes without a listener are read this often.
READ_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Due:
    """Work that the rows hold now: the ids of what has some, or whether there is any."""

    pull: Sequence[int] = ()
    reread: Sequence[int] = ()
    read_mailbox: Sequence[int] = ()
    react: bool = False
    move_on: bool = False
    score: bool = False
    assign: bool = False
    enrich: bool = False
    settle_lists: bool = False
    enroll: bool = False
    advance: bool = False
    deliver: Sequence[int] = ()
    push: Sequence[int] = ()
    judge_visits: bool = False
    settle_unconfirmed: bool = False
    read_back: bool = False
    tell_renewals: bool = False
    tell_stalled: bool = False

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def due(*, inboxes: bool = True) -> Due:
    """Everything that is due at this moment; `inboxes` False leaves reading to the caller."""
    now = clock.now()
    return Due(
        pull=_ids(_pulls().filter(Q(pull_due_at__lte=now) | Q(pull_due_at=None))),
        reread=hints.due(),
        read_mailbox=_ids(_readable(now)) if inboxes else (),
        react=reactions.waiting(),
        move_on=timing.is_due(),
        score=scores.are_due(),
        assign=assigning.are_due(),
        enrich=enriching.are_due(),
        settle_lists=members.are_due(),
        enroll=enroll.waiting_is_due(),
        advance=engine.due(now).exists(),
        deliver=_delivering(now),
        push=_pushing(now),
        judge_visits=visits.are_due(),
        settle_unconfirmed=unconfirmed_due(now),
        read_back=watch.waiting(),
        tell_renewals=sweep.is_due(),
        tell_stalled=stalled.is_due(),
    )


def ring_due(work: Due) -> None:
    """Ring for everything due: what stops people's emails first, what sends them last."""
    for name in (
        "read_mailbox",
        "read_back",
        "judge_visits",
        "react",
        "move_on",
        "score",
        "assign",
        "settle_lists",
        "push",
        "reread",
        "pull",
        "enroll",
        "advance",
        "deliver",
        "settle_unconfirmed",
        "enrich",
        "tell_renewals",
        "tell_stalled",
    ):
        found = getattr(work, name)
        if found is True:
            bell.ring(name)
        elif found:
            for one in found:
                bell.ring(name, [one])


def owing() -> bool:
    """Whether the CRMs are still owed something."""
    return _pending().exists()


def next_due() -> datetime | None:
    """The next moment at which the rows have work, if they have any at all."""
    now = clock.now()
    moments = [
        _pulls().aggregate(at=Min("pull_due_at"))["at"],
        Enrollment.objects.filter(status__in=("active", "paused")).aggregate(at=Min("due_at"))[
            "at"
        ],
        Waiting.objects.aggregate(at=Min("retry_at"))["at"],
        _sendable().aggregate(at=Min("due_at"))["at"],
        _blocked(now).aggregate(at=Min("mailbox__retry_at"))["at"],
        _pending().aggregate(at=Min("due_at"))["at"],
        _pushes().aggregate(at=Min("push_due_at"))["at"],
        unconfirmed_until(),
        visits.judged_from(),
        timing.next_due(),
        scores.next_due(),
        assigning.next_due(),
        enriching.next_due(),
        members.next_due(),
        sweep.next_due(),
        stalled.next_due(),
    ]
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later, default=None)


def _pulls() -> QuerySet[Connection]:
    return Connection.objects.filter(status=Connection.Status.ACTIVE)


def _readable(now: datetime) -> QuerySet[Mailbox]:
    read = Mailbox.objects.exclude(imap_url="")
    rows = read.filter(Q(retry_at=None) | Q(retry_at__lte=now))
    return rows.filter(Q(read_at=None) | Q(read_at__lte=now - READ_EVERY))


def _sendable() -> QuerySet[Message]:
    active = Message.objects.filter(mailbox__status=Mailbox.Status.ACTIVE)
    return pauses.unpaused(active).filter(status=Message.Status.QUEUED)


def _blocked(now: datetime) -> QuerySet[Message]:
    return _sendable().filter(mailbox__retry_at__gt=now)


def _delivering(now: datetime) -> Sequence[int]:
    """Mailboxes with an email that is due, or with one that a worker holds."""
    reachable = Q(mailbox__retry_at=None) | Q(mailbox__retry_at__lte=now)
    queued = _sendable().filter(reachable, due_at__lte=now)
    held = Message.objects.filter(status=Message.Status.SENDING)
    return sorted({id_ for rows in (queued, held) for (id_,) in rows.values_list("mailbox_id")})


def _pending() -> QuerySet[Change]:
    return Change.objects.filter(
        status=Change.Status.PENDING, connection__status=Connection.Status.ACTIVE
    )


def _pushes() -> QuerySet[Connection]:
    return _pulls().filter(change__status=Change.Status.PENDING)


def _pushing(now: datetime) -> Sequence[int]:
    rows = _pending().filter(due_at__lte=now)
    rows = rows.filter(Q(connection__push_due_at=None) | Q(connection__push_due_at__lte=now))
    return sorted(set(rows.values_list("connection_id", flat=True)))


def _ids(rows: "QuerySet[Connection] | QuerySet[Mailbox]") -> Sequence[int]:
    return list(rows.values_list("pk", flat=True))
