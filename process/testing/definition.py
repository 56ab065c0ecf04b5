"""Tests of a sequence as they are written in tests/*.yaml."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from process.definition import StageName
from process.testing.moments import At, Moment, Start
from sequences.task_step import TaskKind
from sequences.texts import Text
from workspace.durations import Duration, FixedDuration
from workspace.names import Slug
from workspace.problems import Fault
from workspace.validation import Definition

#: A fact's value; null: not known.
Value = str | int | float | bool | None
#: As `lead:` is written: `first_name`, `extra.tier`, `company.name`, `answer.disposition`, `id`.
Facts = Mapping[str, Value]
#: What `then` says when no other sequence begins.
NOTHING = "nothing"
_AN_HOUR = Duration(amount=1, unit="hour")
_TIMES = ("after", "at", "in")


def _state(written: object) -> object:
    """`deal: open` is short for `deal: {state: open}`."""
    return {"state": written} if isinstance(written, str) else written


class Deal(Definition):
    """The lead's deal, as far as it differs from the sample."""

    state: Literal["open", "won", "lost"] = "open"
    name: str | None = None
    pipeline: str | None = None
    amount: float | None = None
    extra: dict[str, Value] = {}


class Past(Definition):
    """What was before the start."""

    touched: FixedDuration | None = None  #: so long ago somebody was in touch with the lead
    ended: FixedDuration | None = None  #: so long ago the lead left this sequence
    unsubscribed: bool = False
    colleague_in: Slug | None = None  #: somebody else of the company is in this sequence


def _event(written: object) -> object:
    """`clicked` or `{after: opening, clicked}`, whose key is the kind of event."""
    if isinstance(written, str):
        return {"kind": written}
    if not isinstance(written, Mapping):
        return written
    kinds = [key for key in written if key not in _TIMES]
    if len(kinds) != 1:
        has = ", ".join(kinds) or "none"
        raise Fault(
            f"has exactly one event besides {', '.join(_TIMES)}, such as clicked; this has {has}"
        )
    times = {key: written[key] for key in _TIMES if key in written}
    return {**times, "kind": kinds[0], "value": written[kinds[0]]}


class Event(Definition):
    """What somebody does: after a step of ours, at a moment, or else at the start."""

    after: Slug | None = None  #: an email or a task
    delay: Duration | None = Field(None, alias="in")
    at: At | None = None
    kind: str
    value: object = None

    @model_validator(mode="after")
    def _has_one_moment(self) -> Self:
        if self.after is not None and self.at is not None:
            raise Fault('"after" and "at" exclude each other', path=("at",))
        if self.delay is not None and self.after is None:
            raise Fault('belongs to "after": so long after that step', path=("in",))
        return self

    @property
    def lag(self) -> Duration:
        return self.delay or _AN_HOUR


def _touch(written: object) -> object:
    """`opening`, `opening: tue 3 mar` or `{opening: tue 3 mar, variant: cold-idea}`."""
    if isinstance(written, str):
        return {"step": written}
    if not isinstance(written, Mapping):
        return written
    steps = [key for key in written if key != "variant"]
    if len(steps) != 1:
        has = ", ".join(steps) or "none"
        raise Fault(f"has exactly one step, with its day if that matters; this has {has}")
    when = written[steps[0]]
    try:
        moment = None if when is None else Moment.parse(when)
    except Fault as fault:
        raise Fault(str(fault), path=(steps[0],)) from fault
    return {"step": steps[0], "when": moment, "variant": written.get("variant")}


class Touch(Definition):
    """An email or a task that is expected next."""

    step: str
    when: Moment | None = None
    variant: str | None = None


class Case(Definition):
    """One test: given these events, expect these touches, and this end."""

    name: Text
    lead: Facts = {}
    deal: Annotated[Deal, BeforeValidator(_state)] | None = None
    past: Past | None = None
    start: Start | None = None
    given: tuple[Annotated[Event, BeforeValidator(_event)], ...] = ()
    #: Every touch of the sequence, in order.
    expect: tuple[Annotated[Touch, BeforeValidator(_touch)], ...] | None = None
    ends: Text | None = None  #: the reason
    because: Text | None = None  #: of an exit or a goal: words of its rule
    task: TaskKind | None = None  #: the task that an answer or a disposition starts
    then: Slug | None = None  #: the sequence that begins at the end, or NOTHING
    stage: StageName | None = None  #: in which the lead is at the end
    not_enrolled: Text | None = None  #: words of the reason why not

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.not_enrolled is None:
            if self.expect is None:
                raise Fault('needs "expect", the touches in order, or "not_enrolled"')
            return self
        for field in ("expect", "ends", "because", "task", "then"):
            if getattr(self, field) is not None:
                raise Fault(
                    'whoever is not enrolled has none: "not_enrolled" excludes it', path=(field,)
                )
        return self

    @model_validator(mode="after")
    def _because_of_an_end(self) -> Self:
        if self.because is not None and self.ends is None:
            raise Fault('belongs to "ends"', path=("because",))
        return self


class Suite(Definition):
    """The tests of one sequence; what stands beside them holds for each that does not say otherwise."""

    sequence: Slug
    lead: Facts = {}
    deal: Annotated[Deal, BeforeValidator(_state)] | None = None
    past: Past | None = None
    start: Start | None = None
    tests: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        first: dict[str, int] = {}
        for number, case in enumerate(self.tests):
            if case.name in first:
                raise Fault(
                    f'two tests have the name "{case.name}"', path=("tests", number, "name")
                )
            first[case.name] = number
        return self

    def whole(self, case: Case) -> Case:
        """The case with what the file says for all of them."""
        shared = {"deal": self.deal, "past": self.past, "start": self.start}
        mine = {name: getattr(case, name) or value for name, value in shared.items()}
        return case.model_copy(update={**mine, "lead": {**self.lead, **case.lead}})
