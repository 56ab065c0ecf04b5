"""Opening the play of an objection: upon a sure answer, or by the word of whoever read a doubtful one."""

from collections.abc import Sequence

from jinja2 import TemplateError

from crm import facts, stages
from crm.models import Activity, Lead
from crm.timeline import note
from mail.suppression import is_suppressed
from process import moves, outcomes, replies, tasks
from process.definition import Process
from process.exits import Happened
from process.models import Task
from process.objections.definition import Objection, of_answer
from process.objections.scripts import script
from runtime import clock
from sequences import enroll, versions
from workspace.templating import render
from workspace.zones import known

Because = dict[str, object]


def answered(lead: Lead, answer: Activity, meaning: str, plans: Sequence[replies.Plan]) -> None:
    """In the answer's own transaction, after it moved the lead.

    What the sequence that it ended starts upon such an answer is the play; else the library's is.
    """
    process = outcomes.applied()
    kind = of_answer(process.objections, meaning) if process else None
    if process is None or kind is None:
        return
    own = (plan.starts.enroll or plan.starts.task for plan in plans)
    because = _because(process, kind, answer)
    play = next(filter(None, own), None) or _open(process, kind, lead, answer, because)
    _note(kind, play, lead, answer, because)


def approved(lead: Lead, kind: str, done: Activity) -> None:
    """A person read the answer, and says what it objects."""
    process = outcomes.applied()
    objection = (process.objections or {}).get(kind) if process else None
    answer = _answer_read(done)
    if process is None or objection is None or answer is None:
        return
    by = str(done.data.get("by", ""))
    told = {"settled": objection.answer, "by": by}
    answer.data = {**answer.data, "meaning": {**answer.data.get("meaning", {}), **told}}
    answer.save(update_fields=["data"])
    lead.disposition = objection.answer
    lead.save(update_fields=["disposition"])
    what = Happened(kind="answered", answer=objection.answer)
    moves.move_on(lead, what, at=done.occurred_at, cause={"cause": f"activity {done.pk}"})
    because = {**_because(process, kind, answer), "by": by}
    _note(kind, _open(process, kind, lead, answer, because), lead, done, because)


def _open(
    process: Process, kind: str, lead: Lead, answer: Activity, because: Because
) -> str | None:
    """The sequence, or the kind of task; None when nobody may write to the lead."""
    objection = (process.objections or {})[kind]
    play = objection.play
    if play.enroll is not None and _enroll(lead, play.enroll, answer, because):
        return play.enroll
    if play.task is None and (lead.do_not_contact or is_suppressed(lead.email, lead)):
        return None
    return _give(objection, kind, lead, answer)


def _enroll(lead: Lead, sequence: str, answer: Activity, because: Because) -> bool:
    """Where its own rule is true: a sequence for prospects is none for customers."""
    version = versions.active_of(sequence)
    if version is not None and not enroll.lets_in(version, lead):
        return False
    return replies.enroll_in(lead, sequence, answer, because=because)


def _give(objection: Objection, kind: str, lead: Lead, answer: Activity) -> str:
    """What the sequence cannot say, the owner does."""
    play = objection.play
    task = play.task or "email"
    title = play.title or f"Answer {lead}, who objects: {kind.replace('_', ' ')}"
    try:
        title = render(title, facts.context(lead, stages.bound_deal(lead)))
    except TemplateError:
        title = f"{task}: {lead}"
    tasks.make(
        task,
        title,
        lead=lead,
        key=f"play:{answer.pk}",
        note_text=str(answer.data.get("text", ""))[:2000],
        say=script(objection, lead),
        due_at=play.due.after(clock.now(), known(lead.timezone)),
    )
    return task


def _answer_read(done: Activity) -> Activity | None:
    """That of which the task was to read it."""
    task = Task.objects.filter(pk=done.data["task_id"]).first()
    name, _, answer = task.key.partition(":") if task else ("", "", "")
    return Activity.objects.filter(pk=answer).first() if name == "answer" else None


def _because(process: Process, kind: str, answer: Activity) -> Because:
    because: Because = {"rule": f"objection {kind}", "activity": answer.pk, "objection": kind}
    place = process.places.get(f"objections.{kind}")
    return {**because, "at": place} if place else because


def _note(kind: str, play: str | None, lead: Lead, cause: Activity, because: Because) -> None:
    if play is not None:
        note(
            "play_opened",
            lead=lead,
            deal=stages.bound_deal(lead),
            enrollment_id=cause.enrollment_id,
            occurred_at=cause.occurred_at,
            key=f"play_opened:{cause.pk}",
            data={"objection": kind, "play": play, "because": because},
        )
