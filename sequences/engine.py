"""Walking enrollments through their sequences: claim what is due, ask `decide`, do what it says.

A batch is claimed, decided and written in one transaction, so a crash leaves it due as it was. No
step is taken twice: StepRun and Message are unique per (enrollment, step).
"""

import hashlib
import hmac
from collections.abc import Sequence as Items
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from jinja2 import TemplateError

from crm import facts
from crm.models import Lead
from crm.timeline import note
from mail import outbox
from mail.models import EmailTemplate, Mailbox, Message
from runtime import bell, clock
from sequences.cadence import Assign, Decision, Send, State, Stop, Wait, decide, window_of
from sequences.definition import TaskStep
from sequences.models import Enrollment, StepRun
from sequences.versions import definition_of
from workspace.templating import render

BATCH = 200
#: The due time of an email whose enrollment waits for a person.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)
_OUTSTANDING = (Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNCONFIRMED)


def due(now: datetime) -> QuerySet[Enrollment]:
    """Enrollments about which `decide` is to be asked."""
    return Enrollment.objects.filter(status__in=_OPEN, due_at__lte=now)


def advance_due() -> int:
    """Take every step that is due, in batches; how many enrollments were asked about."""
    asked = 0
    while batch := _advance_batch():
        asked += batch
        if batch < BATCH:
            break
    return asked


def _advance_batch() -> int:
    now = clock.now()
    with transaction.atomic():
        claimed = claim_due(now)
        for enrollment in claimed:
            advance(enrollment, now)
    return len(claimed)


def claim_due(now: datetime) -> Items[Enrollment]:
    """Lock the oldest due enrollments that nobody else has locked, in the caller's transaction."""
    rows = due(now).order_by("due_at")
    rows = rows.select_related("lead", "lead__company", "lead__owner", "deal", "version")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
    # SQLite's transactions are immediate: whoever is in here is alone.
    return list(rows[:BATCH])


def advance(enrollment: Enrollment, now: datetime) -> None:
    """Do what `decide` says until it says to wait or stop. The enrollment's row is locked."""
    if enrollment.status == Enrollment.Status.PAUSED:
        enrollment.status = Enrollment.Status.ACTIVE
    if enrollment.lead.deleted_at is not None:
        end(enrollment, Enrollment.Status.STOPPED, "lead deleted", at=now)
        return
    sequence = definition_of(enrollment.version)
    while True:
        state = state_of(enrollment)
        if not state.taken and not state.outstanding:
            _note_enrolled(enrollment, now)
        decision = decide(sequence, state, now)
        if not _carry_out(enrollment, decision, now):
            return


def state_of(enrollment: Enrollment) -> State:
    """What `decide` may know, read from the rows."""
    outstanding = Message.objects.filter(
        enrollment_id=enrollment.pk, status__in=_OUTSTANDING
    ).values_list("step_id", flat=True)
    return State(
        enrollment_id=enrollment.pk,
        started_at=enrollment.started_at,
        timezone=enrollment.timezone,
        taken=dict(enrollment.runs.values_list("step_id", "at")),
        outstanding=next(iter(outstanding), ""),
        facts=facts.context(enrollment.lead, enrollment.deal),
    )


def _carry_out(enrollment: Enrollment, decision: Decision, now: datetime) -> bool:
    """Whether `decide` may be asked again at once."""
    match decision:
        case Send():
            _queue(enrollment, decision, now)
            return False
        case Assign():
            _assign(enrollment, decision, now)
            return True
        case Wait():
            _save(enrollment, due_at=decision.until)
            return False
        case Stop():
            finished = decision.reason == "finished"
            status = Enrollment.Status.FINISHED if finished else Enrollment.Status.STOPPED
            end(enrollment, status, decision.reason, at=now, because=dict(decision.because))
            return False


def _queue(enrollment: Enrollment, decision: Send, now: datetime) -> None:
    template_id = enrollment.version.templates[decision.step.email]
    sequence = definition_of(enrollment.version)
    parent = (
        None
        if decision.step.thread == "new"
        else Message.objects.filter(enrollment_id=enrollment.pk, status=Message.Status.SENT)
        .order_by("-sent_at", "-pk")
        .first()
    )
    outbox.queue(
        enrollment_id=enrollment.pk,
        step_id=decision.step.id,
        token=token(enrollment.pk, decision.step.id),
        lead=enrollment.lead,
        deal=enrollment.deal,
        mailbox=Mailbox.objects.get(pk=enrollment.mailbox_id),
        template=EmailTemplate.objects.get(pk=template_id),
        parent=parent,
        window={**window_of(sequence), "timezone": enrollment.timezone},
        enrolled_at=enrollment.started_at,
        due_at=now,
        because=dict(decision.because),
    )
    _save(enrollment, due_at=None)


def _assign(enrollment: Enrollment, decision: Assign, now: datetime) -> None:
    StepRun.objects.create(
        enrollment=enrollment,
        step_id=decision.step.id,
        kind="task",
        at=now,
        because=dict(decision.because),
    )
    note(
        "task_assigned",
        lead=enrollment.lead,
        deal=enrollment.deal,
        enrollment_id=enrollment.pk,
        occurred_at=now,
        key=f"task:{enrollment.pk}:{decision.step.id}",
        data={
            "task": decision.step.task,
            "title": _title(enrollment, decision.step),
            "due_at": decision.due_at.isoformat(),
        },
    )


def _title(enrollment: Enrollment, step: TaskStep) -> str:
    """A title that reads a blank fact still names the task and the lead: nobody but a rep sees it."""
    try:
        return render(step.title, facts.context(enrollment.lead, enrollment.deal))
    except TemplateError:
        return f"{step.task.capitalize()}: {enrollment.lead}"


def _note_enrolled(enrollment: Enrollment, now: datetime) -> None:
    note(
        "enrolled",
        lead=enrollment.lead,
        deal=enrollment.deal,
        enrollment_id=enrollment.pk,
        occurred_at=now,
        key=f"enrolled:{enrollment.pk}",
        data={"sequence": enrollment.sequence, "because": enrollment.because},
    )


def sent(enrollment_id: int, step_id: str, *, at: datetime, because: dict[str, object]) -> None:
    """An email left: its step is taken, and `decide` is asked about what follows."""
    enrollment = _locked(enrollment_id)
    if enrollment is None:
        return
    StepRun.objects.get_or_create(
        enrollment=enrollment,
        step_id=step_id,
        defaults={"kind": "email", "at": at, "because": because},
    )
    if enrollment.status == Enrollment.Status.ACTIVE:
        _save(enrollment, due_at=clock.now())
        transaction.on_commit(lambda: bell.ring("advance"))


def stop(
    enrollment_id: int, reason: str, *, at: datetime, because: dict[str, object] | None = None
) -> bool:
    """End an open enrollment and cancel what it has queued; False when it had ended already."""
    enrollment = _locked(enrollment_id)
    if enrollment is None or enrollment.status not in _OPEN:
        return False
    end(enrollment, Enrollment.Status.STOPPED, reason, at=at, because=because)
    return True


def stop_lead(
    lead: Lead, reason: str, *, at: datetime, because: dict[str, object] | None = None
) -> int:
    """End whatever the lead is in."""
    open_ids = Enrollment.objects.filter(lead=lead, status__in=_OPEN).values_list("pk", flat=True)
    return sum(stop(pk, reason, at=at, because=because) for pk in list(open_ids))


def pause(enrollment_id: int, *, until: datetime | None) -> bool:
    """Hold an enrollment and its queued email; None: until `resume`."""
    enrollment = _locked(enrollment_id)
    if enrollment is None or enrollment.status not in _OPEN:
        return False
    _postpone_queued(enrollment_id, until or _NEVER)
    enrollment.status = Enrollment.Status.PAUSED
    enrollment.save(update_fields=["status"])
    _save(enrollment, due_at=until)
    return True


def resume(enrollment_id: int) -> bool:
    """Go on where it was held; steps already taken are never taken again."""
    enrollment = _locked(enrollment_id)
    if enrollment is None or enrollment.status != Enrollment.Status.PAUSED:
        return False
    _postpone_queued(enrollment_id, clock.now())
    _save(enrollment, due_at=clock.now())
    transaction.on_commit(lambda: bell.ring("advance"))
    return True


def end(
    enrollment: Enrollment,
    status: Enrollment.Status,
    reason: str,
    *,
    at: datetime,
    because: dict[str, object] | None = None,
) -> None:
    outbox.cancel(enrollment.pk, {"reason": reason})
    enrollment.status, enrollment.reason, enrollment.ended_at = status, reason, at
    enrollment.due_at = None
    enrollment.because = {**enrollment.because, "ended": because or {"rule": reason}}
    enrollment.save(update_fields=["status", "reason", "ended_at", "due_at", "because"])
    note(
        "unenrolled",
        lead=enrollment.lead,
        enrollment_id=enrollment.pk,
        occurred_at=at,
        key=f"unenrolled:{enrollment.pk}",
        data={"sequence": enrollment.sequence, "status": str(status), "reason": reason},
    )


def token(enrollment_id: int, step_id: str) -> str:
    """Opaque, and the same whenever the same enrollment and step are asked about."""
    return f"{_opaque(f'enrollment {enrollment_id}')}.{_opaque(f'step {enrollment_id} {step_id}')}"


def _postpone_queued(enrollment_id: int, until: datetime) -> None:
    queued = Message.objects.filter(enrollment_id=enrollment_id, status=Message.Status.QUEUED)
    queued.update(due_at=until)


def _opaque(text: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]


def _locked(enrollment_id: int) -> Enrollment | None:
    rows = Enrollment.objects.select_related("lead", "deal", "version")
    return rows.select_for_update(of=("self",), no_key=True).filter(pk=enrollment_id).first()


def _save(enrollment: Enrollment, *, due_at: datetime | None) -> None:
    enrollment.due_at = due_at
    enrollment.save(update_fields=["due_at", "status"])
