"""The steps of a sequence as they are written in YAML."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Self, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sequences.email_step import EmailStep, Invite
from sequences.moments import Until
from sequences.task_step import TaskStep
from sequences.texts import Expression, Text
from workspace.durations import Duration
from workspace.names import Slug
from workspace.problems import Fault, Path
from workspace.validation import Definition

Percent = Annotated[int, Field(strict=True, gt=0, le=100)]
#: A field's new value; of a custom field it is read by the field's declared type.
Scalar = str | int | float | bool


def _one_value(written: object) -> object:
    if not isinstance(written, Scalar):
        raise Fault("must be one value: a text, a number, true or false")
    return written


def _kind_of_wait(written: object) -> str:
    """The tag; with a space, so that it is not taken for a key."""
    return "until then" if isinstance(written, dict | Until) else "so long"


class WaitStep(Definition):
    """So long, or until a moment; who knows of no such moment leaves."""

    id: Slug
    wait: Annotated[
        Annotated[Duration, Tag("so long")] | Annotated[Until, Tag("until then")],
        Discriminator(_kind_of_wait),
    ]


class Way(Definition):
    """Where a branch leads when its condition is met; one without any is taken by all others."""

    when: Expression | None = None
    percent: Percent | None = None
    steps: "tuple[AnyStep, ...]"

    @model_validator(mode="after")
    def _has_one_condition(self) -> Self:
        if self.when is not None and self.percent is not None:
            raise Fault('a way has "when" or "percent", not both', path=("percent",))
        return self

    @property
    def is_for_all(self) -> bool:
        return self.when is None and self.percent is None


class BranchStep(Definition):
    """Takes the first way whose condition is met, once; the ways meet again behind it."""

    id: Slug
    branch: Annotated[tuple[Way, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_way_can_be_taken(self) -> Self:
        share = 0
        for number, way in enumerate(self.branch):
            if way.is_for_all and number < len(self.branch) - 1:
                message = 'a way without "when" and "percent" is for all others and comes last'
                raise Fault(message, path=("branch", number), choices=("when", "percent"))
            share += way.percent or 0
            if share > 100:  # noqa: PLR2004 - percent
                message = f"{way.percent} makes {share} percent together; at most 100 are left"
                raise Fault(message, path=("branch", number, "percent"))
        return self

    @property
    def is_exhaustive(self) -> bool:
        """Whether everybody takes one of the ways."""
        return self.branch[-1].is_for_all or sum(way.percent or 0 for way in self.branch) == 100  # noqa: PLR2004 - percent


class UpdateStep(Definition):
    """Sets fields of the lead (`lead.title`, `lead.extra.tier`) or its `stage`."""

    id: Slug
    update: Annotated[
        dict[str, Annotated[Scalar, BeforeValidator(_one_value)]], Field(min_length=1)
    ]


class EnrollStep(Definition):
    """Ends this enrollment and begins one in another sequence, where its refusals allow."""

    id: Slug
    enroll: Slug


class GoalStep(Definition):
    """Finishes the enrollment as soon as it is true, wherever the lead is by then.

    Who gets here before is waited for `within` so long, and goes on.
    """

    id: Slug
    goal: Expression
    within: Duration | None = None


class StopStep(Definition):
    """Ends the enrollment, for this reason."""

    id: Slug
    stop: Text


Step = EmailStep | WaitStep | TaskStep | BranchStep | UpdateStep | EnrollStep | GoalStep | StopStep

KINDS = ("email", "wait", "task", "branch", "update", "enroll", "goal", "stop")


def _kind(step: object) -> str | None:
    """The tag of a step; with a space, so that it is not taken for a key."""
    if isinstance(step, dict):
        return next((f"{kind} step" for kind in KINDS if kind in step), None)
    return f"{type(step).__name__.removesuffix('Step').lower()} step"


def _of_one_kind(step: object) -> object:
    if isinstance(step, dict):
        kinds = [kind for kind in KINDS if kind in step]
        if len(kinds) != 1:
            has = ", ".join(map(str, step)) or "nothing"
            near = [] if kinds else _near_to_a_kind(step)
            guess = f'; did you mean "{near[0]}"?' if near else ""
            raise Fault(
                f"a step has exactly one of {', '.join(KINDS)}; this has {has}{guess}",
                choices=KINDS,
            )
    elif not isinstance(step, get_args(Step)):
        raise Fault(f"a step is a mapping with an id and one of {', '.join(KINDS)}", choices=KINDS)
    return step


def _near_to_a_kind(step: Iterable[object]) -> Sequence[str]:
    return [kind for key in step for kind in get_close_matches(str(key), KINDS, n=1)]


AnyStep = Annotated[
    Annotated[EmailStep, Tag("email step")]
    | Annotated[WaitStep, Tag("wait step")]
    | Annotated[TaskStep, Tag("task step")]
    | Annotated[BranchStep, Tag("branch step")]
    | Annotated[UpdateStep, Tag("update step")]
    | Annotated[EnrollStep, Tag("enroll step")]
    | Annotated[GoalStep, Tag("goal step")]
    | Annotated[StopStep, Tag("stop step")],
    Discriminator(_kind),
    BeforeValidator(_of_one_kind),
]
Way.model_rebuild()
BranchStep.model_rebuild()

Steps = tuple[Step, ...]


def everywhere(steps: Steps, path: Path = ("steps",)) -> Iterator[tuple[Path, Step]]:
    """Every step on every way, in the order of the file, with its path in the document."""
    for number, step in enumerate(steps):
        here = (*path, number)
        yield here, step
        if isinstance(step, BranchStep):
            for way_number, way in enumerate(step.branch):
                yield from everywhere(way.steps, (*here, "branch", way_number, "steps"))


def templates(steps: Steps) -> Iterator[str]:
    """The templates of all email steps and variants."""
    for _, step in everywhere(steps):
        if isinstance(step, EmailStep):
            yield from step.email


def invites_at_once(steps: Steps) -> Iterator[Invite]:
    """The invitations in front of anything that waits, asks, or may set a fact."""
    for step in steps:
        if isinstance(step, EmailStep):
            if step.invite is not None and step.before is None:
                yield step.invite
        elif not isinstance(step, TaskStep) or step.gate:
            return


def behind(steps: Steps, anchor: str) -> Steps:
    """The steps that follow `anchor` on its way and where the ways meet again; all for a blank one."""
    if not anchor:
        return steps
    found = _behind(steps, anchor)
    return steps if found is None else found


def _behind(steps: Steps, anchor: str) -> Steps | None:
    for number, step in enumerate(steps):
        rest = steps[number + 1 :]
        if step.id == anchor:
            return (step, *rest) if isinstance(step, BranchStep) else rest
        if isinstance(step, BranchStep):
            for way in step.branch:
                inner = _behind(way.steps, anchor)
                if inner is not None:
                    return (*inner, *rest)
    return None
