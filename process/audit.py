"""The proof that whoever is suppressed is left alone: our rows, and what every CRM says when asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from crm.models import Activity, Lead
from mail.models import Message, SentCopy, Suppression
from mail.suppression import Book
from sequences.models import Enrollment
from sequences.refusals import OPEN

#: A row is committed within this time after its moment; what a server was given until then left
#: before anybody could know.
COMMITTED_WITHIN = timedelta(seconds=2)
_OPEN = (Message.Status.QUEUED, Message.Status.SENDING)
_REACT = "start `cadenza run` (or a worker), which ends it"


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    what: str
    who: str
    told: str
    next: str
    connection: str = ""
    lead: int | None = None
    #: Of the record that `mend` sets right, in the connection.
    external_id: str = ""

    def __str__(self) -> str:
        at = f"{self.connection}: " if self.connection else ""
        return f"{at}{self.who} {self.told}; {self.next}"


@dataclass(kw_only=True)
class Audit:
    """What was looked at, and what is not as it must be."""

    suppressions: int = 0
    people: int = 0  #: leads that are covered, or flagged by a CRM
    messages: int = 0  #: to them from then on, and copies of some that only a Sent folder knows
    #: Emails that left between a person's asking and our learning of it.
    on_their_way: int = 0
    #: Connection -> records that it told of.
    records: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    discrepancies: list[Discrepancy] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Whom nothing may leave to, as our rows say."""

    book: Book
    #: Lead -> how it is called here.
    people: Mapping[int, str]


def audit_rows(audit: Audit) -> Stopped:
    """What left after a suppression, what is still open, who is not flagged here."""
    rows = list(Suppression.objects.select_related("company"))
    stopped = Stopped(book=Book(rows), people={})
    people: dict[int, str] = {}
    for lead in Lead.objects.order_by("pk").iterator(2000):
        covered = bool(stopped.book.of_lead(lead))
        if covered or lead.do_not_contact:
            people[lead.pk] = name_of(lead)
        if covered and not lead.do_not_contact and lead.deleted_at is None:
            audit.discrepancies.append(_not_flagged(lead))
    stopped = Stopped(book=stopped.book, people=people)
    audit.suppressions, audit.people = len(rows), len(people)
    if rows:
        _messages(audit, stopped, since=min(row.at for row in rows))
    audit.discrepancies += _enrollments(people)
    return stopped


def name_of(lead: Lead) -> str:
    return f"{lead.email or lead} (lead {lead.pk})"


def _messages(audit: Audit, stopped: Stopped, *, since: datetime) -> None:
    later = Q(sent_at__gte=since) | Q(handed_at__gte=since) | Q(status__in=_OPEN)
    told_at = dict(Activity.objects.filter(kind="suppressed").values_list("key", "occurred_at"))
    messages = Message.objects.filter(later).defer("raw", "text").select_related("lead")
    for message in messages.order_by("pk").iterator(2000):
        lead = message.lead
        rows = stopped.book.of(message.to_email, lead_id=lead.pk, company_id=lead.company_id)
        if not rows and not (lead.do_not_contact and message.status in _OPEN):
            continue
        audit.messages += 1
        audit.discrepancies += _of_message(audit, message, rows, told_at)
    for copy in SentCopy.objects.filter(settled_at=None, sent_at__gte=since).defer("raw"):
        if rows := stopped.book.of(copy.to_email):
            audit.messages += 1
            known = {row: row.noted_at for row in rows}
            audit.discrepancies += _left(audit, copy.to_email, copy.message_id, copy.sent_at, known)


def _of_message(
    audit: Audit,
    message: Message,
    rows: list[Suppression],
    told_at: Mapping[str | None, datetime],
) -> Iterator[Discrepancy]:
    who = f"{message.to_email} (lead {message.lead_id})"
    left_at = message.sent_at or message.handed_at
    if left_at is not None:
        known = {row: _known_at(row, message.lead, told_at) for row in rows}
        yield from _left(audit, who, message.message_id, left_at, known, lead=message.lead_id)
    elif message.status in _OPEN:
        told = f"is suppressed, and email {message.message_id} is {message.status}"
        yield Discrepancy(what="open", who=who, told=told, next=_REACT, lead=message.lead_id)


def _left(
    audit: Audit,
    who: str,
    message_id: str,
    at: datetime,
    known: Mapping[Suppression, datetime | None],
    *,
    lead: int | None = None,
) -> Iterator[Discrepancy]:
    """An email that has left, and since when each of its suppressions was known."""
    before = [row for row, since in known.items() if since and at > since + COMMITTED_WITHIN]
    if not before:
        audit.on_their_way += any(row.at < at for row in known)
        return
    told = (
        f"is suppressed ({before[0].kind}) since {before[0].at:%Y-%m-%d %H:%M:%S}, and email "
        f"{message_id} left at {at:%Y-%m-%d %H:%M:%S} (UTC)"
    )
    find = f": cadenza explain {lead}" if lead is not None else " in the Sent folder"
    step = f"apologize, and find out why{find}"
    yield Discrepancy(what="sent_after", who=who, told=told, next=step, lead=lead)


def _known_at(
    row: Suppression, lead: Lead, told_at: Mapping[str | None, datetime]
) -> datetime | None:
    """Since when it covers this lead; a lead may have come to a company later."""
    if row.company_id is None:
        return row.noted_at
    return told_at.get(f"suppressed:{row.pk}:{lead.pk}")


def _enrollments(people: Mapping[int, str]) -> Iterator[Discrepancy]:
    open_ = Enrollment.objects.filter(status__in=OPEN).order_by("pk")
    for lead_id, sequence, status in open_.values_list("lead", "sequence", "status"):
        if lead_id in people:
            told = f"is suppressed, and {status} in {sequence}"
            yield Discrepancy(
                what="enrolled", who=people[lead_id], told=told, next=_REACT, lead=lead_id
            )


def _not_flagged(lead: Lead) -> Discrepancy:
    return Discrepancy(
        what="not_flagged",
        who=name_of(lead),
        told="is covered by a suppression and not flagged, so no CRM is told",
        next=f"{_REACT}; or cadenza suppression audit --mend",
        lead=lead.pk,
    )
