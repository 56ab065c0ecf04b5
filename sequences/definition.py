"""A sequence as it is written in sequences/*.yaml."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from workspace.durations import Duration
from workspace.names import Slug, TimeOfDay
from workspace.problems import Fault
from workspace.validation import Definition
from workspace.zones import ZoneName

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TaskKind = Literal["call", "research", "social", "email", "meeting"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
#: An expression over the facts of a lead, see workspace.expressions.
Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Enroll(Definition):
    """The rule by which leads enter."""

    when: Expression
    per_day: Annotated[int, Field(strict=True, gt=0)] | None = None
    #: Whether `apply` also enrolls the leads of whom the rule is already true.
    existing: bool = True


class Window(Definition):
    """When emails may leave, in the lead's time zone; else in `timezone`, else the workspace's."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    opens: TimeOfDay = Field("09:00", alias="from")
    closes: TimeOfDay = Field("17:00", alias="to")
    timezone: ZoneName | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise Fault(f'"{self.closes}" is not later than from, "{self.opens}"', path=("to",))
        return self


class EmailStep(Definition):
    """Sends templates/email/<email>/ in the enrollment's thread, or in a thread of its own."""

    id: Slug
    email: Slug
    thread: Literal["new"] | None = None


class WaitStep(Definition):
    id: Slug
    wait: Duration


class TaskStep(Definition):
    """Asks the lead's owner to do something; the sequence goes on at once."""

    id: Slug
    task: TaskKind
    title: Text  #: a template
    due: Duration


Step = EmailStep | WaitStep | TaskStep

_KINDS = ("email", "task", "wait")


def _kind(step: object) -> str | None:
    """The tag of a step; with a space, so that it is not taken for a key."""
    if isinstance(step, dict):
        return next((f"{kind} step" for kind in _KINDS if kind in step), None)
    return f"{type(step).__name__.removesuffix('Step').lower()} step"


def _of_one_kind(step: object) -> object:
    if isinstance(step, dict):
        kinds = [kind for kind in _KINDS if kind in step]
        if len(kinds) != 1:
            has = ", ".join(map(str, step)) or "nothing"
            raise Fault(
                f"a step has exactly one of email, task, wait; this has {has}", choices=_KINDS
            )
    elif not isinstance(step, Step):
        raise Fault("a step is a mapping with an id and one of email, task, wait", choices=_KINDS)
    return step


AnyStep = Annotated[
    Annotated[EmailStep, Tag("email step")]
    | Annotated[WaitStep, Tag("wait step")]
    | Annotated[TaskStep, Tag("task step")],
    Discriminator(_kind),
    BeforeValidator(_of_one_kind),
]


class Sequence(Definition):
    """Steps in order, the rule that enrolls into it and the criteria that end it early."""

    name: Slug
    description: str = ""
    stage: str  #: the stage of the process whose tactic it is
    enroll: Enroll | None = None  #: none: people are enrolled by hand
    window: Window = Window()
    exit: tuple[Expression, ...] = ()
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        counted = Counter(step.id for step in self.steps)
        for number, step in reversed(list(enumerate(self.steps))):
            if counted[step.id] > 1:
                raise Fault(f'two steps have the id "{step.id}"', path=("steps", number, "id"))
        return self
