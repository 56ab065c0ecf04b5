"""The sales process as it is written in process.yaml: seven stages and the meaning of answers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, PrivateAttr, model_validator

from crm.kinds import EVENTS, SHOWN
from process import order, phrases
from process.closing.definition import Handoff, Stalled
from process.exits import EXIT_EVENTS, ExitRule, Happened, Standing, WayOut
from process.marketing.definition import Crm
from process.names import STAGES, AnswerName, EventName, Fact, StageName, Text
from process.objections.definition import Objections
from process.prospecting.lists import ListDefinition
from process.prospecting.qualification import Qualification
from process.prospecting.scoring import Scoring
from process.prospecting.territories import Assignment
from process.renewal.definition import RenewalSettings
from sequences.task_step import TaskKind
from workspace.durations import Duration
from workspace.expressions import look_up
from workspace.names import Identifier, Slug
from workspace.problems import Fault, unknown
from workspace.validation import Definition

__all__ = [
    "OTHER",
    "STAGES",
    "AnswerName",
    "Counterpart",
    "LossReason",
    "Process",
    "Stage",
    "StageName",
    "Tactics",
]

#: An answer in which no phrase occurs.
OTHER = "other"
#: What `check` warns of in this file.
Lint = Literal["shared_value"]


def _named(written: object) -> object:
    """Pairs come from the database."""
    is_paired = isinstance(written, list) and all(map(_is_pair, written))
    return dict(written) if isinstance(written, list) and is_paired else written


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [str, list]


def _pairs(answers: Mapping[str, Sequence[str]]) -> list[list[object]]:
    """PostgreSQL keeps a mapping in an order of its own, and the first that fits is taken."""
    return [[name, list(meant)] for name, meant in answers.items()]


Phrases = Annotated[tuple[Text, ...], Field(min_length=1)]
Answers = Annotated[
    dict[AnswerName, Phrases], BeforeValidator(_named), PlainSerializer(_pairs, when_used="json")
]


class Tactics(Definition):
    """How a stage is worked: by sequences, by people, with material."""

    sequences: tuple[str, ...] = ()
    tasks: tuple[Text, ...] = ()
    assets: tuple[Text, ...] = ()


class Counterpart(Definition):
    """What a stage is called in one CRM: the first value is written, all are read."""

    lead_status: tuple[Text, ...] = ()
    deal_stage: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.lead_status and not self.deal_stage:
            raise Fault("needs at least one of lead_status, deal_stage")
        return self


class Stage(Definition):
    name: StageName
    objective: Text
    tactics: Tactics
    outcome: Text
    exit: Annotated[tuple[ExitRule, ...], Field(min_length=1)]
    #: Where people may move a lead from here; absent: anywhere.
    allowed: tuple[StageName, ...] | None = None
    #: Facts that must be known of whoever comes here, such as company.employees.
    requires: tuple[Fact, ...] = ()
    owner: Text
    service_level: Duration
    counterparts: Annotated[dict[str, Counterpart], Field(min_length=1)]

    def is_worked_by(self, rule: ExitRule, happened: Happened) -> bool:
        """Entering a sequence of the stage itself is the work there, and no way out of it."""
        return rule.on == "enrolled" and happened.sequence in self.tactics.sequences

    @model_validator(mode="after")
    def _is_left(self) -> Self:
        for number, rule in enumerate(self.exit):
            if rule.to == self.name:
                raise Fault(f"{self.name} cannot lead to itself", path=("exit", number, "to"))
        return self

    @model_validator(mode="after")
    def _allows_what_it_does(self) -> Self:
        """A person may do what the rules do."""
        if self.allowed is None:
            return self
        for number, rule in enumerate(self.exit):
            if rule.to not in self.allowed:
                valid = ", ".join(self.allowed) or "none"
                message = f'"{rule.to}" is not allowed from {self.name}; valid: {valid}'
                raise Fault(message, choices=self.allowed, path=("exit", number, "to"))
        return self


class LossReason(Definition):
    """A deal that is lost must say why, in a field that the team mapped."""

    field: Fact
    choices: Annotated[tuple[Text, ...], Field(min_length=1)]
    #: Connection -> its stage of lost deals, which `cadenza lose` writes.
    deal_stage: dict[str, Text] = {}

    @model_validator(mode="after")
    def _is_of_a_deal(self) -> Self:
        if not self.field.startswith("deal.extra."):
            message = f'"{self.field}" is no mapped field of a deal; such as deal.extra.loss_reason'
            raise Fault(message, path=("field",))
        return self


class Process(Definition):
    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    #: Name -> the phrases that mean it; the first name with a phrase in the answer is taken.
    answers: Answers
    #: The team's own kinds of activity, which `cadenza event` writes and rules read.
    events: tuple[EventName, ...] = ()
    #: Kind of task -> how one may turn out; absent: as sequences.dispositions ships them.
    dispositions: dict[TaskKind, Annotated[tuple[Identifier, ...], Field(min_length=1)]] = {}
    #: When won deals end unless they are renewed; None: nobody says.
    renewal: RenewalSettings | None = None
    stages: tuple[Stage, ...]
    scoring: Scoring | None = None
    assignment: Assignment | None = None
    qualification: Qualification | None = None
    #: Connection -> what a qualification is called there.
    marketing: dict[str, Crm] = {}
    loss_reason: LossReason | None = None
    #: What people object, what a rep says to it, and the play that it opens.
    objections: Objections | None = None
    stalled: Stalled | None = None
    handoff: Handoff | None = None
    #: Warnings that the team has weighed; they are no part of what is applied.
    ignore: Annotated[tuple[Lint, ...], Field(exclude=True)] = ()
    #: Who may enter a sequence, by a condition or the CRMs' lists; others stand in lists/*.csv.
    lists: dict[Slug, ListDefinition] = {}

    @model_validator(mode="after")
    def _events_are_new(self) -> Self:
        for number, name in enumerate(self.events):
            if name in EVENTS or name in self.events[:number]:
                raise Fault(f'"{name}" is an event already', path=("events", number))
            if name in SHOWN:
                message = f'"{name}" is what machines do too, and no event for rules'
                raise Fault(message, path=("events", number))
        return self

    @model_validator(mode="after")
    def _marketing_has_a_counterpart(self) -> Self:
        if self.marketing and self.qualification is None:
            raise Fault("needs qualification: who says yes or no, and why not", path=("marketing",))
        return self

    @model_validator(mode="after")
    def _other_is_ours(self) -> Self:
        if OTHER in self.answers:
            raise Fault('"other" is what an answer without any phrase is', path=("answers", OTHER))
        return self

    @model_validator(mode="after")
    def _has_the_seven(self) -> Self:
        fault = order.fault([stage.name for stage in self.stages])
        if fault is not None:
            raise fault
        return self

    @model_validator(mode="after")
    def _knows_its_events(self) -> Self:
        known = sorted({*EXIT_EVENTS, *self.events})
        for place, stage in enumerate(self.stages):
            for number, rule in enumerate(stage.exit):
                if rule.on is not None and rule.on not in known:
                    path = ("stages", place, "exit", number, "on")
                    raise Fault(unknown("event", rule.on, known), choices=known, path=path)
        return self

    @model_validator(mode="after")
    def _knows_its_answers(self) -> Self:
        known = (*self.answers, OTHER)
        for place, stage in enumerate(self.stages):
            for number, rule in enumerate(stage.exit):
                for item, answer in enumerate(rule.answer):
                    if answer not in known:
                        path = ("stages", place, "exit", number, "answer", item)
                        raise Fault(unknown("answer", answer, known), choices=known, path=path)
        return self

    def meaning(self, text: str) -> str:
        """The first of the answers with a phrase in the text, else "other"."""
        said = phrases.folded(text)
        for name, meant in self.answers.items():
            if any(phrases.stands_in(phrases.folded(phrase), said) for phrase in meant):
                return name
        return OTHER

    def way_out(self, standing: Standing, happened: Happened) -> WayOut | None:
        """The first exit of a lead's stage that fits what happened, if there is one."""
        for stage, number, rule in self.exits_at(standing.stage, happened.kind):
            if not stage.is_worked_by(rule, happened) and rule.fits(standing, happened):
                return self._way(stage, number, rule, happened)
        return None

    def exits_at(self, stage: str, kind: str) -> Sequence[tuple[Stage, int, ExitRule]]:
        """The exits of a stage that an activity of this kind may open, with their numbers."""
        return self._exits.get((stage, kind)) or self._exits.get((stage, ""), ())

    @cached_property
    def _exits(self) -> Mapping[tuple[str, str], Sequence[tuple[Stage, int, ExitRule]]]:
        """By stage and kind; blank: by a kind for which none of the stage's exits waits."""
        return {
            (stage.name, kind): [
                (stage, number, rule)
                for number, rule in enumerate(stage.exit)
                if rule.on is None or kind in rule.kinds
            ]
            for stage in self.stages
            for kind in {"", *chain.from_iterable(rule.kinds for rule in stage.exit)}
        }

    def _way(self, stage: Stage, number: int, rule: ExitRule, happened: Happened) -> WayOut:
        because = {
            "rule": f"exit of {stage.name} {rule}",
            "at": self.places.get(f"{stage.name}.exit.{number}"),
            "event": happened.kind,
            "answer": happened.answer,
        }
        told = {name: value for name, value in because.items() if value}
        return WayOut(to=rule.to, because=told, is_by_time=rule.on is None and bool(rule.after))

    def stage(self, name: str) -> Stage | None:
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Stage]:
        return {stage.name: stage for stage in self.stages}

    @cached_property
    def requires_facts(self) -> bool:
        return any(stage.requires for stage in self.stages)

    def missing(self, stage: str, facts: Callable[[], Mapping[str, object]]) -> Sequence[str]:
        """What the stage requires and is not known."""
        found = self.stage(stage)
        if found is None or not found.requires:
            return ()
        known = facts()
        return [fact for fact in found.requires if look_up(fact.split("."), known) in (None, "")]

    @cached_property
    def times(self) -> Sequence[tuple[StageName, timedelta]]:
        """The exits that a lead takes by its time in a stage: the stage, and how long."""
        rules = ((stage.name, rule) for stage in self.stages for rule in stage.exit)
        return [(name, rule.after.elapsed) for name, rule in rules if rule.after and not rule.on]

    @cached_property
    def unprompted(self) -> frozenset[StageName]:
        """The stages with exits that wait for no event."""
        return frozenset(
            stage.name for stage in self.stages if any(rule.on is None for rule in stage.exit)
        )

    def placed(self, places: Mapping[str, str]) -> Self:
        """The same, knowing where its exits are written: `Approach.exit.0` -> file:line."""
        self._places.update(places)
        return self

    @cached_property
    def places(self) -> Mapping[str, str]:
        return self._places
