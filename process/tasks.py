"""Work for people: made once per cause, done once; the CRM shows it too."""

from datetime import datetime

from django.db import transaction

from crm import engage, stages
from crm.models import Lead
from crm.timeline import note
from process.models import Task
from runtime import clock


def make(
    kind: str,
    title: str,
    *,
    lead: Lead,
    key: str,
    note_text: str = "",
    enrollment_id: int | None = None,
    step_id: str = "",
    due_at: datetime | None = None,
) -> Task:
    """The task of this cause; the one that is there already when it was made before.

    The lead's CRM is owed it too, so that the owner finds it where the others are.
    """
    now = clock.now()
    with transaction.atomic():
        task, is_new = Task.objects.get_or_create(
            key=key,
            defaults={
                "kind": kind,
                "title": title[:300],
                "note": note_text,
                "lead": lead,
                "owner": lead.owner,
                "enrollment_id": enrollment_id,
                "step_id": step_id,
                "created_at": now,
                "due_at": due_at,
            },
        )
        if is_new:
            touch = {
                "kind": "meeting" if kind == "meeting" else "task",
                "work": kind,
                "subject": task.title,
                "text": note_text,
                "sent_at": (due_at or now).isoformat(),
                "from_email": "",
                "to_email": "",
            }
            engage.log(lead, stages.bound_deal(lead), message_id=_mark(task), touch=touch, at=now)
    return task


def done_in_crm(lead: Lead, message_id: str) -> bool:
    """A person ticked off there what `make` owed the CRM; False when there is no such open task."""
    open_tasks = Task.objects.filter(lead=lead, done_at=None).order_by("id")
    found = next((task for task in open_tasks if _mark(task) == message_id), None)
    return found is not None and done(found.pk, tell_crm=False)


def done(task_id: int, *, tell_crm: bool = True) -> bool:
    """Tick a task off; False when it was done already."""
    with transaction.atomic():
        task = (
            Task.objects.select_for_update(of=("self",), no_key=True)
            .select_related("lead")
            .get(pk=task_id)
        )
        if task.done_at is not None:
            return False
        task.done_at = clock.now()
        task.save(update_fields=["done_at"])
        if tell_crm:
            engage.complete(_mark(task), at=task.done_at)
        note(
            "task_done",
            lead=task.lead,
            enrollment_id=task.enrollment_id,
            occurred_at=task.done_at,
            key=f"task_done:{task.pk}",
            data={"task": task.kind, "title": task.title, "step": task.step_id},
        )
    return True


def skipped(key: str) -> None:
    """Off the list without being done; the CRM, too, shows it as closed."""
    with transaction.atomic():
        open_task = Task.objects.select_for_update(of=("self",), no_key=True)
        task = open_task.filter(key=key, done_at=None).first()
        if task is not None:
            task.done_at, task.skipped = clock.now(), True
            task.save(update_fields=["done_at", "skipped"])
            engage.complete(_mark(task), at=task.done_at)


def _mark(task: Task) -> str:
    return engage.mark(f"task {task.key}")
