"""What the step that assigned a task says of it."""

from collections.abc import Iterable, Mapping, Sequence

from jinja2 import TemplateError

from crm import facts
from process import outcomes
from process.models import Task
from sequences import dispositions, versions
from sequences.models import Enrollment
from sequences.steps import TaskStep
from workspace.templating import render


def dispositions_of(tasks: Iterable[Task]) -> Mapping[int, Sequence[str]]:
    """Task -> how it may turn out; none: it is done or not."""
    process = outcomes.applied()
    declared = process.dispositions if process else {}
    found = list(tasks)
    rows = Enrollment.objects.select_related("version")
    enrollments = rows.in_bulk({task.enrollment_id for task in found if task.enrollment_id})
    return {
        task.pk: dispositions.names(
            task.kind, declared, step_of(enrollments.get(task.enrollment_id or 0), task.step_id)
        )
        for task in found
    }


def say(enrollment_id: int | None, step_id: str) -> str:
    """What to say by its step; blank where it says nothing, or reads a blank fact."""
    enrollment = enrollment_of(enrollment_id)
    step = step_of(enrollment, step_id)
    if enrollment is None or step is None or step.say is None:
        return ""
    try:
        return render(step.say, facts.context(enrollment.lead, enrollment.deal)).strip()
    except TemplateError:
        return ""


def enrollment_of(pk: int | None) -> Enrollment | None:
    rows = Enrollment.objects.select_related("version", "deal", "lead__company", "lead__owner")
    return None if pk is None else rows.filter(pk=pk).first()


def step_of(enrollment: Enrollment | None, step_id: str) -> TaskStep | None:
    """None for a task that no step gave, or whose step the team took out since."""
    if enrollment is None:
        return None
    return versions.definition_of(enrollment.version).tasks.get(step_id)
