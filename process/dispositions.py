"""What a person's word on a finished task sets in motion: `on_disposition` of the step that gave it."""

from jinja2 import TemplateError

from crm import facts, stages
from crm.models import Activity, Lead
from crm.timeline import note
from process import assigned, replies, tasks
from runtime import clock
from sequences import dispositions, engine, versions
from sequences.models import Enrollment
from sequences.task_step import OnDisposition, TaskStep
from workspace.templating import render


def follow(lead: Lead, disposition: str, done: Activity) -> None:
    """In the transaction of the task's other reactions: the enrollment ends before anything begins."""
    enrollment = assigned.enrollment_of(done.enrollment_id)
    step = assigned.step_of(enrollment, str(done.data.get("step", "")))
    starts = dispositions.meaning(disposition, step)
    if starts is not None:
        _start(lead, starts, done, enrollment, _because(disposition, step, enrollment, done))
    if disposition == dispositions.MEETING_SET:
        note(
            "meeting_booked",
            lead=lead,
            deal=stages.bound_deal(lead),
            enrollment_id=done.enrollment_id,
            occurred_at=done.occurred_at,
            key=f"meeting_set:{done.pk}",
            data={"by": done.data.get("by", ""), "because": {"activity": done.pk}},
        )


def _start(
    lead: Lead,
    starts: OnDisposition,
    done: Activity,
    enrollment: Enrollment | None,
    because: dict[str, object],
) -> None:
    at = done.occurred_at
    if starts.ending:
        engine.stop_lead(lead, starts.ending, at=at, because=because)
    if starts.stage is not None:
        stages.move(lead, starts.stage, at=at, because=because)
    if starts.task is not None:
        timezone = enrollment.timezone if enrollment else "UTC"
        tasks.make(
            starts.task,
            _title(starts, lead, enrollment),
            lead=lead,
            key=f"on_disposition:{done.pk}",
            enrollment_id=enrollment.pk if enrollment else None,
            due_at=starts.due.after(clock.now(), timezone),
        )
    if starts.enroll is not None:
        replies.enroll_in(lead, starts.enroll, done, because=because)


def _because(
    disposition: str, step: TaskStep | None, enrollment: Enrollment | None, done: Activity
) -> dict[str, object]:
    because: dict[str, object] = {"rule": f"disposition: {disposition}", "activity": done.pk}
    if step is not None and enrollment is not None:
        because |= {"sequence": enrollment.sequence, "step": step.id}
        if place := versions.definition_of(enrollment.version).place(step.id):
            because["at"] = place
    return because


def _title(starts: OnDisposition, lead: Lead, enrollment: Enrollment | None) -> str:
    try:
        deal = enrollment.deal if enrollment else stages.bound_deal(lead)
        return render(starts.title or "", facts.context(lead, deal))
    except TemplateError:
        return f"{starts.task}: {lead}"
