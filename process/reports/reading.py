"""The rows of reports, read a page at a time: the timeline is never in memory as a whole."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby, islice
from typing import Any

from django.db.models import Max, QuerySet

from crm import facts, rows, stages
from crm.models import Activity, Connection, Deal, Lead, Owner
from mail.models import EmailTemplate, Mailbox, Message, Pause
from process.models import Task
from process.reports.missing import Known
from process.reports.rows import Box, ClosedDeal, Event, History, Person, Work
from sequences.models import AppliedVersion, Enrollment

#: Rows of a page.
PAGE = 2000
_ACTIVITY = (
    "pk", "kind", "occurred_at", "lead_id", "deal_id", "connection_id", "enrollment_id",
    "message_id", "data",
)  # fmt: skip
_PERSON = ("pk", "owner__email", "stage", "timezone")
#: Custom fields that say where a deal comes from and in what its amount is, where they are mapped.
_SOURCE, _CURRENCY = "source", "currency"
Row = Sequence[Any]


def histories(kinds: Collection[str]) -> Iterator[History]:
    """Every lead with its events of these kinds."""
    found = Activity.objects.filter(kind__in=kinds).exclude(lead=None)
    by_lead = groupby(_events(found, "lead_id", "occurred_at", "pk"), key=lambda event: event.lead)
    lead, events = next(by_lead, (None, iter(())))
    for row in Lead.objects.order_by("pk").values_list(*_PERSON).iterator(PAGE):
        person = Person(row[0], row[1] or "", *row[2:])
        mine: Sequence[Event] = ()
        if lead == person.lead:
            mine = list(events)
            lead, events = next(by_lead, (None, iter(())))
        yield History(person, mine)


def known() -> Iterator[Known]:
    """The leads who may be written to, each with its facts and those of its bound deal."""
    leads = Lead.objects.filter(deleted_at=None, do_not_contact=False).exclude(email="")
    found = leads.select_related("company", "owner").order_by("pk").iterator(PAGE)
    while page := list(islice(found, PAGE)):
        deals = stages.bound_deals([lead.pk for lead in page])
        for lead in page:
            owner = lead.owner.email if lead.owner else ""
            yield Known(owner, lead.stage, facts.context(lead, deals.get(lead.pk)))


def timeline() -> Iterator[Event]:
    """Everything that was noted, as it was noted."""
    return _events(Activity.objects.all(), "pk")


def works() -> Iterator[Work]:
    names = ("owner__email", "kind", "created_at", "due_at", "done_at", "skipped")
    for owner, *rest in Task.objects.order_by("pk").values_list(*names).iterator(PAGE):
        kind, made_at, due_at, ended_at, skipped = rest
        yield Work(
            owner=owner or "",
            kind=kind,
            made_at=made_at,
            due_at=due_at,
            ended_at=ended_at,
            skipped=skipped,
        )


def closed_deals() -> Iterator[ClosedDeal]:
    """Those that closed while we watched: what the CRM says of the day may be a forecast."""
    noted = (
        Activity.objects.filter(kind="deal_closed").values("deal").annotate(at=Max("occurred_at"))
    )
    closed_at = dict(noted.values_list("deal", "at"))
    deals = Deal.objects.filter(is_closed=True, deleted_at=None).order_by("pk")
    for deal in deals.select_related("owner", "lead", "source").iterator(PAGE):
        if deal.pk in closed_at:
            yield ClosedDeal(
                id=deal.pk,
                owner=deal.owner.email if deal.owner else "",
                lead=deal.lead_id,
                won=deal.is_won,
                amount=deal.amount,
                currency=str(deal.extra.get(_CURRENCY) or ""),
                source=_source_of(deal),
                closed_at=closed_at[deal.pk],
            )


def boxes() -> Iterator[Box]:
    """Every mailbox, with the pause that holds it: its own, or a person's."""
    pauses = {pause.name: pause for pause in Pause.objects.exclude(scope=Pause.Scope.SEQUENCE)}
    for box in Mailbox.objects.order_by("address").select_related("owner"):
        pause = pauses.get(box.address) or pauses.get("")
        yield Box(
            address=box.address,
            owner=box.owner.email if box.owner else "",
            status="paused" if pause else box.status,
            since=pause.since if pause else box.rates_exceeded_at,
            reason=pause.reason or f"by {pause.by}" if pause else box.last_error,
        )


def _source_of(deal: Deal) -> str:
    """The deal's own, else its lead's, else the connection from which it came."""
    extras = (deal.extra, deal.lead.extra if deal.lead else {})
    told = (str(extra.get(_SOURCE) or "") for extra in extras)
    return next(filter(None, told), deal.source.name)


def _events(found: QuerySet[Activity], *order: str) -> Iterator[Event]:
    names = _Names()
    read = found.order_by(*order).values_list(*_ACTIVITY).iterator(PAGE)
    while page := list(islice(read, PAGE)):
        yield from names.events(page)


class _Names:
    """What the ids of activities stand for: of the few all, of the many those of a page."""

    def events(self, page: Sequence[Row]) -> Iterator[Event]:
        owners = _by_id(Lead, ("owner_id",), {row[3] for row in page})
        enrollments = _by_id(Enrollment, ("sequence", "version_id"), {row[6] for row in page})
        fields = ("step_id", "sequence", "template_id", "mailbox_id", "to_domain", "message_id")
        messages = _by_id(Message, fields, {row[7] for row in page})
        for pk, kind, at, lead, deal, connection, enrollment, message, data in page:
            sequence, version = enrollments.get(enrollment, ("", None))
            step, of_message, template, mailbox, domain, message_id = messages.get(
                message, _NO_MESSAGE
            )
            yield Event(
                id=pk,
                kind=kind,
                at=at,
                lead=lead,
                owner=self.owners.get(owners.get(lead, (None,))[0], ""),
                deal=deal,
                connection=self.connections.get(connection, ""),
                enrollment=enrollment,
                message=message,
                message_id=message_id,
                sequence=sequence or of_message or str(data.get("sequence") or ""),
                version=self.versions.get(version, ""),
                step=step or str(data.get("step") or ""),
                variant=self.templates.get(template, ""),
                mailbox=self.mailboxes.get(mailbox or data.get("mailbox"), ""),
                domain=domain,
                data=data,
            )

    @cached_property
    def owners(self) -> Mapping[Any, str]:
        return dict(Owner.objects.values_list("pk", "email"))

    @cached_property
    def connections(self) -> Mapping[Any, str]:
        return dict(Connection.objects.values_list("pk", "name"))

    @cached_property
    def versions(self) -> Mapping[Any, str]:
        return {pk: digest[:8] for pk, digest in AppliedVersion.objects.values_list("pk", "digest")}

    @cached_property
    def templates(self) -> Mapping[Any, str]:
        return dict(EmailTemplate.objects.values_list("pk", "name"))

    @cached_property
    def mailboxes(self) -> Mapping[Any, str]:
        return dict(Mailbox.objects.values_list("pk", "address"))


_NO_MESSAGE = ("", "", None, None, "", "")


def _by_id(model: Any, names: Sequence[str], ids: Collection[int | None]) -> Mapping[Any, Row]:
    found = rows.read(model, ("id", *names), [pk for pk in ids if pk is not None])
    return {pk: tuple(values) for pk, *values in found}
