"""The steps of a sequence as they are written in YAML."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    StringConstraints,
    Tag,
    model_validator,
)

from workspace.durations import Duration, FixedDuration
from workspace.expressions import look_up
from workspace.names import Identifier, Slug
from workspace.problems import Fault, Path
from workspace.shares import Share, fraction
from workspace.validation import Definition

TaskKind = Literal["call", "research", "social", "email", "meeting"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
#: What to say, a template.
Script = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
#: An expression over the facts of a lead, see workspace.expressions.
LONGEST_EXPRESSION = 2000
Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION)]
Weight = Annotated[int, Field(strict=True, gt=0, le=1000)]
Percent = Annotated[int, Field(strict=True, gt=0, le=100)]
#: CRMs write others for no date at all, and near the calendar's ends no time zone can be reckoned.
_YEARS = range(1970, 9998)
#: A field's new value; of a custom field it is read by the field's declared type.
Scalar = str | int | float | bool


def _one_value(written: object) -> object:
    if not isinstance(written, Scalar):
        raise Fault("must be one value: a text, a number, true or false")
    return written


def _one_or_several(written: object) -> object:
    """`email: opening` is the one variant of `email: {opening: 1}`; pairs come from the database."""
    if isinstance(written, list) and all(map(_is_pair, written)):
        return dict(written)
    return {written: 1} if isinstance(written, str) else written


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [str, int]


def _pairs(variants: Mapping[str, int]) -> list[list[object]]:
    """PostgreSQL keeps a mapping in an order of its own, and the first variant is the control."""
    return [[name, weight] for name, weight in variants.items()]


#: Template -> its weight; the first is the control.
Variants = Annotated[
    dict[Slug, Weight],
    BeforeValidator(_one_or_several, json_schema_input_type=Slug | dict[Slug, Weight]),
    PlainSerializer(_pairs),
    Field(min_length=1),
]


class Experiment(Definition):
    """What the variants of an email are compared by. Never opens: machines open emails."""

    measure: Literal["replies", "meetings"] = "replies"
    base: Share | None = None  #: what the control is thought to bring; None: see _USUAL
    smallest: Share | None = None  #: the least difference worth knowing, in percentage points

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.better >= 1:
            message = (
                f"base and smallest make {100 * self.better:g} percent, and must be less than 100"
            )
            raise Fault(message, path=("smallest" if self.smallest else "base",))
        return self

    @property
    def expected(self) -> float:
        """The control's share of companies that answer, as thought beforehand."""
        return fraction(self.base or _USUAL[self.measure][0])

    @property
    def difference(self) -> float:
        """The least difference from it that is worth knowing."""
        return fraction(self.smallest or _USUAL[self.measure][1])

    @property
    def better(self) -> float:
        return self.expected + self.difference


#: What a cold sequence brings, and a difference that one can hope to see: base, smallest.
_USUAL = {"replies": ("5 percent", "3 percent"), "meetings": ("2 percent", "2 percent")}


class Invite(Definition):
    """A meeting to which an email invites; the mailbox is its organizer, the lead is asked."""

    title: Text  #: a template
    start: Expression  #: the fact that is its moment, such as deal.extra.demo_at
    duration: FixedDuration
    location: Text | None = None  #: a place or a link, a template
    reminder: FixedDuration | None = None  #: so long before

    def plain(self) -> dict[str, object]:
        """As Message.invite has it."""
        return {
            "title": self.title,
            "start": self.start,
            "duration": self.duration.elapsed.total_seconds(),
            "location": self.location,
            "reminder": self.reminder and self.reminder.elapsed.total_seconds(),
        }


class EmailStep(Definition):
    """Sends templates/email/<email>/ in the enrollment's thread, or in a thread of its own."""

    id: Slug
    email: Variants
    thread: Literal["new"] | None = None
    experiment: Experiment | None = None  #: of several variants; None: the usual one
    invite: Invite | None = None
    #: The fact that is a moment from which on it is of no use, such as meeting.start: passed over then.
    before: Expression | None = None

    @model_validator(mode="after")
    def _experiments_compare(self) -> Self:
        if self.experiment is not None and not self.has_variants:
            message = "compares variants, and there is one; write email: {first: 1, second: 1}"
            raise Fault(message, path=("experiment",))
        return self

    @property
    def has_variants(self) -> bool:
        return len(self.email) > 1

    @property
    def trial(self) -> Experiment:
        return self.experiment or Experiment()


class Until(Definition):
    """A moment that a fact tells, or so long before or after it."""

    until: Expression  #: the fact, such as meeting.start
    less: FixedDuration | None = None
    plus: Duration | None = None

    @model_validator(mode="after")
    def _is_on_one_side(self) -> Self:
        if self.less is not None and self.plus is not None:
            raise Fault('"less" and "plus" exclude each other', path=("plus",))
        return self

    def moment(self, facts: Mapping[str, object], timezone: str) -> datetime | None:
        """None while the fact is blank, or no moment."""
        found = moment_of(self.until, facts)
        if found is None:
            return None
        if self.less is not None:
            return self.less.before(found, timezone)
        return self.plus.after(found, timezone) if self.plus is not None else found


def moment_of(fact: str, facts: Mapping[str, object]) -> datetime | None:
    """What a fact tells, in UTC; None while it is blank, no moment, or out of all reckoning."""
    try:
        found = datetime.fromisoformat(str(look_up(fact.split("."), facts)))
    except ValueError:
        return None
    is_moment = found.tzinfo is not None and found.year in _YEARS
    return found.astimezone(UTC) if is_moment else None


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


class Starts(Definition):
    """What an answer or a disposition of one kind starts."""

    stage: str | None = None
    enroll: Slug | None = None
    task: TaskKind | None = None
    title: Text | None = None  #: of the task, a template
    due: Duration = Duration(amount=1, unit="business day")

    @model_validator(mode="after")
    def _starts_something(self) -> Self:
        choices = sorted({"end", "enroll", "stage", "task"} & set(type(self).model_fields))
        if not any(getattr(self, choice) for choice in choices):
            raise Fault(f"needs at least one of {', '.join(choices)}", choices=tuple(choices))
        return self

    @model_validator(mode="after")
    def _tasks_have_titles(self) -> Self:
        if (self.task is None) is not (self.title is None):
            missing, there = ("title", "task") if self.task else ("task", "title")
            raise Fault(f'"{there}" needs "{missing}" beside it', path=(there,))
        return self


class OnDisposition(Starts):
    """What a task that turned out so starts; `end` and `enroll` end the enrollment."""

    end: Text | None = None  #: for this reason

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        if self.end is not None and self.enroll is not None:
            raise Fault('"enroll" ends the enrollment already', path=("end",))
        return self

    @property
    def ending(self) -> str:
        """Why the enrollment ends; blank when it goes on."""
        return self.end or (f"enrolled in {self.enroll}" if self.enroll else "")


class TaskStep(Definition):
    """Asks the lead's owner to do something; a gate holds the sequence until it is done."""

    id: Slug
    task: TaskKind
    title: Text  #: a template
    say: Script | None = None
    due: Duration
    gate: bool = False
    #: A gate that nobody opened is passed so much later; None: after cadence.PATIENCE.
    skip_after: Duration | None = None
    #: How it may turn out; empty: as process.yaml says of its kind.
    dispositions: tuple[Identifier, ...] = ()
    on_disposition: dict[Identifier, OnDisposition] = {}

    @model_validator(mode="after")
    def _is_no_fact(self) -> Self:
        if self.id == "disposition":
            raise Fault(
                "task.disposition is the last one of all tasks; name it otherwise", path=("id",)
            )
        return self

    @model_validator(mode="after")
    def _only_gates_are_skipped(self) -> Self:
        if self.skip_after is not None and not self.gate:
            raise Fault(
                "belongs to a gate: true; any other task holds nobody up", path=("skip_after",)
            )
        return self


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


def weights(variants: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Each template with its share of all, added up: the last one ends at 1."""
    total, so_far = sum(variants.values()), 0
    for name, weight in variants.items():
        so_far += weight
        yield name, so_far / total
