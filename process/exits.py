"""What leads out of a stage: rules over what happened, over facts and over time. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Self

from pydantic import model_validator

from crm.kinds import EVENTS
from process.names import AnswerName, EventName, StageName, Text
from workspace import expressions
from workspace.durations import FixedDuration
from workspace.names import Identifier
from workspace.problems import Fault
from workspace.validation import Definition

#: What an exit may wait for -> the kinds of Activity that count; a move is no cause of a move.
EXIT_EVENTS: Mapping[str, Collection[str]] = {
    **{name: kinds for name, kinds in EVENTS.items() if name != "stage_moved"},
    "enrolled": frozenset({"enrolled"}),
    "deal_won": frozenset({"deal_closed"}),
    "deal_lost": frozenset({"deal_closed"}),
    "no_show": EVENTS["meeting_missed"],
}
_ENDS = {"deal_won": True, "deal_lost": False}


# One of this and one of Standing are made for each activity: as tuples in a third of the time.
class Happened(NamedTuple):
    """An activity, as exits see it; without a kind: nothing but that time has passed."""

    kind: str = ""
    answer: str = ""
    task: str = ""
    disposition: str = ""
    sequence: str = ""  #: that the lead was enrolled in
    won: bool | None = None
    #: The stages that the new value of a deal stands for.
    stands_for: Collection[str] = ()


TIME_PASSED = Happened()


class Standing(NamedTuple):
    """Where a lead stands; what costs a query is asked for when a rule wants it."""

    stage: str
    since: datetime | None
    now: datetime
    facts: Callable[[], Mapping[str, object]]
    #: The stage out of which a person moved it into this one; blank when a rule did.
    put_here_from: Callable[[], str]


class ExitRule(Definition):
    """What moves a lead on from a stage: an event, a condition, a time, or all that it names."""

    on: EventName | None = None
    answer: tuple[AnswerName, ...] = ()  #: only these answers; empty: every one
    task: Text | None = None  #: only tasks of this kind
    disposition: tuple[Identifier, ...] = ()  #: only tasks that came out so
    when: Text | None = None
    after: FixedDuration | None = None  #: so long in the stage
    to: StageName

    @model_validator(mode="after")
    def _waits_for_something(self) -> Self:
        if self.on is None and self.when is None and self.after is None:
            raise Fault("needs at least one of on, when, after")
        return self

    @model_validator(mode="after")
    def _narrows_its_own_event(self) -> Self:
        if self.answer and self.on != "answered":
            raise Fault('belongs to "on: answered" only', path=("answer",))
        for name in ("task", "disposition"):
            if getattr(self, name) and self.on != "task_done":
                raise Fault('belongs to "on: task_done" only', path=(name,))
        return self

    @property
    def is_by_condition(self) -> bool:
        """Neither an event nor a time is waited for: it may be true on arrival."""
        return self.on is None and self.after is None

    def fits(self, standing: Standing, happened: Happened) -> bool:
        return (
            self._waits_for(happened)
            and self._has_come(standing)
            and (self.when is None or expressions.evaluate(self.when, standing.facts()))
            and not (self.is_by_condition and standing.put_here_from() == self.to)
        )

    @cached_property
    def kinds(self) -> Collection[str]:
        """The kinds of Activity that it waits for; none: for no event."""
        return EXIT_EVENTS.get(self.on, (self.on,)) if self.on is not None else ()

    def _waits_for(self, happened: Happened) -> bool:
        if self.on is None:
            return True
        return (
            happened.kind in self.kinds
            and (not self.answer or happened.answer in self.answer)
            and (not self.task or happened.task == self.task)
            and (not self.disposition or happened.disposition in self.disposition)
            and (self.on not in _ENDS or happened.won is _ENDS[self.on])
            and self._is_where_the_deal_went(happened)
        )

    def _is_where_the_deal_went(self, happened: Happened) -> bool:
        """The CRM's own word goes first: a rule has a say where its value stands for no stage."""
        if self.on != "deal_moved" or not happened.stands_for:
            return True
        return self.to in happened.stands_for

    def _has_come(self, standing: Standing) -> bool:
        if self.after is None:
            return True
        return standing.since is not None and standing.since + self.after.elapsed <= standing.now

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return " ".join(self._words())

    def _words(self) -> Iterator[str]:
        if self.on:
            yield f"on {self.on}"
        narrowed = [*self.answer, *([self.task] if self.task else ()), *self.disposition]
        if narrowed:
            yield f"({', '.join(narrowed)})"
        if self.when:
            yield f"when {self.when}"
        if self.after:
            yield f"after {self.after}"


@dataclass(frozen=True, kw_only=True)
class WayOut:
    """The exit that a lead takes, and why."""

    to: StageName
    because: Mapping[str, object]
    is_by_time: bool
