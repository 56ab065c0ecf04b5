"""What decisions come to, collected for a batch of enrollments and written at once."""

from collections.abc import Mapping
from collections.abc import Sequence as Items
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b, sha512

from django.conf import settings
from jinja2 import TemplateError

from crm import rows
from crm.timeline import Note, note_all
from mail import outbox
from mail.models import Mailbox
from sequences.cadence import Assign, Because, Branch, Miss, Send, Skip, Update
from sequences.definition import Sequence
from sequences.models import Enrollment, StepRun
from sequences.moments import moment_of
from sequences.states import Asked, Enrolled
from sequences.task_step import TaskStep
from sequences.versions import definition_of
from workspace.templating import render

Facts = Mapping[str, object]
_RUN = ("enrollment_id", "step_id", "kind", "at", "way", "because")


class Effects:
    """Rows to be written for one batch, in the caller's transaction."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._sends: list[tuple[Asked, Send]] = []
        self._runs: list[rows.Row] = []
        self._notes: list[Note] = []
        self._scheduled: list[tuple[datetime | None, int]] = []
        self._resumed: list[int] = []
        self._windows: dict[tuple[object, ...], Facts] = {}

    def enrolled(self, enrollment: Enrolled, because: Because) -> None:
        key = f"enrolled:{enrollment.pk}"
        data = {"sequence": enrollment.sequence, "because": because}
        self._note("enrolled", enrollment, data, key=key)

    def send(self, asked: Asked, decision: Send) -> None:
        self._sends.append((asked, decision))
        self.schedule(asked.enrollment, None)

    def take(self, asked: Asked, decision: Assign | Skip | Miss | Branch) -> None:
        match decision:
            case Assign():
                self._assign(asked, decision)
            case Skip():
                self._skip(asked.enrollment, decision)
            case Miss():
                self._run(asked.enrollment, decision.step.id, "missed", decision.because)
            case Branch():
                because, way = decision.because, decision.way
                self._run(asked.enrollment, decision.step.id, "branch", because, way=way)

    def update(self, enrollment: Enrolled, decision: Update) -> None:
        self._run(enrollment, decision.step.id, "update", decision.because)

    def schedule(self, enrollment: Enrolled, due_at: datetime | None) -> None:
        self._scheduled.append((due_at, enrollment.pk))

    def resume(self, enrollment: Enrolled) -> None:
        """A pause is over."""
        self._resumed.append(enrollment.pk)

    def write(self) -> None:
        rows.insert(StepRun, _RUN, self._runs)
        outbox.queue(self._drafts())
        note_all(self._notes)
        rows.update(Enrollment, ("due_at",), self._scheduled)
        active = Enrollment.Status.ACTIVE
        rows.update(Enrollment, ("status",), [(active, pk) for pk in self._resumed])

    def _assign(self, asked: Asked, decision: Assign) -> None:
        enrollment, step = asked.enrollment, decision.step
        self._run(enrollment, step.id, "task", decision.because)
        data = {
            "task": step.task,
            "step": step.id,
            "title": _title(asked, step),
            "due_at": decision.due_at.isoformat(),
            "gate": step.gate,
        }
        self._note("task_assigned", enrollment, data, key=task_key(enrollment.pk, step.id))

    def _skip(self, enrollment: Enrolled, decision: Skip) -> None:
        step_id = decision.step.id
        StepRun.objects.filter(enrollment=enrollment.pk, step_id=step_id).update(ended_at=self._now)
        data = {"step": step_id, "task": task_key(enrollment.pk, step_id)}
        self._note("task_skipped", enrollment, data, key=f"skipped:{enrollment.pk}:{step_id}")

    def _run(
        self, enrollment: Enrolled, step_id: str, kind: str, because: Because, *, way: int = -1
    ) -> None:
        self._runs.append((enrollment.pk, step_id, kind, self._now, way, because))

    def _note(
        self, kind: str, enrollment: Enrolled, data: Mapping[str, object], *, key: str
    ) -> None:
        lead_id, deal_id, pk = enrollment.lead_id, enrollment.deal_id, enrollment.pk
        message_id = None
        self._notes.append(Note(kind, self._now, lead_id, deal_id, pk, message_id, key, data))

    def _drafts(self) -> Items[outbox.Draft]:
        mailbox_ids = {asked.enrollment.mailbox_id for asked, _ in self._sends}
        found = rows.read(Mailbox, ("id", "address"), mailbox_ids)
        addresses = {pk: str(address) for pk, address in found}
        return [
            self._draft(asked, decision, addresses[asked.enrollment.mailbox_id])
            for asked, decision in self._sends
        ]

    def _draft(self, asked: Asked, decision: Send, address: str) -> outbox.Draft:
        enrollment, step = asked.enrollment, decision.step
        facts, definition = asked.state.facts, definition_of(asked.version)
        return outbox.Draft(  # by position: names take more than twice the time
            enrollment.pk,
            step.id,
            enrollment.sequence,
            token(enrollment.pk, step.id),
            enrollment.lead_id,
            enrollment.deal_id,
            enrollment.mailbox_id,
            asked.version.templates[decision.template],
            None if step.thread == "new" else asked.latest,
            asked.person.email,
            outbox.message_id(address),
            self._window(asked, definition),
            enrollment.started_at,
            self._now,
            decision.because,
            step.invite.plain() if step.invite else None,
            moment_of(step.before, facts) if step.before else None,
            False,  # no notice
            definition.is_prospecting,
        )

    def _window(self, asked: Asked, definition: Sequence) -> Facts:
        """The send window as mail.window reads it: days, from, to, timezone, holidays.

        Made once for all who have the same: the database is told it once, then.
        """
        timezone, facts = asked.enrollment.timezone, asked.state.facts
        holidays = definition.window_for(facts).holidays
        key = asked.version.pk, timezone, holidays
        if key not in self._windows:
            of = {"timezone": timezone, "holidays": list(holidays)}
            self._windows[key] = {**definition.written_window, **of}
        return self._windows[key]


def task_key(enrollment_id: int, step_id: str) -> str:
    """The key of the task that a step assigns."""
    return f"task:{enrollment_id}:{step_id}"


def token(enrollment_id: int, step_id: str) -> str:
    """Opaque, and the same whenever the same enrollment and step are asked about."""
    return f"{_opaque(f'enrollment {enrollment_id}')}.{_opaque(f'step {enrollment_id} {step_id}')}"


def _opaque(text: str) -> str:
    keyed = _keyed(settings.SECRET_KEY).copy()
    keyed.update(text.encode())
    return keyed.hexdigest()


@lru_cache
def _keyed(secret: str) -> blake2b:
    """To be copied, which takes less than to begin with the key again."""
    return blake2b(key=sha512(secret.encode()).digest(), digest_size=12)


def _title(asked: Asked, step: TaskStep) -> str:
    """A title that reads a blank fact still names the task and the lead: nobody but a rep sees it."""
    try:
        return render(step.title, asked.state.facts)
    except TemplateError:
        return f"{step.task.capitalize()}: {asked.person}"


#: The due time of an email whose enrollment waits for a person.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
