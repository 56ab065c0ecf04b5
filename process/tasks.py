"""Work for people: made once per cause, ended once, by a person here, in the CRM or by its sequence.

Whoever ends, snoozes or hands over a task locks its row first: of two who tick it off at the same
moment one is told that it was done already.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from crm import engage, logged_calls, stages
from crm.models import Lead, Owner
from crm.timeline import note
from process import asked, assigned, outcomes
from process.models import Task
from runtime import clock
from sequences import dispositions
from workspace.problems import Fault, unknown


def make(
    kind: str,
    title: str,
    *,
    lead: Lead,
    key: str,
    note_text: str = "",
    say: str = "",
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
                "say": say,
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
                "text": "\n\n".join(filter(None, (say, note_text))),
                "sent_at": (due_at or now).isoformat(),
                "from_email": "",
                "to_email": "",
            }
            engage.log(lead, stages.bound_deal(lead), message_id=_mark(task), touch=touch, at=now)
    return task


def done_in_crm(lead: Lead, message_id: str) -> bool:
    """A person ticked off there what `make` owed the CRM; False when there is no such open task.

    What waits for an answer stays open here: there nobody can be asked for it.
    """
    open_tasks = Task.objects.filter(lead=lead, done_at=None).order_by("id")
    found = next((task for task in open_tasks if _mark(task) == message_id), None)
    if found is None or asked.is_open(found):
        return False
    return done(found.pk, tell_crm=False)


def done(
    task_id: int, *, disposition: str = "", remark: str = "", by: str = "", tell_crm: bool = True
) -> bool:
    """Tick a task off; False when it had ended already.

    Raises Fault with the valid dispositions, and where one is missing that answers the task.
    """
    with transaction.atomic():
        task = _open(task_id)
        if task is None:
            return False
        _check(task, disposition)
        task.done_at = clock.now()
        task.disposition, task.ended_by = disposition, by
        task.save(update_fields=["done_at", "disposition", "ended_by"])
        if tell_crm:
            _tell_crm(task, task.done_at, remark)
        due_at = task.due_at.isoformat() if task.due_at else ""
        told = {"disposition": disposition, "by": by, "note": remark, "due_at": due_at}
        data = {"task": task.kind, "title": task.title, "step": task.step_id, **_given(told)}
        logged = _logged(task, task.done_at)
        _note("task_done", task, task.done_at, {**data, **logged}, key=f"task_done:{task.pk}")
        if not logged and dispositions.is_call(task.kind, disposition):
            _note("called", task, task.done_at, _given({"by": by}), key=f"called:{task.pk}")
    return True


def _logged(task: Task, at: datetime) -> dict[str, object]:
    """The call that a CRM told of, if that is what was done: the lead was called once."""
    logged = logged_calls.around(task.lead, at).take_logged(at) if task.kind == "call" else None
    return {} if logged is None else {"logged": logged}


def skip(task_id: int, *, why: str, by: str = "") -> bool:
    """End it without its being done: a gate opens all the same. False when it had ended already.

    Raises Fault where only an answer ends it.
    """
    with transaction.atomic():
        task = _open(task_id)
        if task is None:
            return False
        _check_answered(task)
        now = clock.now()
        _end_skipped(task, now, by)
        told = {"why": why, "by": by, "title": task.title}
        data = {"task": task.key, "step": task.step_id, **_given(told)}
        _note("task_skipped", task, now, data, key=f"task_skipped:{task.pk}")
    return True


def snooze(task_id: int, *, until: datetime, by: str = "") -> bool:
    """Take it off the queue till then; False when it has ended, or sleeps so long already."""
    with transaction.atomic():
        task = _open(task_id)
        if task is None or task.snoozed_until == until:
            return False
        task.snoozed_until = until
        task.save(update_fields=["snoozed_until"])
        data = {"title": task.title, "until": until.isoformat(), **_given({"by": by})}
        _note("task_snoozed", task, clock.now(), data)
    return True


def give(task_id: int, *, to: Owner, by: str = "") -> bool:
    """Hand it over, in the CRM too; False when it has ended, or is theirs already."""
    with transaction.atomic():
        task = _open(task_id)
        if task is None or task.owner_id == to.pk:
            return False
        told = {"from": task.owner.email if task.owner else "", "to": to.email, "by": by}
        now = clock.now()
        task.owner, task.snoozed_until = to, None
        task.save(update_fields=["owner", "snoozed_until"])
        engage.hand_over(_mark(task), to, at=now)
        _note("task_given", task, now, {"title": task.title, **_given(told)})
    return True


def skipped(key: str) -> None:
    """Off the list without being done; the CRM, too, shows it as closed."""
    with transaction.atomic():
        open_task = Task.objects.select_for_update(of=("self",), no_key=True)
        task = open_task.filter(key=key, done_at=None).first()
        if task is not None:
            _end_skipped(task, clock.now(), "")


def _end_skipped(task: Task, now: datetime, by: str) -> None:
    task.done_at, task.skipped, task.ended_by = now, True, by
    task.save(update_fields=["done_at", "skipped", "ended_by"])
    engage.complete(_mark(task), at=now)


def _open(task_id: int) -> Task | None:
    """Locked; None when somebody ended it."""
    rows = Task.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("lead", "owner").filter(pk=task_id, done_at=None).first()


def _check(task: Task, disposition: str) -> None:
    valid = assigned.dispositions_of([task])[task.pk]
    if disposition and disposition not in valid:
        raise Fault(unknown("disposition", disposition, valid), choices=valid)
    if not disposition:
        _check_answered(task)


def _check_answered(task: Task) -> None:
    if asked.is_open(task):
        valid = asked.answers(task, outcomes.applied())
        how = asked.how(task.kind, task.lead_id)
        message = f"it waits for an answer: {how}; or give the answer as its disposition"
        raise Fault(f"{message}; valid: {', '.join(valid)}", choices=valid)


def _tell_crm(task: Task, at: datetime, remark: str) -> None:
    """That it is done; and a call is logged as one."""
    outcome = task.disposition.replace("_", " ").capitalize()
    engage.complete(_mark(task), at=at, outcome=outcome)
    if task.kind == "call":
        engage.log_call(
            task.lead,
            stages.bound_deal(task.lead),
            message_id=engage.mark(f"call {task.key}"),
            subject=task.title,
            outcome=outcome,
            remark=remark,
            owner_id=task.owner_id,
            at=at,
        )


def _given(told: Mapping[str, str]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value}


def _note(
    kind: str, task: Task, at: datetime, data: dict[str, object], *, key: str | None = None
) -> None:
    told = {"task_id": task.pk, **data}
    note(kind, lead=task.lead, enrollment_id=task.enrollment_id, occurred_at=at, key=key, data=told)


def _mark(task: Task) -> str:
    return engage.mark(f"task {task.key}")
