"""What decisions come to, collected for a batch of enrollments and written at once."""

import hmac
from collections.abc import Mapping
from collections.abc import Sequence as Items
from datetime import UTC, datetime

from django.conf import settings
from jinja2 import TemplateError

from crm import rows
from crm.models import Activity
from crm.timeline import note_all
from mail import outbox
from mail.models import EmailTemplate, Mailbox, Message
from sequences.cadence import Assign, Because, Branch, Send, Skip, Update
from sequences.models import Enrollment, StepRun
from sequences.steps import TaskStep
from sequences.versions import definition_of
from workspace.templating import render

Facts = Mapping[str, object]


class Effects:
    """Rows to be written for one batch, in the caller's transaction."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._sends: list[tuple[Enrollment, Send, Facts]] = []
        self._runs: list[StepRun] = []
        self._activities: list[Activity] = []
        self._scheduled: list[Enrollment] = []

    def enrolled(self, enrollment: Enrollment) -> None:
        key = f"enrolled:{enrollment.pk}"
        data = {"sequence": enrollment.sequence, "because": enrollment.because}
        self._note("enrolled", enrollment, data, key=key)

    def send(self, enrollment: Enrollment, decision: Send, facts: Facts) -> None:
        self._sends.append((enrollment, decision, facts))
        self.schedule(enrollment, None)

    def take(
        self,
        enrollment: Enrollment,
        decision: Assign | Skip | Branch,
        facts: Facts,
    ) -> None:
        match decision:
            case Assign():
                self._assign(enrollment, decision, facts)
            case Skip():
                self._skip(enrollment, decision)
            case Branch():
                because, way = decision.because, decision.way
                self._run(enrollment, decision.step.id, "branch", because, way=way)

    def update(self, enrollment: Enrollment, decision: Update) -> None:
        self._run(enrollment, decision.step.id, "update", decision.because)

    def schedule(self, enrollment: Enrollment, due_at: datetime | None) -> None:
        enrollment.due_at = due_at
        self._scheduled.append(enrollment)

    def write(self) -> None:
        rows.insert(self._runs)
        outbox.queue(self._drafts())
        note_all(self._activities)
        rows.update(self._scheduled, "due_at", "status")

    def _assign(self, enrollment: Enrollment, decision: Assign, facts: Facts) -> None:
        step = decision.step
        self._run(enrollment, step.id, "task", decision.because)
        data = {
            "task": step.task,
            "step": step.id,
            "title": _title(enrollment, step, facts),
            "due_at": decision.due_at.isoformat(),
        }
        self._note("task_assigned", enrollment, data, key=task_key(enrollment.pk, step.id))

    def _skip(self, enrollment: Enrollment, decision: Skip) -> None:
        step_id = decision.step.id
        StepRun.objects.filter(enrollment=enrollment, step_id=step_id).update(ended_at=self._now)
        data = {"step": step_id, "task": task_key(enrollment.pk, step_id)}
        self._note("task_skipped", enrollment, data, key=f"skipped:{enrollment.pk}:{step_id}")

    def _run(
        self, enrollment: Enrollment, step_id: str, kind: str, because: Because, *, way: int = -1
    ) -> None:
        run = StepRun(
            enrollment_id=enrollment.pk,
            step_id=step_id,
            kind=kind,
            at=self._now,
            way=way,
            because=dict(because),
        )
        self._runs.append(run)

    def _note(
        self, kind: str, enrollment: Enrollment, data: Mapping[str, object], *, key: str
    ) -> None:
        self._activities.append(
            Activity(
                kind=kind,
                lead_id=enrollment.lead_id,
                deal_id=enrollment.deal_id,
                enrollment_id=enrollment.pk,
                occurred_at=self._now,
                key=key,
                data=dict(data),
            )
        )

    def _drafts(self) -> Items[outbox.Draft]:
        if not self._sends:
            return []
        ids = [enrollment.pk for enrollment, *_ in self._sends]
        latest: dict[int, Message] = {}
        sent = Message.objects.filter(enrollment_id__in=ids, status=Message.Status.SENT)
        for message in sent.only("enrollment_id").order_by("sent_at", "pk"):
            latest[message.enrollment_id] = message
        mailboxes = Mailbox.objects.in_bulk({e.mailbox_id for e, *_ in self._sends})
        template_ids = {e.version.templates[d.template] for e, d, _ in self._sends}
        templates = EmailTemplate.objects.in_bulk(template_ids)
        return [
            outbox.Draft(
                enrollment_id=enrollment.pk,
                step_id=decision.step.id,
                sequence=enrollment.sequence,
                token=token(enrollment.pk, decision.step.id),
                lead=enrollment.lead,
                deal=enrollment.deal,
                mailbox=mailboxes[enrollment.mailbox_id],
                template=templates[enrollment.version.templates[decision.template]],
                parent=None if decision.step.thread == "new" else latest.get(enrollment.pk),
                window=window_of(enrollment, facts),
                enrolled_at=enrollment.started_at,
                due_at=self._now,
                because=dict(decision.because),
            )
            for enrollment, decision, facts in self._sends
        ]


def window_of(enrollment: Enrollment, facts: Facts) -> dict[str, object]:
    """The send window as mail.window reads it: days, from, to, timezone, holidays."""
    definition = definition_of(enrollment.version)
    holidays = list(definition.window_for(facts).holidays)
    return {**definition.written_window, "timezone": enrollment.timezone, "holidays": holidays}


def task_key(enrollment_id: int, step_id: str) -> str:
    """The key of the task that a step assigns."""
    return f"task:{enrollment_id}:{step_id}"


def token(enrollment_id: int, step_id: str) -> str:
    """Opaque, and the same whenever the same enrollment and step are asked about."""
    return f"{_opaque(f'enrollment {enrollment_id}')}.{_opaque(f'step {enrollment_id} {step_id}')}"


def _opaque(text: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256").hex()[:24]


def _title(enrollment: Enrollment, step: TaskStep, facts: Facts) -> str:
    """A title that reads a blank fact still names the task and the lead: nobody but a rep sees it."""
    try:
        return render(step.title, facts)
    except TemplateError:
        return f"{step.task.capitalize()}: {enrollment.lead}"


#: The due time of an email whose enrollment waits for a person.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
