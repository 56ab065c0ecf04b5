"""Walking enrollments through their sequences: claim what is due, ask `decide`, do what it says.

A batch is claimed, decided and written in one transaction, so a crash leaves it due as it was. No
step is taken twice: StepRun and Message are unique per (enrollment, step).
"""

import logging
from collections.abc import Iterator
from collections.abc import Sequence as Items
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Least

from crm import edit, stages
from crm.models import Lead
from crm.timeline import note
from mail import outbox
from runtime import bell, clock
from sequences import cadence, claims, moving, versions
from sequences.cadence import Assign, Branch, Send, Skip, State, Stop, Update, decide
from sequences.effects import NEVER, Effects
from sequences.models import AppliedVersion, Enrollment, StepRun
from sequences.states import state_of, states_of
from sequences.versions import definition_of

log = logging.getLogger(__name__)

BATCH = 500
#: Who cannot be asked about, through a fault of ours or of the rows, is tried again after so long.
AFTER_FAILURE = timedelta(hours=1)
#: The database cannot be reached, or broke a deadlock: the next tick goes on.
_NOBODYS_FAULT = (OperationalError, InterfaceError)
_OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)
#: After these `decide` may be asked again at once, without looking at the rows anew.
_TAKEN_IN_PASSING = (Assign, Skip, Branch)
#: What belongs to a lead beyond its own row, and is read with it.
_RELATED = ("lead", "lead__company", "lead__owner", "deal", "version")


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
    """One enrollment at fault must not hold up the others: a batch that fails is taken one by one."""
    now = clock.now()
    try:
        return _advance_claimed(due(now), now)
    except _NOBODYS_FAULT:
        raise
    except Exception:  # whatever it is, most of the batch has no part in it
        log.exception("a batch of enrollments failed: each is asked about alone")
    ids = list(due(now).order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH])
    for enrollment_id in ids:
        with _apart(enrollment_id, now):
            _advance_claimed(due(now).filter(pk=enrollment_id), now)
    return len(ids)


def _advance_claimed(rows: QuerySet[Enrollment], now: datetime) -> int:
    with transaction.atomic():
        claimed = claims.claim(rows, at_most=BATCH)
        alone = _advance_all(claimed, now)
    for enrollment_id in alone:
        with _apart(enrollment_id, now):
            _advance_alone(enrollment_id, now)
    return len(claimed)


@contextmanager
def _apart(enrollment_id: int, now: datetime) -> Iterator[None]:
    """Nothing happens to who fails in here: it is tried again later, and the others go on."""
    try:
        yield
    except _NOBODYS_FAULT:
        raise
    except Exception:
        log.exception("enrollment %s failed, and is tried again later", enrollment_id)
        Enrollment.objects.filter(pk=enrollment_id).update(due_at=now + AFTER_FAILURE)


def _advance_all(enrollments: Items[Enrollment], now: datetime) -> list[int]:
    """Advance locked enrollments; the ids of those that write rows of the CRM, and have to wait.

    Whoever writes those locks the lead first, and a batch has locked its enrollments already.
    """
    states, effects, alone = states_of(enrollments), Effects(now), []
    newest = {version.sequence: version for version in versions.active()} if enrollments else {}
    for enrollment in enrollments:
        state = states[enrollment.pk]
        state = _follow_version(enrollment, newest.get(enrollment.sequence), state, now)
        decision = _advance(enrollment, state, effects, now)
        if decision is not None:
            alone.append(enrollment.pk)
            effects.schedule(enrollment, enrollment.due_at)
    effects.write()
    return alone


def _advance_alone(enrollment_id: int, now: datetime) -> None:
    """Advance one enrollment whose next step writes more than its own rows."""
    with transaction.atomic():
        lead = Lead.objects.filter(enrollment=enrollment_id).select_for_update(no_key=True).first()
        enrollment = _locked(enrollment_id)
        if lead is None or enrollment is None or enrollment.status != Enrollment.Status.ACTIVE:
            return
        effects = Effects(now)
        while decision := _advance(enrollment, state_of(enrollment), effects, now):
            if isinstance(decision, Update):
                effects.update(enrollment, decision)
                effects.write()
                _set_fields(enrollment, decision, now)
                effects = Effects(now)
            else:
                _hand_over(enrollment, decision, now)
                break
        effects.write()


def _advance(
    enrollment: Enrollment, state: State, effects: Effects, now: datetime
) -> Update | Stop | None:
    """Ask `decide` until it says to wait; the decision that is not taken here, if there is one."""
    enrollment.status = Enrollment.Status.ACTIVE
    if enrollment.lead.deleted_at is not None:
        end(enrollment, Enrollment.Status.STOPPED, "lead deleted", at=now)
        return None
    if not state.taken and not state.outstanding:
        effects.enrolled(enrollment)
    sequence = definition_of(enrollment.version)
    while isinstance(decision := decide(sequence, state, now), _TAKEN_IN_PASSING):
        effects.take(enrollment, decision, state.facts)
        state = cadence.after(state, decision, now)
    if isinstance(decision, Update) or (isinstance(decision, Stop) and decision.enroll):
        return decision
    if isinstance(decision, Stop):
        _end_by(enrollment, decision, now)
    elif isinstance(decision, Send):
        effects.send(enrollment, decision, state.facts)
    else:
        effects.schedule(enrollment, decision.until)
    return None


def _follow_version(
    enrollment: Enrollment, newest: AppliedVersion | None, state: State, now: datetime
) -> State:
    """Move to the sequence's active version when that says so, and the step at hand is over."""
    if newest is None or newest.pk == enrollment.version_id:
        return state
    old, new = definition_of(enrollment.version), definition_of(newest)
    to = moving.move(old, new, state, now)
    if to is None:
        return state
    for step_id, way in to.ways.items():
        StepRun.objects.filter(enrollment=enrollment, step_id=step_id).update(way=way)
    note(
        "version_changed",
        lead=enrollment.lead,
        enrollment_id=enrollment.pk,
        occurred_at=now,
        data={
            "sequence": enrollment.sequence,
            "from": enrollment.version.digest[:8],
            "to": newest.digest[:8],
            "rule": f"when_changed: {new.when_changed}",
            "behind": to.anchor,
        },
    )
    enrollment.version, enrollment.anchor = newest, to.anchor
    enrollment.anchored_at = to.anchored_at
    enrollment.save(update_fields=["version", "anchor", "anchored_at"])
    state = moving.moved(state, to)
    return replace(state, facts=state_of(enrollment).facts) if new.events - old.events else state


def _set_fields(enrollment: Enrollment, decision: Update, now: datetime) -> None:
    """A field that the mapping no longer has is told to a person, and holds nobody up."""
    lead, step = enrollment.lead, decision.step
    fields = {name.removeprefix("lead."): value for name, value in step.update.items()}
    stage = fields.pop("stage", None)
    try:
        if fields:
            edit.change(lead, fields, by=f"{enrollment.sequence}, step {step.id}")
    except edit.NotEditable as error:
        note(
            "update_refused",
            lead=lead,
            enrollment_id=enrollment.pk,
            occurred_at=now,
            key=f"update_refused:{enrollment.pk}:{step.id}",
            data={"step": step.id, "error": str(error)},
        )
    if stage is not None:
        stages.move(lead, str(stage), at=now, because=dict(decision.because))
    lead.refresh_from_db()


def _hand_over(enrollment: Enrollment, decision: Stop, now: datetime) -> None:
    """End here; the other sequence begins once this is committed, by a reaction."""
    _end_by(enrollment, decision, now)
    note(
        "handed_over",
        lead=enrollment.lead,
        enrollment_id=enrollment.pk,
        occurred_at=now,
        key=f"handed_over:{enrollment.pk}",
        data={"sequence": decision.enroll, "from": enrollment.sequence},
    )


def _end_by(enrollment: Enrollment, decision: Stop, now: datetime) -> None:
    status = Enrollment.Status.FINISHED if decision.is_finish else Enrollment.Status.STOPPED
    end(enrollment, status, decision.reason, at=now, because=dict(decision.because))


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


def task_ended(enrollment_id: int, step_id: str, *, at: datetime) -> None:
    """A person did what the step assigned, or said that it need not be done: a gate is open."""
    runs = StepRun.objects.filter(enrollment=enrollment_id, step_id=step_id, ended_at=None)
    if runs.update(ended_at=at):
        reconsider(pk=enrollment_id)


def reconsider(**whose: object) -> int:
    """Something happened: ask `decide` of these active enrollments now; how many they are."""
    now = clock.now()
    found = Enrollment.objects.filter(**whose).values("pk")
    active = Enrollment.objects.filter(
        pk__in=found, status=Enrollment.Status.ACTIVE, started_at__lte=now
    )
    # Those who are due already, too: whoever is asking about them may have read the rows before.
    count = active.update(due_at=Least(Coalesce("due_at", now), now))
    if count:
        transaction.on_commit(lambda: bell.ring("advance"))
    return count


def leave(lead: Lead) -> None:
    """End what an exit or a goal ends by now: the lead is free for what its event begins."""
    now = clock.now()
    rows = Enrollment.objects.select_related(*_RELATED).select_for_update(of=("self",), no_key=True)
    active = rows.filter(lead=lead, status=Enrollment.Status.ACTIVE, started_at__lte=now)
    for enrollment in active:
        found = cadence.leaves(definition_of(enrollment.version), state_of(enrollment))
        if found is not None:
            _end_by(enrollment, found, now)


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
    outbox.postpone(enrollment_id, until or NEVER)
    enrollment.status = Enrollment.Status.PAUSED
    _save(enrollment, due_at=until)
    return True


def resume(enrollment_id: int) -> bool:
    """Go on where it was held; steps already taken are never taken again."""
    enrollment = _locked(enrollment_id)
    if enrollment is None or enrollment.status != Enrollment.Status.PAUSED:
        return False
    outbox.postpone(enrollment_id, clock.now())
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


def _locked(enrollment_id: int) -> Enrollment | None:
    rows = Enrollment.objects.select_related(*_RELATED)
    return rows.select_for_update(of=("self",), no_key=True).filter(pk=enrollment_id).first()


def _save(enrollment: Enrollment, *, due_at: datetime | None) -> None:
    enrollment.due_at = due_at
    enrollment.save(update_fields=["due_at", "status"])
