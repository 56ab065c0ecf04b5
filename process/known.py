"""What a workspace holds that its definitions may name, and what their expressions may read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from crm import policy
from crm.kinds import COMPANY_ANSWERED
from process.definition import STAGES
from process.emails import Template
from sequences import dispositions
from sequences.definition import Sequence as Definition
from sequences.dispositions import Declared
from workspace.reading import Schema


@dataclass(frozen=True, kw_only=True)
class Known:
    """What there is in the workspace; None where its file was refused, and nothing is checked."""

    #: Of a lead's facts, those that the team mapped among them.
    schema: Schema
    answers: Sequence[str] | None
    events: frozenset[str] | None
    #: Facts that the team mapped as moments.
    moments: frozenset[str] | None = None
    templates: Mapping[str, Template]
    sequences: frozenset[str] | None
    lists: frozenset[str] | None
    dispositions: Declared | None

    def schema_inside(self, sequence: Definition) -> Schema:
        """What the expressions of people in a sequence may read besides."""
        events = None if self.events is None else self.events | {COMPANY_ANSWERED}
        task = frozenset({*sequence.tasks, "disposition"})
        return {**self.schema, "event": events, "task": task}

    @property
    def values(self) -> Mapping[str, Collection[str]]:
        stages: dict[str, Collection[str]] = {"lead.stage": STAGES}
        return stages if self.answers is None else {**stages, "answer.disposition": self.answers}

    def values_inside(self, sequence: Definition) -> Mapping[str, Collection[str]]:
        if self.dispositions is None:
            return self.values
        of_tasks = {
            f"task.{id_}": dispositions.names(step.task, self.dispositions, step)
            for id_, step in sequence.tasks.items()
        }
        last = sorted({name for names in of_tasks.values() for name in names})
        return {**self.values, **of_tasks, "task.disposition": last}

    @property
    def fields(self) -> list[str]:
        """What an update may set."""
        shared = policy.SHARED["lead"] | policy.OF_SOURCE["lead"]
        plain = {f"lead.{name}" for name in shared - {"do_not_contact"}}
        own = {f"lead.extra.{name}" for name in self.schema.get("lead.extra") or ()}
        return sorted({"stage", *plain, *own})
