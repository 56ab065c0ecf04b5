"""What the step that assigned a task says of it."""

from collections.abc import Iterable, Mapping, Sequence

from jinja2 import TemplateError

from crm import facts
from process import asked, outcomes
from process.models import Task
from process.objections.scripts import script
from process.questions import ANSWER
from sequences import dispositions, versions
from sequences.models import Enrollment
from sequences.task_step import TaskStep
from workspace.templating import render


def dispositions_of(tasks: Iterable[Task]) -> Mapping[int, Sequence[str]]:
    """Task -> how it may turn out; none: it is done or not."""
    process = outcomes.applied()
    declared = process.dispositions if process else {}
    objections = sorted(process.objections or ()) if process else []
    found = list(tasks)
    rows = Enrollment.objects.select_related("version")
    enrollments = rows.in_bulk({task.enrollment_id for task in found if task.enrollment_id})
    return {
        task.pk: objections
        if task.kind == ANSWER
        else asked.answers(task, process)
        or dispositions.names(
            task.kind, declared, step_of(enrollments.get(task.enrollment_id or 0), task.step_id)
        )
        for task in found
    }


def say(enrollment_id: int | None, step_id: str) -> str:
    """What to say by its step, else to the objection that its sequence answers; blank: nothing."""
    enrollment = enrollment_of(enrollment_id)
    step = step_of(enrollment, step_id)
    if enrollment is None or step is None:
        return ""
    if step.say is None:
        return _said_to_objection(enrollment)
    try:
        return render(step.say, facts.context(enrollment.lead, enrollment.deal)).strip()
    except TemplateError:
        return ""


def _said_to_objection(enrollment: Enrollment) -> str:
    process = outcomes.applied()
    objections = process.objections or {} if process else {}
    objection = objections.get(str(enrollment.because.get("objection")))
    return script(objection, enrollment.lead) if objection else ""


def enrollment_of(pk: int | None) -> Enrollment | None:
    rows = Enrollment.objects.select_related("version", "deal", "lead__company", "lead__owner")
    return None if pk is None else rows.filter(pk=pk).first()


def step_of(enrollment: Enrollment | None, step_id: str) -> TaskStep | None:
    """None for a task that no step gave, or whose step the team took out since."""
    if enrollment is None:
        return None
    return versions.definition_of(enrollment.version).tasks.get(step_id)
