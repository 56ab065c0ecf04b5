"""A sequence step by step, in words and with its days; branches are indented."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from process.playbook.conditions import fact, humanized, said
from process.playbook.days import Day
from process.playbook.words import Link, Words, fact_of_moment, moment_words, starts_words
from sequences.cadence import PATIENCE
from sequences.definition import Sequence
from sequences.email_step import EmailStep
from sequences.moments import Until
from sequences.steps import (
    BranchStep,
    EnrollStep,
    GoalStep,
    Step,
    Steps,
    StopStep,
    UpdateStep,
    WaitStep,
    Way,
)
from sequences.task_step import TaskStep
from workspace.durations import Duration

_TASKS = {
    "call": "Call", "research": "Research", "social": "Social touch", "email": "Email by hand",
    "meeting": "Meeting",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Line:
    depth: int  #: of branches around it
    day: str  #: blank where it has none of its own
    kind: str  #: of the step, or "way"
    words: Words
    id: str = ""
    say: str = ""  #: to the lead
    notes: tuple[Words, ...] = ()


def timeline(sequence: Sequence, render: Callable[[str], str]) -> list[Line]:
    """`render` makes a task's title and script for the sample lead."""
    return _Teller(render).steps(sequence.steps, 0, Day())[0]


class _Teller:
    def __init__(self, render: Callable[[str], str]) -> None:
        self.render = render
        self.has_thread = False

    def steps(self, steps: Steps, depth: int, day: Day) -> tuple[list[Line], Day]:
        """And the day on which they are behind one."""
        lines: list[Line] = []
        for step in steps:
            lines.append(
                Line(
                    depth=depth,
                    day="" if isinstance(step, WaitStep) else str(day),
                    kind=type(step).__name__.removesuffix("Step").lower(),
                    id=step.id,
                    words=self._words(step),
                    say=self._say(step),
                    notes=tuple(self._notes(step)),
                )
            )
            if isinstance(step, BranchStep):
                inner, day = self._ways(step, depth, day)
                lines += inner
            else:
                day = _behind(step, day)
        return lines, day

    def _ways(self, step: BranchStep, depth: int, day: Day) -> tuple[list[Line], Day]:
        lines: list[Line] = []
        met: Day | None = None if step.is_exhaustive else day
        had_thread = behind = self.has_thread
        for way in step.branch:
            self.has_thread = had_thread
            lines.append(
                Line(
                    depth=depth + 1,
                    day="",
                    kind="way",
                    words=[_way(way) if way.steps else f"{_way(way)} nothing more."],
                )
            )
            inner, end = self.steps(way.steps, depth + 2, day)
            lines += inner
            behind = behind or self.has_thread
            if not _ends(way.steps):
                met = end if met is None else met.met(end)
        self.has_thread = behind
        return lines, met or day

    def _words(self, step: Step) -> Words:  # noqa: PLR0911 - one for each kind
        match step:
            case EmailStep():
                return self._email(step)
            case WaitStep(wait=Until() as until):
                return [f"Wait until {moment_words(until)}."]
            case TaskStep():
                title = self.render(step.title)
                return [f"{_TASKS[step.task]} within {step.due}: {title}"]
            case BranchStep():
                return ["One of these ways; the first that fits is taken:"]
            case UpdateStep():
                return _update(step)
            case EnrollStep():
                return ["Go on in the sequence ", Link("sequence", step.enroll), "; this one ends."]
            case GoalStep():
                return [f"Goal: {said(step.goal)}."]
            case StopStep():
                return [f"End here: {step.stop}."]
            case WaitStep(wait=wait):
                return [f"Wait {wait}."]

    def _email(self, step: EmailStep) -> Words:
        total = sum(step.email.values())
        follows = self.has_thread and step.thread != "new"
        self.has_thread = True
        words: list[str | Link] = ["Email "]
        for number, (name, weight) in enumerate(step.email.items()):
            share = f" ({weight / total:.0%} of companies)" if step.has_variants else ""
            words += [" or "] * (number > 0) + [Link("template", name), share]
        return [*words, ", in the same thread." if follows else "."]

    def _say(self, step: Step) -> str:
        return self.render(step.say).strip() if isinstance(step, TaskStep) and step.say else ""

    def _notes(self, step: Step) -> Iterator[Words]:
        match step:
            case EmailStep():
                yield from self._email_notes(step)
            case TaskStep():
                yield from self._task_notes(step)
            case GoalStep():
                yield [
                    "As soon as this is true, wherever the lead is by then, the sequence is done."
                ]
                if step.within:
                    yield [f"Here it is waited for, {step.within} at most."]
            case BranchStep() if not step.is_exhaustive:
                yield ["Whom no way fits goes on below."]

    def _email_notes(self, step: EmailStep) -> Iterator[Words]:
        if step.invite:
            title = self.render(step.invite.title)
            start = fact_of_moment(step.invite.start)
            yield [f"It invites to “{title}”, {step.invite.duration}, at {start}."]
        if step.before:
            yield [f"It is left out once {fact_of_moment(step.before)} has passed."]
        if step.has_variants:
            yield [f"An experiment: the texts are compared by {step.trial.measure}."]

    def _task_notes(self, step: TaskStep) -> Iterator[Words]:
        if step.gate:
            patience = step.skip_after or PATIENCE
            yield [f"Nothing goes on until it is done; after {patience} it goes on without."]
        if step.dispositions:
            yield [f"It may turn out as: {', '.join(map(humanized, step.dispositions))}."]
        for name, starts in step.on_disposition.items():
            title = self.render(starts.title or "")
            yield [f"If it is {humanized(name)}: ", *starts_words(starts, title), "."]


def _way(way: Way) -> str:
    if way.when is not None:
        return f"If {said(way.when)}:"
    return f"{way.percent} % of people:" if way.percent is not None else "All others:"


def _update(step: UpdateStep) -> Words:
    words: list[str | Link] = []
    for name, value in step.update.items():
        joint = "; " if words else ""
        if name == "stage":
            words += [f"{joint}Move the lead to ", Link("stage", str(value))]
        else:
            words.append(f"{joint}Set {fact(name.split('.'))} to {value}")
    return [*words, "."]


def _behind(step: Step, day: Day) -> Day:
    match step:
        case WaitStep(wait=Duration() as wait):
            return day.after(wait)
        case WaitStep(wait=Until() as until):
            return day.at(moment_words(until))
        case TaskStep(gate=True):
            return day.by(step.skip_after or PATIENCE)
        case GoalStep(within=Duration() as within):
            return day.by(within)
    return day


def _ends(steps: Steps) -> bool:
    """Whether nobody comes out behind them."""
    return bool(steps) and isinstance(steps[-1], StopStep | EnrollStep)
