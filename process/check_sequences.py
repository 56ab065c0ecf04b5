"""What one sequence says of everything else: stages, templates, facts, answers, other sequences."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from mail.window import never_opens
from process.check_templates import template_faults
from process.definition import STAGES
from process.known import Known
from process.readable import Readable
from process.threads import beginnings
from runtime import clock
from sequences import dispositions
from sequences.definition import Sequence as Definition
from sequences.email_step import EmailStep, Invite
from sequences.steps import EnrollStep, UpdateStep, everywhere
from sequences.task_step import Starts, TaskStep
from workspace import layout
from workspace.calendars import LEAD
from workspace.problems import Fault, Path, Problem, unknown
from workspace.source import Document

_STAGE = "stage"
#: So far ahead a window is looked at.
_YEARS_AHEAD = timedelta(days=3660)
#: What people expect and there is not, with what to do instead.
_HINTS = {
    'unknown name "event"': 'a rule asks for events with "on", such as on: [form_submitted]',
    'unknown field of event "open': (
        "opens are no events here: machines open emails that nobody reads; "
        "ask for event.clicked or event.answered"
    ),
}


def check_sequence(sequence: Definition, document: Document, known: Known) -> Iterator[Problem]:
    checked = _Checked(sequence, document, known)
    yield from checked.names()
    yield from checked.enroll()
    yield from checked.window()
    yield from checked.replies()
    inside = known.facts_inside(sequence)
    for path, rule in sequence.rules().items():
        yield from checked.expression(path, rule, inside)
    for path, fact in sequence.moments().items():
        yield from checked.moment(path, fact)
    for path, step in everywhere(sequence.steps):
        if isinstance(step, EmailStep):
            yield from checked.email(path, step)
        elif isinstance(step, TaskStep):
            yield from checked.task(path, step)
        elif isinstance(step, UpdateStep):
            yield from checked.update(path, step)
        elif isinstance(step, EnrollStep):
            yield from checked.other((*path, "enroll"), step.enroll)
    yield from checked.subjects()


@dataclass(frozen=True)
class _Checked:
    sequence: Definition
    document: Document
    known: Known

    def names(self) -> Iterator[Problem]:
        if self.sequence.stage not in STAGES:
            yield self._unknown((_STAGE,), "stage", self.sequence.stage, STAGES)

    def enroll(self) -> Iterator[Problem]:
        rule, known = self.sequence.enroll, self.known
        if rule is None:
            return
        yield from self.expression(("enroll", "when"), rule.when, known.facts)
        for number, event in enumerate(rule.on):
            if known.events is not None and event not in known.events:
                yield self._unknown(("enroll", "on", number), "event", event, known.events)
            elif why := known.never(event):
                path: Path = ("enroll", "on", number)
                yield self.document.problem(path, f"{_dotted(path)}: {why}", value=event)
        if rule.list is not None and known.lists is not None and rule.list not in known.lists:
            yield self._unknown(("enroll", "list"), "list", rule.list, known.lists)
        for number, fact in enumerate(rule.requires):
            yield from self.expression(("enroll", "requires", number), fact, known.facts)

    def window(self) -> Iterator[Problem]:
        """Of holidays that close it for good; what the lead's own country adds never does."""
        named = [code for code in self.sequence.window.holidays or () if code != LEAD]
        window = replace(self.sequence.send_window, holidays=tuple(named))
        today = clock.now().date()
        if named and never_opens(window, today, today + _YEARS_AHEAD):
            days = ", ".join(self.sequence.window.days)
            message = (
                f"window.holidays: on {days} there are months without a day that is no holiday of "
                f"{', '.join(named)}; name fewer countries or more days"
            )
            yield self.document.problem(("window", "holidays"), message)

    def replies(self) -> Iterator[Problem]:
        answers = self.known.answers
        for answer, starts in self.sequence.on_reply.items():
            path: Path = ("on_reply", answer)
            if answers is not None and answer not in answers:
                yield self._unknown(path, "answer", answer, answers, at_key=True)
            yield from self.starts(path, starts)

    def starts(self, path: Path, starts: Starts) -> Iterator[Problem]:
        if starts.stage is not None and starts.stage not in STAGES:
            yield self._unknown((*path, _STAGE), "stage", starts.stage, STAGES)
        if starts.enroll is not None:
            yield from self.other((*path, "enroll"), starts.enroll)
        if starts.title is not None:
            yield from self.title((*path, "title"), starts.title)

    def task(self, path: Path, step: TaskStep) -> Iterator[Problem]:
        yield from self.title((*path, "title"), step.title)
        if step.say is not None:
            yield from self.title((*path, "say"), step.say)
        for name, starts in step.on_disposition.items():
            at = (*path, "on_disposition", name)
            if self.known.dispositions is not None:
                known = dispositions.names(step.task, self.known.dispositions, step)
                if name not in known:
                    yield self._unknown(at, "disposition", name, known, at_key=True)
            yield from self.starts(at, starts)

    def email(self, path: Path, step: EmailStep) -> Iterator[Problem]:
        for name in step.email:
            if name not in self.known.templates:
                at = (*path, "email", name)
                yield self._unknown(at, "template", name, self.known.templates, at_key=True)
        if step.invite is not None:
            yield from self.invite((*path, "invite"), step.invite)

    def invite(self, path: Path, invite: Invite) -> Iterator[Problem]:
        yield from self.title((*path, "title"), invite.title)
        if invite.location is not None:
            yield from self.title((*path, "location"), invite.location)
        yield from self.moment((*path, "start"), invite.start)

    def moment(self, path: Path, fact: str) -> Iterator[Problem]:
        wrong, moments = list(self.expression(path, fact, self.known.facts)), self.known.moments
        if not wrong and moments is not None and fact not in moments:
            wrong = [self._no_moment(path, fact, sorted(moments))]
        yield from wrong

    def _no_moment(self, path: Path, fact: str, moments: Sequence[str]) -> Problem:
        valid = f"{', '.join(moments)}; others are mapped in cadenza.yaml with the type datetime"
        message = f'{_dotted(path)}: "{fact}" is no moment; valid: {valid}'
        return self.document.problem(path, message, value=fact, choices=tuple(moments))

    def update(self, path: Path, step: UpdateStep) -> Iterator[Problem]:
        for field, value in step.update.items():
            at = (*path, "update", field)
            if field not in self.known.fields:
                yield self._unknown(at, "field to update", field, self.known.fields, at_key=True)
            elif field == _STAGE and value not in STAGES:
                yield self._unknown(at, "stage", str(value), STAGES)

    def other(self, path: Path, name: str) -> Iterator[Problem]:
        if name == self.sequence.name:
            message = f'{_dotted(path)}: "{name}" is this sequence itself'
            yield self.document.problem(path, message, value=name)
        elif self.known.sequences is not None and name not in self.known.sequences:
            yield self._unknown(path, "sequence", name, self.known.sequences)

    def expression(self, path: Path, text: str, facts: Readable) -> Iterator[Problem]:
        for fault in facts.faults(text):
            hint = next((hint for said, hint in _HINTS.items() if str(fault).startswith(said)), "")
            yield self._fault(path, text, fault, hint=hint)

    def title(self, path: Path, title: str) -> Iterator[Problem]:
        for fault in template_faults(title, self.document.file, self.known.schema):
            yield self._fault(path, title, fault)

    def subjects(self) -> Iterator[Problem]:
        """A thread takes its subject from the email that begins it."""
        for path, step in beginnings(self.sequence.steps):
            for name in step.email:
                template = self.known.templates.get(name)
                if template is not None and not template.subject:
                    file = layout.template_file(name, layout.SUBJECT)
                    message = (
                        f'"{name}" begins a thread here and needs a subject: {file} is missing'
                    )
                    yield self.document.problem((*path, "email"), message, value=name)

    def _fault(self, path: Path, value: str, fault: Fault, *, hint: str = "") -> Problem:
        return self.document.problem(
            path,
            f"{_dotted(path)}: {hint or fault}",
            value=value,
            choices=fault.choices,
            offset=fault.offset,
        )

    def _unknown(
        self, path: Path, what: str, name: str, choices: Collection[str], *, at_key: bool = False
    ) -> Problem:
        known = tuple(sorted(choices))
        return self.document.problem(
            path, unknown(what, name, known), value=name, choices=known, at_key=at_key
        )


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
