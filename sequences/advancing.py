"""Asking `decide` about claimed enrollments and doing what it says, in the caller's transaction."""

from collections.abc import Mapping
from collections.abc import Sequence as Items
from datetime import datetime

from crm import edit, stages
from crm.models import Lead
from crm.timeline import Note, note, note_all
from sequences import cadence, endings, moving
from sequences.cadence import Send, Stop, Update, Wait, decide
from sequences.claims import Claimed
from sequences.effects import Effects
from sequences.models import AppliedVersion, Enrollment, StepRun
from sequences.states import Asked, ask_about, ask_for_step, state_of
from sequences.versions import definition_of

#: After these nothing is asked for until something happened.
_TAKEN_LAST = (Wait, Send)
#: These write more than rows of their own.
_TAKEN_ALONE = (Update, Stop)
_DELETED = "lead deleted"


def advance_all(enrollments: Items[Claimed], now: datetime) -> list[int]:
    """Advance locked enrollments; the ids of those that write rows of the CRM, and have to wait.

    Whoever writes those locks the lead first, and a batch has locked its enrollments already.
    """
    effects, alone, ended = Effects(now), list[int](), dict[int, Stop]()
    for enrollment, known in zip(enrollments, ask_for_step(enrollments), strict=True):
        asked = _follow_version(enrollment, known, now)
        decision = _advance(asked, effects, now)
        if isinstance(decision, Stop) and not decision.enroll:
            ended[enrollment.pk] = decision
            continue
        if enrollment.status == Enrollment.Status.PAUSED:
            effects.resume(enrollment)
        if decision is not None:
            alone.append(enrollment.pk)
    _end_all(ended, now)
    effects.write()
    return alone


def advance_alone(enrollment_id: int, now: datetime) -> None:
    """Advance one enrollment whose next step writes more than its own rows."""
    lead = Lead.objects.filter(enrollment=enrollment_id).select_for_update(no_key=True).first()
    enrollment = endings.locked(enrollment_id)
    if lead is None or enrollment is None or enrollment.status != Enrollment.Status.ACTIVE:
        return
    effects = Effects(now)
    while decision := _advance(ask_about([enrollment])[0], effects, now):
        if isinstance(decision, Update):
            effects.update(enrollment, decision)
            effects.write()
            _set_fields(enrollment, decision, now)
            effects = Effects(now)
        else:
            endings.end_by(enrollment, decision, now)
            break
    effects.write()


def _advance(asked: Asked, effects: Effects, now: datetime) -> Update | Stop | None:
    """Ask `decide` until it says to wait; the decision that is not taken here, if there is one."""
    if asked.person.is_deleted:
        return Stop(reason=_DELETED, because={"rule": _DELETED})
    if asked.because is not None:
        effects.enrolled(asked.enrollment, asked.because)
    sequence, state = definition_of(asked.version), asked.state
    decision = decide(sequence, state, now)
    while not isinstance(decision, _TAKEN_LAST):
        if isinstance(decision, _TAKEN_ALONE):
            return decision
        # The others change nothing that makes people leave: the next step may be asked for at once.
        effects.take(asked, decision)
        state = cadence.after(state, decision, now)
        decision = cadence.next_step(sequence, state, now)
    if isinstance(decision, Send):
        effects.send(asked, decision)
    else:
        effects.schedule(asked.enrollment, decision.until)
    return None


def _follow_version(enrollment: Claimed, asked: Asked, now: datetime) -> Asked:
    """Move to the sequence's active version when that says so, and the step at hand is over."""
    newest = asked.newest
    if newest is None or newest.id == enrollment.version_id:
        return asked
    old, new = definition_of(asked.version), definition_of(newest)
    to = moving.move(old, new, asked.state, now)
    if to is None:
        return asked
    _write_move(enrollment, asked.version, newest, to, now)
    moved = enrollment._replace(version_id=newest.pk, anchor=to.anchor, anchored_at=to.anchored_at)
    state = moving.moved(asked.state, to)
    if new.events - old.events:
        state = state._replace(facts=state_of(moved).facts)
    return asked._replace(enrollment=moved, version=newest, state=state)


def _write_move(
    enrollment: Claimed, old: AppliedVersion, new: AppliedVersion, to: moving.Move, now: datetime
) -> None:
    for step_id, way in to.ways.items():
        StepRun.objects.filter(enrollment=enrollment.pk, step_id=step_id).update(way=way)
    Enrollment.objects.filter(pk=enrollment.pk).update(
        version=new, anchor=to.anchor, anchored_at=to.anchored_at
    )
    noted = Note(
        kind="version_changed",
        occurred_at=now,
        lead_id=enrollment.lead_id,
        deal_id=None,
        enrollment_id=enrollment.pk,
        message_id=None,
        key=None,
        data={
            "sequence": enrollment.sequence,
            "from": old.digest[:8],
            "to": new.digest[:8],
            "rule": f"when_changed: {definition_of(new).when_changed}",
            "behind": to.anchor,
        },
    )
    note_all([noted])


def _end_all(decisions: Mapping[int, Stop], now: datetime) -> None:
    if not decisions:
        return
    ending = Enrollment.objects.select_related("lead").in_bulk(list(decisions))
    for enrollment_id, decision in decisions.items():
        endings.end_by(ending[enrollment_id], decision, now)


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
