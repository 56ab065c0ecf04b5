"""The `objections` of process.yaml: what a rep says to each, and the play that it opens. Pure."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from process.names import AnswerName, Text
from sequences.task_step import Script, TaskKind
from sequences.texts import Text as Title
from workspace.durations import Duration
from workspace.names import Identifier, Slug
from workspace.problems import Fault
from workspace.validation import Definition


class Play(Definition):
    """What answers an objection: a sequence, or a task for the lead's owner."""

    enroll: Slug | None = None
    task: TaskKind | None = None
    title: Title | None = None  #: of the task, a template
    due: Duration = Duration(amount=1, unit="business day")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.enroll is None) is (self.task is None):
            choices = ("enroll", "task")
            raise Fault('is a sequence, or a "task" with its "title"', choices=choices)
        if (self.task is None) is not (self.title is None):
            missing, there = ("title", "task") if self.task else ("task", "title")
            raise Fault(f'"{there}" needs "{missing}" beside it', path=(there,))
        return self


def _play(written: object) -> object:
    """`play: objection-price` is short for `play: {enroll: objection-price}`."""
    return {"enroll": written} if isinstance(written, str) else written


class Objection(Definition):
    answer: AnswerName  #: what an answer that raises it means
    response: Script  #: what the rep may say to it, a template
    asset: Text | None = None  #: what to show or to send along
    play: Annotated[Play, BeforeValidator(_play)]
    next_step: Text


#: By its kind, which people read and reports count.
Objections = Annotated[dict[Identifier, Objection], Field(min_length=1)]


def of_answer(objections: Mapping[str, Objection] | None, answer: str) -> str | None:
    """The kind of objection that such an answer raises, if any."""
    named = (kind for kind, one in (objections or {}).items() if one.answer == answer)
    return next(named, None)
