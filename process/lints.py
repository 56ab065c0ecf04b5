"""What is allowed and most likely not meant: warnings on sequences, each with a name to ignore it by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from process import attachments, spam
from process.definition import Process
from process.emails import Template
from process.team import Team
from sequences.cadence import PATIENCE
from sequences.definition import Sequence as Definition
from sequences.email_step import EmailStep
from sequences.steps import (
    BranchStep,
    EnrollStep,
    GoalStep,
    Step,
    Steps,
    StopStep,
    WaitStep,
    everywhere,
)
from sequences.task_step import TaskStep
from workspace import layout
from workspace.durations import Duration
from workspace.expressions import constant, reads
from workspace.problems import Path, Problem
from workspace.source import Document

Sources = Sequence[tuple[Definition, Document]]


def lints(
    sequences: Sources, process: tuple[Process, Document] | None, templates: Mapping[str, Template]
) -> Iterator[Problem]:
    """Every warning that no sequence ignores; a template is as forgiving as all that send it."""
    for sequence, document in sequences:
        found = [
            *_unreachable(sequence.steps, document, ("steps",)),
            *_early_branches(sequence.steps, document, ("steps",), asked=True),
            *_unused_subjects(sequence, document, templates),
            *_longer_than_its_stage(sequence, document, process),
            *_cycles(sequence, document, sequences),
        ]
        yield from (problem for problem in found if problem.lint not in sequence.ignore)
    for name, template in templates.items():
        senders = [sequence for sequence, _ in sequences if name in sequence.templates()]
        found = [*spam.lint(template), *attachments.lint(name, template.attachments)]
        for problem in found:
            if not senders or any(problem.lint not in sequence.ignore for sequence in senders):
                yield problem


def lints_of_team(team: Team, document: Document) -> Iterator[Problem]:
    if team.redirect_to:
        message = f"every email goes to {team.redirect_to}, and none to its lead: this is staging"
        yield _warning(document, ("redirect_to",), message, "redirected")


def lints_of_process(process: Process, document: Document) -> Iterator[Problem]:
    found = _shared_values(process, document)
    yield from (problem for problem in found if problem.lint not in process.ignore)


def _shared_values(process: Process, document: Document) -> Iterator[Problem]:
    """A value of a CRM that stands for two stages is read as the first of them."""
    first: dict[tuple[str, str, str], str] = {}
    for number, stage in enumerate(process.stages):
        for crm, counterpart in stage.counterparts.items():
            for kind in ("lead_status", "deal_stage"):
                for item, value in enumerate(getattr(counterpart, kind)):
                    earlier = first.setdefault((crm, kind, value), stage.name)
                    if earlier != stage.name:
                        path: Path = ("stages", number, "counterparts", crm, kind, item)
                        message = (
                            f'"{value}" stands for {earlier} already: whoever is brought to it in '
                            f"{crm} comes to {earlier}, unless they are in {stage.name}; "
                            "give each a value of its own"
                        )
                        yield _warning(document, path, message, "shared_value")


def _unreachable(steps: Steps, document: Document, path: Path) -> Iterator[Problem]:
    for number, step in enumerate(steps):
        here = (*path, number)
        if isinstance(step, BranchStep):
            yield from _unreachable_ways(step, document, here)
        if _ends(step) and number + 1 < len(steps):
            after = steps[number + 1]
            message = f'"{after.id}" is never reached: whoever comes to "{step.id}" leaves there'
            yield _warning(document, (*path, number + 1, "id"), message, "unreachable")
            return


def _unreachable_ways(step: BranchStep, document: Document, path: Path) -> Iterator[Problem]:
    taken = 0
    for number, way in enumerate(step.branch):
        here: Path = (*path, "branch", number)
        if way.when is not None and constant(way.when) is False:
            message = f'"{way.when}" is never true, so nobody takes this way'
            yield _warning(document, (*here, "when"), message, "unreachable")
        yield from _unreachable(way.steps, document, (*here, "steps"))
        taken += way.percent or 0
        always = way.when is not None and constant(way.when) is True
        if (always or taken == 100) and number + 1 < len(step.branch):  # noqa: PLR2004 - percent
            message = "nobody is left for this way: the ways before it take everybody"
            at = (*path, "branch", number + 1)
            yield _warning(document, at, message, "unreachable")
            return


def _ends(step: Step) -> bool:
    """Whether nobody comes out behind it."""
    if isinstance(step, BranchStep):
        ways = (bool(way.steps) and any(map(_ends, way.steps)) for way in step.branch)
        return step.is_exhaustive and all(ways)
    return isinstance(step, StopStep | EnrollStep)


def _early_branches(
    steps: Steps, document: Document, path: Path, *, asked: bool
) -> Iterator[Problem]:
    """A branch on an event right behind an email is asked before anybody could have done it.

    `asked` says whether time has passed since the last email.
    """
    for number, step in enumerate(steps):
        here = (*path, number)
        if isinstance(step, EmailStep):
            asked = False
        elif isinstance(step, WaitStep) or (isinstance(step, TaskStep) and step.gate):
            asked = True
        elif isinstance(step, GoalStep):
            asked = asked or step.within is not None
        elif isinstance(step, BranchStep):
            for at, way in enumerate(step.branch):
                when: Path = (*here, "branch", at, "when")
                if not asked and way.when and any(c[0] == "event" for c in reads(way.when)):
                    message = "is asked as soon as the email before it has left; wait first"
                    yield _warning(document, when, message, "early_branch")
                inside: Path = (*here, "branch", at, "steps")
                yield from _early_branches(way.steps, document, inside, asked=asked)


def _unused_subjects(
    sequence: Definition, document: Document, templates: Mapping[str, Template]
) -> Iterator[Problem]:
    """A follow-up keeps its thread's subject: one of its own is read by nobody."""
    main = [(number, step) for number, step in enumerate(sequence.steps)]
    begun = False
    for number, step in main:
        if not isinstance(step, EmailStep):
            continue
        for name in step.email:
            template = templates.get(name)
            if begun and step.thread != "new" and template is not None and template.subject:
                file = layout.template_file(name, layout.SUBJECT)
                message = (
                    f'"{name}" follows up in a thread, which has a subject: {file} is not used'
                )
                yield _warning(document, ("steps", number, "email"), message, "unused_subject")
        begun = begun or step.before is None  # else it may be passed over


def _longer_than_its_stage(
    sequence: Definition, document: Document, process: tuple[Process, Document] | None
) -> Iterator[Problem]:
    stages = {stage.name: stage for stage in process[0].stages} if process else {}
    stage = next((stage for name, stage in stages.items() if name == sequence.stage), None)
    if stage is None:
        return
    takes = length(sequence.steps).longest
    if takes > stage.service_level.longest:
        message = (
            f"takes up to {takes.days} days, and {stage.name} has a service level of "
            f"{stage.service_level}"
        )
        yield _warning(document, ("stage",), message, "service_level")


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long steps take, business days apart."""

    elapsed: timedelta = timedelta(0)
    business_days: int = 0

    @property
    def longest(self) -> timedelta:
        """By the calendar, with the most weekends that business days can meet."""
        if not self.business_days:
            return self.elapsed
        return self.elapsed + Duration(amount=self.business_days, unit="business day").longest

    def __add__(self, other: "Length") -> "Length":
        return Length(
            elapsed=self.elapsed + other.elapsed,
            business_days=self.business_days + other.business_days,
        )


def length(steps: Steps) -> Length:
    """On the slowest way, gates held as long as they can be."""
    return sum(map(_length, steps), Length())


def _length(step: Step) -> Length:
    match step:
        case WaitStep(wait=Duration() as waits):
            return _of(waits)
        case GoalStep(within=within) if within is not None:
            return _of(within)
        case TaskStep(gate=True):
            return _of(step.skip_after or PATIENCE)
        case BranchStep():
            ways = (length(way.steps) for way in step.branch)
            return max(ways, key=lambda way: way.longest)
    return Length()


def _of(duration: Duration) -> Length:
    if duration.unit == "business day":
        return Length(business_days=duration.amount)
    return Length(elapsed=duration.elapsed)


def _cycles(sequence: Definition, document: Document, sequences: Sources) -> Iterator[Problem]:
    """Sequences that hand leads to each other in a circle, which all let them in again."""
    by_name = {found.name: found for found, _ in sequences}
    for path, step in everywhere(sequence.steps):
        if isinstance(step, EnrollStep):
            circle = _circle(step.enroll, sequence.name, by_name)
            if circle and all(_lets_in_again(by_name[name]) for name in circle):
                way = " to ".join((sequence.name, *circle))
                message = f"leads go round in a circle: {way}; say again: never in one of them"
                yield _warning(document, (*path, "enroll"), message, "cycle")


def _circle(start: str, home: str, sequences: Mapping[str, Definition]) -> list[str]:
    """The names from `start` to `home`, along the first enroll steps that lead there."""
    trails, seen = [[start]], {start}
    while trails:
        trail = trails.pop(0)
        if trail[-1] == home:
            return trail
        found = sequences.get(trail[-1])
        for _, step in everywhere(found.steps) if found else ():
            if isinstance(step, EnrollStep) and step.enroll not in seen:
                seen.add(step.enroll)
                trails.append([*trail, step.enroll])
    return []


def _lets_in_again(sequence: Definition) -> bool:
    return sequence.enroll is not None and sequence.enroll.again is not None


def _warning(document: Document, path: Path, message: str, lint: str) -> Problem:
    name = ".".join(map(str, path))
    found = document.problem(path, f"{name}: {message}")
    return Problem(
        file=found.file, line=found.line, column=found.column, message=found.message, lint=lint
    )
