"""How the people of a simulation behave, as percentages: guessed, given in a file, or from history."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from process.definition import AnswerName
from workspace.durations import Duration, FixedDuration
from workspace.problems import Fault, Invalid, unknown
from workspace.source import read_yaml
from workspace.validation import Definition, validate

#: Of a hundred.
Percent = Annotated[float, Field(ge=0, le=100)]


class Deals(Definition):
    """What becomes of somebody who came to Presentation."""

    meeting_after: FixedDuration = Duration(amount=3, unit="day")
    held: Percent = 85  #: of the meetings
    closing_after: FixedDuration = Duration(amount=5, unit="day")  #: the meeting
    closing: Percent = 55  #: come to Closing, of those who were met
    closed_after: FixedDuration = Duration(amount=10, unit="day")  #: coming there
    won: Percent = 45  #: of those; the others are lost


class Rates(Definition):
    """A cautious guess where nothing is given: a team's own figures are better."""

    #: Disposition -> how many people who are written to answer so.
    answers: dict[AnswerName, Percent] = {
        "interested": 4, "price": 1.5, "timing": 2, "has_solution": 1.5, "wrong_person": 1,
        "declined": 2, "other": 1,
    }  # fmt: skip
    unsubscribes: Percent = 1
    bounces: Percent = 2
    out_of_office: Percent = 6
    #: Which email of a sequence is answered: the first, the second, ...
    answers_to: Annotated[tuple[Percent, ...], Field(min_length=1)] = (45, 30, 25)
    answers_within: FixedDuration = Duration(amount=3, unit="day")
    #: Who had an objection and is interested after the emails that meet it.
    won_over: Percent = 20
    clicks: Percent = 6  #: of the emails
    forms: Percent = 2  #: who write to us by themselves within a year
    tasks_done: Percent = 80  #: the others are never ticked off
    deals: Deals = Deals()

    @model_validator(mode="after")
    def _nobody_is_two(self) -> Self:
        total = sum(self.answers.values()) + self.unsubscribes + self.bounces
        if total > 100:  # noqa: PLR2004 - percent
            message = f"with unsubscribes and bounces they make {total:g} percent; at most 100"
            raise Fault(message, path=("answers",))
        if sum(self.answers_to) != 100:  # noqa: PLR2004 - percent
            message = f"make {sum(self.answers_to):g} percent; they must make 100"
            raise Fault(message, path=("answers_to",))
        return self


def read(path: Path, *, answers: Collection[str]) -> Rates:
    """Rates from a YAML file; raises Invalid with every problem at its place.

    `answers` are those of the process.
    """
    document = read_yaml(path, path.name)
    found = validate(Rates, document)
    if isinstance(found, list):
        raise Invalid(found)
    wrong = [
        document.problem(
            ("answers", name),
            unknown("answer", name, answers),
            value=name,
            choices=tuple(answers),
            at_key=True,
        )
        for name in found.answers
        if name not in answers
    ]
    if wrong and "answers" in found.model_fields_set:
        raise Invalid(wrong)
    return found
