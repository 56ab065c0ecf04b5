"""The step that asks a person to do something, and what its dispositions start."""

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from sequences.texts import Text
from workspace.durations import Duration
from workspace.names import Identifier, Slug
from workspace.problems import Fault
from workspace.validation import Definition

TaskKind = Literal["call", "research", "social", "email", "meeting"]
#: What to say, a template.
Script = Annotated[str, StringConstraints(min_length=1, max_length=5000)]


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
