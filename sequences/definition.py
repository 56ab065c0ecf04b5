"""A sequence as it is written in sequences/*.yaml."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from jinja2 import TemplateError
from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from crm.fields import FIELDS
from mail.window import Window as SendWindow
from sequences import whereabouts
from sequences.email_step import EmailStep, Invite
from sequences.moments import Until
from sequences.steps import (
    AnyStep,
    BranchStep,
    EnrollStep,
    GoalStep,
    Step,
    StopStep,
    UpdateStep,
    WaitStep,
    everywhere,
    invites_at_once,
    templates,
)
from sequences.task_step import Starts, TaskStep
from sequences.texts import Expression
from sequences.whereabouts import Facts
from workspace.calendars import Holidays
from workspace.durations import LONGEST, Duration, FixedDuration
from workspace.expressions import Evaluation, compiled, reads
from workspace.names import Identifier, Slug, TimeOfDay
from workspace.problems import Fault, Path
from workspace.templating import paths_read
from workspace.validation import Definition
from workspace.zones import ZoneName

__all__ = [
    "BranchStep",
    "EmailStep",
    "Enroll",
    "EnrollStep",
    "GoalStep",
    "OnReply",
    "Sequence",
    "Step",
    "StopStep",
    "TaskStep",
    "UpdateStep",
    "WaitStep",
    "Window",
]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Lint = Literal[
    "blank_fact",
    "cycle",
    "early_branch",
    "large",
    "service_level",
    "spam",
    "unreachable",
    "unused_subject",
]
Count = Annotated[int, Field(strict=True, gt=0)]
#: A dotted fact, such as company.name.
Fact = Annotated[str, Field(min_length=1, max_length=200)]


def _never(written: object) -> object:
    if written is None or written == "never":
        return None
    if not isinstance(written, str) or not any(char.isdigit() for char in written):
        raise Fault(
            f'"{written}" is neither never nor a duration such as "90 days"', choices=("never",)
        )
    return written


Again = Annotated[
    FixedDuration | None,
    BeforeValidator(_never, json_schema_input_type=Literal["never"] | FixedDuration),
]


class Enroll(Definition):
    """The rule by which leads enter: `when` it is true, and at one of the events of `on`, if any."""

    when: Expression
    on: tuple[Identifier, ...] = ()  #: kinds of activity; only at such a moment
    list: Slug | None = None  #: only who is in lists/<list>.csv, or on the CRMs' lists behind it
    per_day: Count | None = None
    active_per_rep: Count | None = None  #: at most so many open at once of one rep
    #: Whether somebody else of the company may be in a sequence at the same time.
    exclusive: Literal["lead", "company"] = "lead"
    #: So long after the last one ended; None, written `never`: not again.
    again: Again = None
    quiet_for: FixedDuration | None = None  #: nobody wrote to or met the lead for so long
    requires: tuple[Fact, ...] = ()  #: facts that must not be blank
    #: Whether `apply` also enrolls the leads of whom the rule is already true.
    existing: bool = True
    #: Whether people of a company that bought from us enter though it sells; at an event of `on`
    #: they do in any case: what a customer asks for is a new matter.
    customers: bool = True

    @property
    def is_of_a_moment(self) -> bool:
        """Whether it lets in at an event or a move alone: one that falls into a rest is over with it."""
        return bool(self.on) or not self.existing


class Window(Definition):
    """When emails may leave, in the time zone of the lead, else of its company.

    Where neither is known in `timezone`, else in the workspace's.
    """

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    opens: TimeOfDay = Field("09:00", alias="from")
    closes: TimeOfDay = Field("17:00", alias="to")
    timezone: ZoneName | None = None
    #: On whose public holidays it is closed; None: as cadenza.yaml says.
    holidays: Holidays | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise Fault(f'"{self.closes}" is not later than from, "{self.opens}"', path=("to",))
        return self


class OnReply(Starts):
    """What an answer of one kind starts; the enrollment itself has ended by then."""


#: From here on nobody has to be won over: what runs there goes on when the company buys.
_FROM_THE_SALE_ON = frozenset({"Closing", "Follow-up"})


class Sequence(Definition):
    """Steps in order, the rule that enrolls into it and the criteria that end it early."""

    name: Slug
    description: str = ""
    stage: str  #: the stage of the process whose tactic it is
    enroll: Enroll | None = None  #: none: people are enrolled by hand
    window: Window = Window()
    #: What a changed file means for those who are in it: they finish the version that they began
    #: with, move to the new one at their next step, or restart with the steps not yet taken.
    when_changed: Literal["finish", "move", "restart"] = "finish"
    exit: tuple[Expression, ...] = ()
    #: Warnings that the team has weighed.
    ignore: tuple[Lint, ...] = ()
    on_reply: dict[Identifier, OnReply] = {}
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]

    #: Path of a part -> file:line, for those who ask why.
    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        counted = Counter(step.id for _, step in everywhere(self.steps))
        for path, step in reversed(list(everywhere(self.steps))):
            if counted[step.id] > 1:
                raise Fault(f'two steps have the id "{step.id}"', path=(*path, "id"))
        return self

    @model_validator(mode="after")
    def _comes_to_an_end(self) -> Self:
        together = timedelta(0)
        for path, step in everywhere(self.steps):
            for name in ("wait", "within", "skip_after"):
                waited = getattr(step, name, None)
                together += waited.longest if isinstance(waited, Duration) else timedelta(0)
                if together > LONGEST:
                    raise Fault("makes more than ten years of waiting together", path=(*path, name))
        return self

    @cached_property
    def send_window(self) -> SendWindow:
        """As it is when nobody's holidays are known."""
        return SendWindow.of(self.window.model_dump(exclude={"holidays"}, by_alias=True))

    def window_for(self, facts: Facts) -> SendWindow:
        """The send window of the lead whose facts these are."""
        countries = whereabouts.countries_of(facts, self.window.holidays or ())
        if countries not in self.send_windows:
            self.send_windows[countries] = replace(self.send_window, holidays=countries)
        return self.send_windows[countries]

    @cached_property
    def send_windows(self) -> dict[tuple[str, ...], SendWindow]:
        """Those that were asked for, by the countries whose holidays close them."""
        return {}

    @cached_property
    def written_window(self) -> dict[str, object]:
        """As it is written: days, from, to, timezone."""
        return self.window.model_dump(mode="json", by_alias=True)

    @property
    def on(self) -> tuple[str, ...]:
        """The events at which alone it lets in; none: it lets in at any time."""
        return self.enroll.on if self.enroll is not None else ()

    @cached_property
    def has_branches(self) -> bool:
        return any(isinstance(step, BranchStep) for step in self.steps)

    @cached_property
    def exits(self) -> tuple[Evaluation, ...]:
        """Its exit criteria, to be asked about many."""
        return tuple(map(compiled, self.exit))

    @cached_property
    def goals(self) -> tuple[GoalStep, ...]:
        return tuple(step for _, step in everywhere(self.steps) if isinstance(step, GoalStep))

    @cached_property
    def invites_at_once(self) -> tuple[Invite, ...]:
        """The invitations whose facts have to be known at its start."""
        return tuple(invites_at_once(self.steps))

    @cached_property
    def tasks(self) -> Mapping[str, TaskStep]:
        """Its task steps by their ids."""
        steps = (step for _, step in everywhere(self.steps))
        return {step.id: step for step in steps if isinstance(step, TaskStep)}

    @cached_property
    def events(self) -> frozenset[str]:
        """The events that its exits, goals and branches ask for."""
        chains = (chain for rule in self.rules().values() for chain in reads(rule))
        return frozenset(chain[1] for chain in chains if chain[0] == "event")

    @cached_property
    def facts_read(self) -> frozenset[tuple[str, str]]:
        """The facts that a step can ask for, as ("lead", "stage").

        Its rules and the titles of its tasks read them, and its window where the holidays are the
        lead's own. Emails are made from a lead's facts later, when they leave.
        """
        asked = (*self.rules().values(), *self.moments().values())
        rules = (chain for rule in asked for chain in reads(rule))
        tasks = (step for _, step in everywhere(self.steps) if isinstance(step, TaskStep))
        titles = (chain for task in tasks for chain in _read_by_title(task.title))
        found = {fact for chain in (*rules, *titles) for fact in _facts_of(chain)}
        return frozenset({*found, *whereabouts.facts_read(self.window.holidays or ())})

    def rules(self) -> dict[Path, str]:
        """Every expression that is asked of somebody who is in it, by its path in the file."""
        found: dict[Path, str] = {("exit", at): rule for at, rule in enumerate(self.exit)}
        for path, step in everywhere(self.steps):
            if isinstance(step, GoalStep):
                found[*path, "goal"] = step.goal
            elif isinstance(step, BranchStep):
                for number, way in enumerate(step.branch):
                    if way.when is not None:
                        found[*path, "branch", number, "when"] = way.when
        return found

    def moments(self) -> dict[Path, str]:
        """The facts that it waits for as moments, or sends before, by their paths in the file."""
        found: dict[Path, str] = {}
        for path, step in everywhere(self.steps):
            if isinstance(step, WaitStep) and isinstance(step.wait, Until):
                found[*path, "wait", "until"] = step.wait.until
            elif isinstance(step, EmailStep) and step.before is not None:
                found[*path, "before"] = step.before
        return found

    def templates(self) -> tuple[str, ...]:
        """The templates that its emails are made from, each once."""
        return self._templates

    @cached_property
    def _templates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(templates(self.steps)))

    def with_holidays(self, holidays: Holidays) -> Self:
        """The same, with these where its window names none itself."""
        if self.window.holidays is not None:
            return self
        window = self.window.model_copy(update={"holidays": holidays})
        return self.model_copy(update={"window": window})

    def placed(self, places: Mapping[str, str]) -> Self:
        """The same, knowing where its parts are written: step id, `exit.0`, `enroll`, ..."""
        self._places.update(places)
        return self

    @cached_property
    def places(self) -> Mapping[str, str]:
        return self._places

    @property
    def is_prospecting(self) -> bool:
        """Whether a deal that its company wins with us ends it."""
        return self.stage not in _FROM_THE_SALE_ON

    @property
    def is_for_customers(self) -> bool:
        """Whether somebody whose company bought from us may enter."""
        rule = self.enroll
        return not self.is_prospecting or rule is None or rule.customers or bool(rule.on)

    def place(self, part: str) -> str:
        """file:line of a part; blank when it is not known."""
        return self.places.get(part, "")


def _read_by_title(title: str) -> Iterator[tuple[str, ...]]:
    """Nothing where it is no template: it is not rendered, either."""
    with suppress(TemplateError):
        yield from (tuple(path.split(".")) for path in paths_read(title))


def _facts_of(chain: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A chain of one name reads all of it."""
    name, *fields = chain
    yield from ((name, field) for field in fields[:1] or FIELDS.get(name, frozenset()))
