"""The names of the seven stages, and how names are written in process.yaml."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from workspace.names import Identifier

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
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
#: As expressions read it: answer.disposition == "price".
AnswerName = Identifier
#: As expressions read it: event.webinar_attended.
EventName = Annotated[Identifier, StringConstraints(max_length=30)]
#: Dotted, such as company.name.
Fact = Annotated[str, Field(min_length=1, max_length=200)]
