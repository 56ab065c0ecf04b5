"""The sales process as it is written in process.yaml: seven stages and the meaning of answers."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from crm.kinds import EVENTS, SHOWN
from workspace.durations import Duration
from workspace.names import Identifier
from workspace.problems import Fault, unknown
from workspace.validation import Definition

StageName = Literal[
    "Prospecting",
    "Preparation",
    "Approach",
    "Presentation",
    "Handling Objections",
    "Closing",
    "Follow-up",
]
STAGES: tuple[StageName, ...] = get_args(StageName)
Event = Literal["enrolled", "email_sent", "answered", "task_done", "deal_moved"]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
#: As expressions read it: answer.disposition == "price".
AnswerName = Identifier
#: As expressions read it: event.webinar_attended.
EventName = Annotated[Identifier, StringConstraints(max_length=30)]
#: An answer in which no phrase occurs.
OTHER = "other"


class ExitRule(Definition):
    """What moves a lead on from a stage."""

    on: Event
    answer: tuple[AnswerName, ...] = ()  #: only these answers; empty: every one
    to: StageName

    @model_validator(mode="after")
    def _only_answers_have_answers(self) -> Self:
        if self.answer and self.on != "answered":
            raise Fault('belongs to "on: answered" only', path=("answer",))
        return self


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
    owner: Text
    service_level: Duration
    counterparts: Annotated[dict[str, Counterpart], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_left(self) -> Self:
        for number, rule in enumerate(self.exit):
            if rule.to == self.name:
                raise Fault(f"{self.name} cannot lead to itself", path=("exit", number, "to"))
        return self


class Process(Definition):
    #: Name -> the phrases that mean it; the first name with a phrase in the answer is taken.
    answers: dict[AnswerName, Annotated[tuple[Text, ...], Field(min_length=1)]]
    #: The team's own kinds of activity, which `cadenza event` writes and rules read.
    events: tuple[EventName, ...] = ()
    stages: tuple[Stage, ...]

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
    def _other_is_ours(self) -> Self:
        if OTHER in self.answers:
            raise Fault('"other" is what an answer without any phrase is', path=("answers", OTHER))
        return self

    @model_validator(mode="after")
    def _has_the_seven(self) -> Self:
        names = tuple(stage.name for stage in self.stages)
        if names != STAGES:
            missing = ", ".join(name for name in STAGES if name not in names)
            raise Fault(
                f"must be these seven, in this order: {', '.join(STAGES)}"
                + (f"; missing: {missing}" if missing else ""),
                choices=STAGES,
                path=("stages",),
            )
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
        folded = " ".join(text.casefold().replace("\u2019", "'").split())
        for name, phrases in self.answers.items():
            if any(phrase.casefold() in folded for phrase in phrases):
                return name
        return OTHER

    def way_out(self, stage: str, event: str, answer: str = "") -> ExitRule | None:
        """The exit of a stage that waits for this event, if there is one."""
        rules = next((each.exit for each in self.stages if each.name == stage), ())
        for rule in rules:
            if rule.on == event and (not rule.answer or answer in rule.answer):
                return rule
        return None
