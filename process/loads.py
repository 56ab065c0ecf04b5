"""What a plan's touches come to: for its mailboxes, its reps, and the quotas of its CRMs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from crm.connections import UNUSABLE, connector_of
from crm.models import Connection
from mail.models import Mailbox, Sender
from process.touches import Touch
from sequences.refusals import Candidate
from workspace.zones import zone


@dataclass(frozen=True, kw_only=True)
class MailboxLoad:
    address: str
    emails: int
    busiest_day: date
    on_that_day: int
    per_day: int  #: its cap


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the touches come to in one connection: lines on its timelines, in batches."""

    connection: str
    writes: int
    calls: int | None  #: None: the connection's login is not configured here


#: Whom a plan enrolls, each with the touches to come.
Foreseen = Sequence[tuple[Candidate, Sequence[Touch]]]


def mailboxes(foreseen: Foreseen) -> list[MailboxLoad]:
    sender = Sender.objects.first()
    place = zone(sender.timezone if sender else "UTC")
    days: dict[int, Counter[date]] = {}
    for candidate, touches in foreseen:
        for touch in touches:
            if touch.kind == "email" and candidate.mailbox_id is not None:
                day = touch.at.astimezone(place).date()
                days.setdefault(candidate.mailbox_id, Counter())[day] += 1
    rows = Mailbox.objects.in_bulk(days)
    return sorted(
        (
            MailboxLoad(
                address=rows[pk].address,
                emails=count.total(),
                busiest_day=count.most_common(1)[0][0],
                on_that_day=count.most_common(1)[0][1],
                per_day=rows[pk].per_day,
            )
            for pk, count in days.items()
        ),
        key=lambda load: load.address,
    )


def reps(foreseen: Foreseen) -> Mapping[str, int]:
    tasks: Counter[str] = Counter()
    for candidate, touches in foreseen:
        tasks[str(candidate.lead.owner)] += sum(touch.kind == "task" for touch in touches)
    return dict(sorted((+tasks).items()))


def costs(foreseen: Foreseen) -> Iterator[Costs]:
    """Each touch is a line on its lead's timeline, in the CRM that the lead came from."""
    writes: Counter[int] = Counter()
    for candidate, touches in foreseen:
        writes[candidate.lead.source_id] += len(touches)
    for connection in Connection.objects.filter(pk__in=writes).order_by("name"):
        count = writes[connection.pk]
        yield Costs(connection=connection.name, writes=count, calls=_calls(connection, count))


def _calls(connection: Connection, writes: int) -> int | None:
    try:
        return ceil(writes / connector_of(connection).sizes.written)
    except UNUSABLE:  # a login that is not configured here costs the plan nothing
        return None
