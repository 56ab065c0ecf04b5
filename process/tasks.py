"""Work for people: made once per cause, done once."""

from datetime import datetime

from django.db import transaction

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
    due_at: datetime | None = None,
) -> Task:
    """The task of this cause; the one that is there already when it was made before."""
    task, _ = Task.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "title": title[:300],
            "note": note_text,
            "lead": lead,
            "owner": lead.owner,
            "enrollment_id": enrollment_id,
            "created_at": clock.now(),
            "due_at": due_at,
        },
    )
    return task


def done(task_id: int) -> bool:
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
        note(
            "task_done",
            lead=task.lead,
            enrollment_id=task.enrollment_id,
            occurred_at=task.done_at,
            key=f"task_done:{task.pk}",
            data={"task": task.kind, "title": task.title},
        )
    return True
