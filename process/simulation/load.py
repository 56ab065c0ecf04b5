"""The present of a workspace, read once from its files and rows: where a simulation begins."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from django.db.models import F, QuerySet

from crm import customers, facts, history, logged_calls, meetings, stages
from crm.models import Activity, Listed
from crm.models import Connection as ConnectionRow
from crm.models import Deal as DealRow
from crm.models import Lead as LeadRow
from mail.coverage import covered
from mail.models import Mailbox as MailboxRow
from mail.models import Message, Suppression
from mail.pacing import DAY
from mail.quotas import Quotas
from process import outcomes, timing
from process.blueprint import Blueprint
from process.models import HeldMove
from process.prospecting.form_lists import with_members
from process.simulation.files import files
from process.simulation.rows import (
    WITH_HISTORY,
    Connection,
    Deal,
    Email,
    Enrollment,
    Lead,
    Mailbox,
    Wait,
)
from process.simulation.scene import Files, Scene
from sequences.cadence import State
from sequences.mailboxes import held, written_from
from sequences.models import Enrollment as EnrollmentRow
from sequences.models import Waiting
from sequences.refusals import OPEN
from sequences.states import ask_about
from sequences.versions import definition_of

_QUEUED = (Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNCONFIRMED)


def scene(blueprint: Blueprint, now: datetime) -> Scene:
    """Leads, deals, enrollments, mailboxes and queues as they are now, with the files' sequences."""
    leads = _leads()
    _add_deals(leads)
    mailboxes = _mailboxes(now)
    found = Scene(
        files=_files(blueprint),
        now=now,
        leads=leads,
        connections=_connections(now),
        mailboxes=mailboxes,
        quotas=_quotas(blueprint, now),
        suppressed={lead.email for lead, _ in covered(list(Suppression.objects.all()))},
        customers=customers.companies(),
        buyers=customers.persons(),
        listed=_listed(),
        calls=logged_calls.lately(now),
        held=_held(leads),
        timed_until=_timed_until(blueprint),
    )
    _add_put_here(found)
    _add_past(found)
    _add_enrollments(found)
    _add_waits(found)
    return found


def _files(blueprint: Blueprint) -> Files:
    found = files(blueprint)
    return replace(found, lists=with_members(found.lists, blueprint.forms))


def _leads() -> dict[int, Lead]:
    rows = LeadRow.objects.filter(deleted_at=None).select_related("company", "owner", "source")
    found = {row.pk: _lead(row) for row in rows.order_by("pk").iterator(2000)}
    for row in rows.filter(meetings__isnull=False).distinct():
        found[row.pk].meetings = list(meetings.standing(row))
    return found


def _lead(row: LeadRow) -> Lead:
    known = facts.context(row, None)
    return Lead(
        pk=row.pk,
        facts={name: known[name] for name in known if name != "deal"},
        source=row.source.name,
        company_id=row.company_id,
        owner_id=row.owner_id,
        owner_active=row.owner is None or row.owner.active,
        doubt=row.doubt,
        do_not_contact=row.do_not_contact,
        stage_since=row.stage_since,
    )


def _listed() -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for name, lead_id in Listed.objects.values_list("list", "lead_id"):
        found[name].add(lead_id)
    return dict(found)


def _add_deals(leads: Mapping[int, Lead]) -> None:
    rows = DealRow.objects.filter(deleted_at=None, source=F("lead__source")).order_by("pk")
    for row in rows.select_related("lead").iterator(2000):
        if row.lead is not None and row.lead_id in leads:
            leads[row.lead.pk].deals.append(
                Deal(
                    pk=row.pk,
                    facts=facts.context(row.lead, row)["deal"],
                    company_id=row.company_id,
                    created_at=row.created_at,
                    closed_at=row.closed_at,
                )
            )


def _timed_until(blueprint: Blueprint) -> datetime | None:
    return timing.timed_until() if outcomes.is_at_work(blueprint.process) else None


def _held(leads: Collection[int]) -> dict[int, tuple[str, str]]:
    rows = HeldMove.objects.order_by("pk").values_list("lead", "from_stage", "to_stage")
    return {lead: (from_, to) for lead, from_, to in rows if lead in leads}


def _add_put_here(found: Scene) -> None:
    """The stages out of which people moved leads, where an exit asks for it."""
    conditional = found.files.process.unprompted
    ids = [lead.pk for lead in found.leads.values() if lead.stage in conditional]
    for lead_id, stage in stages.put_here_from(ids).items():
        found.leads[lead_id].put_here_from = stage


def _mailboxes(now: datetime) -> dict[int, list[Mailbox]]:
    found: dict[int, list[Mailbox]] = defaultdict(list)
    rows = list(MailboxRow.objects.exclude(owner=None).order_by("pk"))
    paused = held(rows)
    for row in rows:
        left = Message.objects.filter(mailbox=row, sent_at__gt=now - DAY)
        moments = left.order_by("sent_at").values_list("sent_at", flat=True)
        history_ = [at for at in moments if at is not None]
        if row.owner_id is not None:
            found[row.owner_id].append(
                Mailbox(
                    pk=row.pk,
                    address=row.address,
                    limits=row.limits,
                    ramp=row.ramp,
                    is_held=row.pk in paused,
                    history=history_,
                )
            )
    return dict(found)


def _quotas(blueprint: Blueprint, now: datetime) -> Quotas:
    left = Message.objects.filter(sent_at__gt=now - DAY)
    lately = left.values_list("to_domain", "lead__company", "sent_at")
    known = ((domain, company, at) for domain, company, at in lately if at is not None)
    return Quotas(blueprint.limits.model_dump(), known)


def _connections(now: datetime) -> dict[str, Connection]:
    return {
        row.name: Connection(
            name=row.name,
            pull_every=row.pull_every,
            pull_due_at=max(row.pull_due_at or now, now),
            tells_when=row.kind in WITH_HISTORY,
        )
        for row in ConnectionRow.objects.order_by("pk")
    }


def _add_past(found: Scene) -> None:
    """Who was in which sequence, who was written to, what happened since the oldest open start."""
    ended = EnrollmentRow.objects.exclude(status__in=OPEN).order_by("pk")
    for lead_id, sequence, at in ended.values_list("lead", "sequence", "ended_at"):
        if lead_id in found.leads:
            found.leads[lead_id].ended[sequence] = at or found.now
    for lead_id, at in history.last_touches(list(found.leads)).items():
        found.leads[lead_id].touched_at = at
    for lead_id, mailbox_id in written_from(list(found.leads)).items():
        found.leads[lead_id].written_from = mailbox_id
    oldest = EnrollmentRow.objects.filter(status__in=OPEN).order_by("started_at").first()
    if oldest is not None:
        since = Activity.objects.filter(occurred_at__gte=oldest.started_at, lead__isnull=False)
        for lead_id, at, kind in since.order_by("pk").values_list("lead", "occurred_at", "kind"):
            if lead_id in found.leads:
                found.happened(found.leads[lead_id], kind, at)


def _add_enrollments(found: Scene) -> None:
    begun = EnrollmentRow.objects.filter(started_at__gte=_midnight(found.now))
    open_ = EnrollmentRow.objects.filter(status__in=OPEN).order_by("pk")
    mailboxes = {box.pk: box for box in found.all_mailboxes()}
    queued = defaultdict(list)
    for message in Message.objects.filter(status__in=_QUEUED).order_by("pk"):
        queued[message.enrollment_id].append(message)
    for row, state in _walk(open_.select_related("version")):
        lead = found.leads.get(row.lead_id)
        mailbox = mailboxes.get(row.mailbox_id)
        if lead is not None and mailbox is not None:
            enrollment = _enrollment(found, row, state, lead, mailbox)
            found.enter(enrollment)
            for message in queued[row.pk]:
                found.queue(_email(found, enrollment, message))
    found.begun.clear()
    for sequence, at in begun.values_list("sequence", "started_at"):
        found.begun[sequence, _midnight(at)] += 1


def _walk(rows: QuerySet[EnrollmentRow]) -> Iterator[tuple[EnrollmentRow, State]]:
    last = 0
    while page := list(rows.filter(pk__gt=last)[:500]):
        last = page[-1].pk
        for row, asked in zip(page, ask_about(page), strict=True):
            yield row, asked.state


def _enrollment(
    found: Scene, row: EnrollmentRow, state: State, lead: Lead, mailbox: Mailbox
) -> Enrollment:
    return Enrollment(
        pk=found.number(),
        lead=lead,
        sequence=definition_of(row.version),
        digest=row.version.digest,
        deal=next((deal for deal in lead.deals if deal.pk == row.deal_id), None),
        mailbox=mailbox,
        timezone=row.timezone,
        started_at=row.started_at,
        due_at=row.due_at,
        is_announced=bool(state.taken or state.outstanding),
        is_paused=row.status == EnrollmentRow.Status.PAUSED,
        taken=dict(state.taken),
        anchor=row.anchor,
        anchored_at=row.anchored_at,
    )


def _email(found: Scene, enrollment: Enrollment, message: Message) -> Email:
    return Email(
        pk=found.number(),
        enrollment=enrollment,
        step_id=message.step_id,
        template=message.template.name,
        due_at=max(message.due_at, found.now),
        leave_before=message.leave_before,
        invite=message.invite,
        attempts=message.attempts,
    )


def _add_waits(found: Scene) -> None:
    for row in Waiting.objects.order_by("since", "pk"):
        if row.lead_id in found.leads and row.sequence in found.files.sequences:
            lead = found.leads[row.lead_id]
            found.wait(
                Wait(
                    number=found.number(),
                    lead=lead,
                    sequence=row.sequence,
                    reason=row.reason,
                    retry_at=row.retry_at,
                )
            )


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
