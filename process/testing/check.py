"""What a file of tests says of everything else: sequences, steps, events, facts, answers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import chain

from crm.fields import FIELDS
from process import mapped
from process.blueprint import Blueprint
from process.definition import OTHER, STAGES
from process.feedback.definition import SCORES
from process.known import Known
from process.testing import events, sample
from process.testing.definition import NOTHING, Case, Event, Suite, Touch
from process.testing.moments import Moment, told
from sequences import dispositions
from sequences.cadence import NO_MOMENT
from sequences.definition import Sequence as Definition
from sequences.email_step import EmailStep
from sequences.steps import EnrollStep, Step, StopStep, everywhere
from sequences.task_step import TaskStep
from workspace.problems import Fault, Path, Problem, unknown
from workspace.source import Document
from workspace.zones import zone

#: How an enrollment ends whatever its sequence says.
ENDS = (
    "answered", "complained", "deal closed", "do not contact", "finished", "hard bounce",
    "meeting booked", NO_MOMENT, "owner gone", "the email was refused", "unsubscribed",
)  # fmt: skip
#: Facts that are no texts.
_IDS = ("id", "company.id")
_COUNTS = (*_IDS, "company.employees", "nps")


def check(suite: Suite, document: Document, blueprint: Blueprint) -> Iterator[Problem]:
    if suite.sequence not in blueprint.sequences:
        message = f"sequence: {unknown('sequence', suite.sequence, blueprint.sequences)}"
        choices = tuple(blueprint.sequences)
        yield document.problem(("sequence",), message, value=suite.sequence, choices=choices)
        return
    checked = _Checked(suite, document, blueprint, blueprint.sequences[suite.sequence])
    yield from checked.facts(("lead",), suite.lead)
    for number, case in enumerate(suite.tests):
        yield from checked.case(("tests", number), case)


@dataclass(frozen=True)
class _Checked:
    suite: Suite
    document: Document
    blueprint: Blueprint
    sequence: Definition

    def case(self, path: Path, case: Case) -> Iterator[Problem]:
        yield from self.facts((*path, "lead"), case.lead)
        for number, event in enumerate(case.given):
            yield from self.event((*path, "given", number), event, self.suite.whole(case))
        for number, touch in enumerate(case.expect or ()):
            yield from self.touch((*path, "expect", number), touch, self.suite.whole(case))
        yield from self.ending(path, case)
        yield from self.past(path, case)

    def facts(self, path: Path, facts: Mapping[str, object]) -> Iterator[Problem]:
        known = self._fact_names()
        for name, value in facts.items():
            at = (*path, name)
            if name not in known:
                yield self._unknown(at, "fact", name, known, at_key=True)
            elif value is None and name not in _IDS:
                continue  # not known
            elif name == "stage":
                yield from self._one_of(at, "stage", value, STAGES)
            elif name == "answer.disposition":
                yield from self._one_of(at, "answer", value, self._answers())
            elif name == "timezone":
                yield from self._zone(at, str(value))
            else:
                yield from self._typed(at, name, value)

    def event(self, path: Path, event: Event, case: Case) -> Iterator[Problem]:
        known = events.kinds(self.blueprint.process.events)
        at = (*path, event.kind)
        if event.kind not in known:
            yield self._unknown(at, "event", event.kind, known, at_key=True)
            return
        if event.after is not None:
            yield from self._one_of((*path, "after"), "email or task", event.after, self._touches())
        if isinstance(event.at, Moment):
            yield from self._moment((*path, "at"), event.at, case)
        yield from self._value(at, event, case)
        if event.kind in events.OF_TASKS and event.after not in self.sequence.tasks:
            tasks = list(self.sequence.tasks)
            message = f'{event.kind} needs "after" and a task; valid: {", ".join(tasks) or "none"}'
            yield self._problem(at, message, choices=tasks, at_key=True)

    def touch(self, path: Path, touch: Touch, case: Case) -> Iterator[Problem]:
        at = (*path, touch.step)
        known = self._touches()
        if touch.step not in known:
            yield self._unknown(at, "email or task", touch.step, known, at_key=True)
            return
        if touch.when is not None:
            yield from self._moment(at, touch.when, case)
        step = known[touch.step]
        if touch.variant is not None:
            variants = list(step.email) if isinstance(step, EmailStep) else []
            yield from self._one_of((*path, "variant"), "variant", touch.variant, variants)

    def ending(self, path: Path, case: Case) -> Iterator[Problem]:
        if case.ends is not None:
            yield from self._one_of((*path, "ends"), "end", case.ends, self._ends())
        if case.because is not None:
            rules = [*self.sequence.exit, *(goal.goal for goal in self.sequence.goals)]
            if not any(case.because in rule for rule in rules):
                known = "; ".join(rules) or "none is defined"
                message = f'no exit or goal has the words "{case.because}"; they are: {known}'
                yield self._problem((*path, "because"), message, value=case.because, choices=rules)
        if case.then not in {None, NOTHING}:
            others = {*self.blueprint.sequences, NOTHING}
            yield from self._one_of((*path, "then"), "sequence", case.then, others)

    def past(self, path: Path, case: Case) -> Iterator[Problem]:
        here, past = (path, case.past) if case.past else ((), self.suite.past)
        if past is not None and past.colleague_in is not None:
            at = (*here, "past", "colleague_in")
            yield from self._one_of(at, "sequence", past.colleague_in, self.blueprint.sequences)

    def _value(self, at: Path, event: Event, case: Case) -> Iterator[Problem]:
        match event.kind:
            case "answered":
                yield from self._one_of(at, "answer", event.value or OTHER, self._answers())
            case "auto_replied" | "meeting_booked" | "meeting_moved":
                if event.value is not None:
                    yield from self._when(at, event.value, case)
            case "change":
                yield from self._change(at, event.value)
            case "deal":
                yield from self._outcome(at, event.value, case)
            case "nps":
                yield from self._score(at, event.value)
            case "stage":
                yield from self._stage(at, event.value, case)
            case "task_done":
                yield from self._disposition(at, event)
            case _ if event.value is not None:
                yield self._problem(at, "has no value", value=event.value)

    def _score(self, at: Path, value: object) -> Iterator[Problem]:
        if type(value) is not int or value not in SCORES:
            message = "must be a whole number from 0 to 10"
            yield self._problem(at, message, value=value)

    def _disposition(self, at: Path, event: Event) -> Iterator[Problem]:
        step = self.sequence.tasks.get(event.after or "")
        if step is not None and event.value is not None:
            declared = self.blueprint.process.dispositions
            valid = dispositions.names(step.task, declared, step)
            yield from self._one_of(at, "disposition", event.value, valid)

    def _outcome(self, at: Path, value: object, case: Case) -> Iterator[Problem]:
        yield from self._one_of(at, "outcome", value, events.OUTCOMES)
        if case.deal is None:
            message = "the lead has no deal; give it one with deal: open"
            yield self._problem(at, message, at_key=True)

    def _change(self, at: Path, value: object) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            message = "needs the facts that change, such as {lead.title: CTO}"
            yield self._problem(at, message)
            return
        known = [name for name in self._known().fields if name.startswith("lead.")]
        for name, new in value.items():
            if name not in known:
                yield self._unknown((*at, name), "fact to change", name, known, at_key=True)
            else:
                yield from self._typed((*at, name), name.removeprefix("lead."), new)

    def _stage(self, at: Path, value: object, case: Case) -> Iterator[Problem]:
        """In the CRM, in which a lead without a deal has not every stage."""
        source = next(iter(self.blueprint.connections))
        target = "deal" if case.deal is not None else "lead"
        known = [
            name for name in STAGES if sample.counterpart(self.blueprint, source, target, name)
        ]
        what = f"stage of a {target} in {source}"
        yield from self._one_of(at, what, value, known)

    def _when(self, at: Path, value: object, case: Case) -> Iterator[Problem]:
        try:
            moment = Moment.parse(value)
        except Fault as fault:
            yield self._problem(at, str(fault), value=value)
        else:
            yield from self._moment(at, moment, case)

    def _moment(self, at: Path, moment: Moment, case: Case) -> Iterator[Problem]:
        try:
            day = moment.resolve(sample.started(case).date())
        except Fault as fault:
            yield self._problem(at, str(fault), value=moment.written)
            return
        start = sample.started(case)
        if (day, moment.clock or time.max) < (start.date(), start.time()):
            message = f'"{moment.written}" is before the start, {told(start)}'
            yield self._problem(at, message, value=moment.written)

    def _zone(self, at: Path, name: str) -> Iterator[Problem]:
        try:
            zone(name)
        except Fault as fault:
            yield self._problem(at, str(fault), value=name, choices=fault.choices)

    def _typed(self, at: Path, name: str, value: object) -> Iterator[Problem]:
        if ".extra." in f".{name}":
            return
        kind, said = (int, "a whole number") if name in _COUNTS else (str, "a text")
        if not isinstance(value, kind) or isinstance(value, bool):
            yield self._problem(at, f"must be {said}", value=value)

    def _one_of(
        self, at: Path, what: str, value: object, choices: Collection[str]
    ) -> Iterator[Problem]:
        if value not in choices:
            yield self._unknown(at, what, "" if value is None else str(value), choices)

    def _unknown(
        self, at: Path, what: str, value: str, choices: Collection[str], *, at_key: bool = False
    ) -> Problem:
        choices = tuple(sorted(choices))
        message = unknown(what, value, choices)
        return self._problem(at, message, value=value, choices=choices, at_key=at_key)

    def _problem(
        self,
        at: Path,
        message: str,
        *,
        value: object = None,
        choices: Sequence[str] = (),
        at_key: bool = False,
    ) -> Problem:
        name = ".".join(map(str, at[:-1] if at_key else at))
        return self.document.problem(
            at, f"{name}: {message}", value=value, choices=tuple(choices), at_key=at_key
        )

    def _known(self) -> Known:
        return Known(
            schema=mapped.with_mapped_fields(FIELDS, self.blueprint.connections),
            answers=self._answers(),
            events=None,
            templates=self.blueprint.templates,
            sequences=frozenset(self.blueprint.sequences),
            lists=frozenset(self.blueprint.lists),
            dispositions=self.blueprint.process.dispositions,
        )

    def _fact_names(self) -> list[str]:
        schema = mapped.with_mapped_fields(FIELDS, self.blueprint.connections)
        plain = (FIELDS["lead"] - {"extra"}, (f"extra.{one}" for one in schema["lead.extra"] or ()))
        company = (
            (f"company.{name}" for name in FIELDS["company"] - {"extra"}),
            (f"company.extra.{name}" for name in schema["company.extra"] or ()),
        )
        return sorted({"id", "company.id", "answer.disposition", *chain(*plain, *company)})

    def _answers(self) -> list[str]:
        return [*self.blueprint.process.answers, OTHER]

    def _touches(self) -> dict[str, Step]:
        steps = (step for _, step in everywhere(self.sequence.steps))
        return {step.id: step for step in steps if isinstance(step, EmailStep | TaskStep)}

    def _ends(self) -> set[str]:
        found = {*ENDS}
        if self.sequence.exit:
            found.add("exit")
        if self.sequence.goals:
            found.add("goal")
        for _, step in everywhere(self.sequence.steps):
            if isinstance(step, StopStep):
                found.add(step.stop)
            elif isinstance(step, EnrollStep):
                found.add(f"enrolled in {step.enroll}")
        for task in self.sequence.tasks.values():
            for name in dispositions.names(task.task, self.blueprint.process.dispositions, task):
                starts = dispositions.meaning(name, task)
                found |= {starts.ending} if starts and starts.ending else set()
        return found
