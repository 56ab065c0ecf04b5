"""The `stalled` and `handoff` of process.yaml: deals that stand still, and deals that are won. Pure."""

from typing import Annotated

from pydantic import Field

from process.names import StageName
from sequences.task_step import Script, TaskKind
from sequences.texts import Text
from workspace.durations import Duration, FixedDuration
from workspace.validation import Definition


class Stalled(Definition):
    after: FixedDuration  #: so long nothing happened, and the deal did not move
    stages: Annotated[tuple[StageName, ...], Field(min_length=1)]


class Handoff(Definition):
    """The task that a won deal gives to the lead's owner."""

    task: TaskKind = "research"
    title: Text  #: a template
    say: Script | None = None  #: a template
    due: Duration
