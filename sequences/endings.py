"""Ending enrollments, and holding them: what was queued is taken back or waits."""

from datetime import datetime

from django.db import transaction

from crm.models import Lead
from crm.timeline import note
from mail import outbox
from runtime import bell, clock
from sequences import cadence
from sequences.cadence import Stop
from sequences.claims import OPEN
from sequences.effects import NEVER
from sequences.models import Enrollment
from sequences.states import state_of
from sequences.versions import definition_of


def leave(lead: Lead) -> None:
    """End what an exit or a goal ends by now: the lead is free for what its event begins."""
    now = clock.now()
    rows = Enrollment.objects.select_related("lead", "version").select_for_update(
        of=("self",), no_key=True
    )
    active = rows.filter(lead=lead, status=Enrollment.Status.ACTIVE, started_at__lte=now)
    for enrollment in active:
        found = cadence.leaves(definition_of(enrollment.version), state_of(enrollment))
        if found is not None:
            end_by(enrollment, found, now)


def stop(
    enrollment_id: int, reason: str, *, at: datetime, because: dict[str, object] | None = None
) -> bool:
    """End an open enrollment and cancel what it has queued; False when it had ended already."""
    enrollment = locked(enrollment_id)
    if enrollment is None or enrollment.status not in OPEN:
        return False
    end(enrollment, Enrollment.Status.STOPPED, reason, at=at, because=because)
    return True


def stop_lead(
    lead: Lead, reason: str, *, at: datetime, because: dict[str, object] | None = None
) -> int:
    """End whatever the lead is in."""
    open_ids = Enrollment.objects.filter(lead=lead, status__in=OPEN).values_list("pk", flat=True)
    return sum(stop(pk, reason, at=at, because=because) for pk in list(open_ids))


def pause(enrollment_id: int, *, until: datetime | None) -> bool:
    """Hold an enrollment and its queued email; None: until `resume`."""
    enrollment = locked(enrollment_id)
    if enrollment is None or enrollment.status not in OPEN:
        return False
    outbox.postpone(enrollment_id, until or NEVER)
    enrollment.status = Enrollment.Status.PAUSED
    _save(enrollment, due_at=until)
    return True


def resume(enrollment_id: int) -> bool:
    """Go on where it was held; steps already taken are never taken again."""
    enrollment = locked(enrollment_id)
    if enrollment is None or enrollment.status != Enrollment.Status.PAUSED:
        return False
    outbox.postpone(enrollment_id, clock.now())
    _save(enrollment, due_at=clock.now())
    transaction.on_commit(lambda: bell.ring("advance"))
    return True


def end_by(enrollment: Enrollment, decision: Stop, now: datetime) -> None:
    """End as it was decided; the sequence that takes over begins once this is committed."""
    status = Enrollment.Status.FINISHED if decision.is_finish else Enrollment.Status.STOPPED
    end(enrollment, status, decision.reason, at=now, because=dict(decision.because))
    if decision.enroll:
        note(
            "handed_over",
            lead=enrollment.lead,
            enrollment_id=enrollment.pk,
            occurred_at=now,
            key=f"handed_over:{enrollment.pk}",
            data={"sequence": decision.enroll, "from": enrollment.sequence},
        )


def end(
    enrollment: Enrollment,
    status: Enrollment.Status,
    reason: str,
    *,
    at: datetime,
    because: dict[str, object] | None = None,
) -> None:
    outbox.cancel(enrollment.pk, {"reason": reason})
    enrollment.status, enrollment.reason, enrollment.ended_at = status, reason[:100], at
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


def locked(enrollment_id: int) -> Enrollment | None:
    rows = Enrollment.objects.select_related("lead")
    return rows.select_for_update(of=("self",), no_key=True).filter(pk=enrollment_id).first()


def _save(enrollment: Enrollment, *, due_at: datetime | None) -> None:
    enrollment.due_at = due_at
    enrollment.save(update_fields=["due_at", "status"])
