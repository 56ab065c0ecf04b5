"""From marketing to sales: a qualified lead is put before its owner, who takes it or gives it back."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from crm.models import Activity, Connection, Deal, Lead
from crm.timeline import note
from mail.models import Sender
from process import asked, outcomes, questions, tasks
from process.marketing import telling
from process.models import LeadQualification, Task
from process.names import STAGES
from process.prospecting.qualification import Qualification
from runtime import clock
from sequences import engine
from workspace.problems import Fault, unknown

REJECTED = "rejected by sales"
_State = LeadQualification.State


def note_qualified(lead: Lead, data: dict[str, object], *, at: datetime) -> None:
    """Once, and anew only after sales said no."""
    rejections = Activity.objects.filter(lead=lead, kind="rejected").count()
    key = f"qualified:{lead.pk}:{rejections}"
    note("qualified", lead=lead, occurred_at=at, key=key, data=data)


def told_by_crm(
    lead: Lead, connection: Connection, fields: Collection[str], *, at: datetime
) -> None:
    """A CRM calls it an MQL, since one of these fields changed there."""
    words = telling.is_mql(lead, connection, fields)
    if words:
        note_qualified(lead, {**words, "crm": connection.name}, at=at)


def put_before_sales(lead: Lead, because: Mapping[str, object], *, at: datetime) -> None:
    """The lead's row is locked by the caller."""
    found = declared()
    if found is None or _open(lead) is not None:
        return
    sender = Sender.objects.first()
    due_at = found.respond_within.after(at, sender.timezone if sender else "UTC")
    row = LeadQualification.objects.create(
        lead=lead, because=dict(because), opened_at=at, due_at=due_at
    )
    reasons = ", ".join(found.reject_reasons)
    tasks.make(
        questions.ACCEPT,
        f"Accept or reject: {lead}",
        lead=lead,
        key=_key(row),
        note_text=f"cadenza accept {lead.pk}, or cadenza reject {lead.pk} --reason: {reasons}",
        due_at=due_at,
    )
    data: dict[str, object] = {"due_at": due_at.isoformat()}
    note("acceptance_asked", lead=lead, occurred_at=clock.now(), key=f"asked:{row.pk}", data=data)
    telling.tell(lead, ["mql"], by="marketing qualified it")


def accept(lead: Lead, *, by: str) -> None:
    """Sales takes it: it is an SAL. Raises Fault when it is not asked about this lead."""
    with transaction.atomic():
        row, found = _asked(lead)
        _accept(row, lead, found, by=by, at=clock.now())


def reject(lead: Lead, reason: str, *, by: str) -> None:
    """Sales gives it back: it leaves what it is in, and marketing's CRM hears why. Raises Fault."""
    with transaction.atomic():
        row, found = _asked(lead)
        if reason not in found.reject_reasons:
            raise Fault(unknown("reason", reason, found.reject_reasons))
        _reject(row, lead, reason, by=by, at=clock.now())


def answered(lead: Lead, answer: str, done: Activity) -> None:
    """The task was ticked off with the answer; nothing where somebody was faster.

    The lead's row is locked by the caller.
    """
    task, found = Task.objects.filter(pk=done.data["task_id"]).first(), declared()
    row = asked.qualification_of(task) if task is not None else None
    if row is None or found is None:
        return
    by, at = str(done.data.get("by", "")), done.occurred_at
    if answer == questions.ACCEPTED:
        _accept(row, lead, found, by=by, at=at)
    else:
        _reject(row, lead, answer, by=by, at=at)


def answered_in_crm(
    lead: Lead, connection: Connection, fields: Collection[str], *, at: datetime
) -> None:
    """Sales answered there, or in a workspace of its own that wrote it there.

    The lead's row is locked by the caller.
    """
    row, found = _open(lead), declared()
    told = telling.answer(lead, connection, fields) if row is not None else None
    if row is None or found is None or told is None:
        return
    if told.accepted:
        _accept(row, lead, found, by=connection.name, at=at)
    else:
        _reject(row, lead, told.reason, by=connection.name, at=at)


def stage_moved(lead: Lead) -> None:
    """What sales accepted is an SQL from a stage on, where the team says so."""
    found = declared()
    row = _last(lead, _State.ACCEPTED)
    if found is not None and row is not None:
        _qualify(row, lead, found)


def deal_created(lead: Lead, deal: Deal | None, *, at: datetime) -> None:
    """An opportunity, and an SQL at the latest; who makes a deal of a lead has taken it."""
    row = _last(lead, _State.OPEN, _State.ACCEPTED, _State.SQL)
    if declared() is None or row is None:
        return
    if row.state == _State.OPEN:
        tasks.skipped(_key(row))
    row.state, row.deal_at, row.answered_at = _State.DEAL, at, row.answered_at or at
    row.save(update_fields=["state", "deal_at", "answered_at"])
    telling.tell(lead, ["sal", "sql", "opportunity"], by="a deal was created")
    if deal is not None and deal.is_won:
        deal_won(lead)


def deal_won(lead: Lead) -> None:
    row = _last(lead, _State.DEAL)
    if declared() is not None and row is not None:
        row.state = _State.WON
        row.save(update_fields=["state"])
        telling.tell(lead, ["customer"], by="a deal was won")


def declared() -> Qualification | None:
    process = outcomes.applied()
    return process.qualification if process else None


def _asked(lead: Lead) -> tuple[LeadQualification, Qualification]:
    Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    row, found = _open(lead), declared()
    if found is None:
        raise Fault("process.yaml, as applied, has no qualification")
    if row is None:
        last = LeadQualification.objects.filter(lead=lead).order_by("-pk").first()
        was = f"was {last.state} by {last.by or 'its deal'}" if last else "has not qualified"
        raise Fault(f"{lead} does not wait for a yes or no: it {was}")
    return row, found


def _accept(
    row: LeadQualification, lead: Lead, found: Qualification, *, by: str, at: datetime
) -> None:
    _answer(row, _State.ACCEPTED, by=by, at=at)
    note("accepted", lead=lead, occurred_at=at, data={"by": by})
    telling.tell(lead, ["sal"], by=by)
    _qualify(row, lead, found)


def _reject(row: LeadQualification, lead: Lead, reason: str, *, by: str, at: datetime) -> None:
    _answer(row, _State.REJECTED, by=by, at=at, reason=reason)
    because: dict[str, object] = {"rule": REJECTED, "reason": reason, "by": by}
    engine.stop_lead(lead, REJECTED, at=at, because=because)
    note("rejected", lead=lead, occurred_at=at, data={"reason": reason, "by": by})
    telling.tell_rejected(lead, reason, by=by)


def _answer(row: LeadQualification, state: str, *, by: str, at: datetime, reason: str = "") -> None:
    row.state, row.answered_at, row.by, row.reason = state, at, by[:150], reason[:100]
    row.save(update_fields=["state", "answered_at", "by", "reason"])
    answer = questions.ACCEPTED if state == _State.ACCEPTED else reason
    task = Task.objects.filter(key=_key(row), done_at=None).first()
    if task is not None and answer in asked.answers(task, outcomes.applied()):
        tasks.done(task.pk, disposition=answer, by=by)
    else:  # a CRM may give a reason of its own, or none
        tasks.skipped(_key(row))


def _qualify(row: LeadQualification, lead: Lead, found: Qualification) -> None:
    here, at = lead.stage, found.sql_from
    # The last stage is also where those go who did not buy.
    if at is not None and here in {at, *STAGES[STAGES.index(at) : -1]}:
        row.state = _State.SQL
        row.save(update_fields=["state"])
        telling.tell(lead, ["sql"], by=f"came to {here}")


def _open(lead: Lead) -> LeadQualification | None:
    return _last(lead, _State.OPEN)


def _last(lead: Lead, *states: str) -> LeadQualification | None:
    rows = LeadQualification.objects.filter(lead=lead, state__in=states)
    return rows.order_by("-pk").first()


def _key(row: LeadQualification) -> str:
    return f"accept:{row.pk}"
