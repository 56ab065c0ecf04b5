"""What a workspace holds that its definitions may name, and what their expressions may read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm import policy
from crm.kinds import COMPANY_ANSWERED
from process.definition import STAGES
from process.emails import Template
from process.readable import Readable
from sequences import dispositions
from sequences.definition import Sequence as Definition
from sequences.dispositions import Declared
from workspace.comparisons import Types
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
    #: What the facts are, where that is known.
    types: Types = field(default_factory=dict)
    #: Fact, or an event as event.qualified, that there never is -> why.
    undeclared: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, Template]
    sequences: frozenset[str] | None
    lists: frozenset[str] | None
    dispositions: Declared | None
    #: Kind of task -> every disposition that one may have.
    outcomes: Mapping[str, Collection[str]] | None = None

    @property
    def facts(self) -> Readable:
        """What an expression may read wherever it stands."""
        values: dict[str, Collection[str]] = {"lead.stage": STAGES}
        if self.answers is not None:
            values["answer.disposition"] = self.answers
        return Readable(
            schema=self.schema, values=values, types=self.types, undeclared=self.undeclared
        )

    def facts_inside(self, sequence: Definition) -> Readable:
        """What the expressions of people in a sequence may read besides."""
        facts = self.facts
        events = None if self.events is None else self.events | {COMPANY_ANSWERED}
        tasks = frozenset({*sequence.tasks, "disposition"})
        told: Types = {f"task.{id_}": "text" for id_ in tasks}
        return replace(
            facts,
            schema={**facts.schema, "event": events, "task": tasks},
            values={**facts.values, **self._outcomes(sequence)},
            types={**facts.types, **counts(events or ()), **told},
        )

    def _outcomes(self, sequence: Definition) -> Mapping[str, Collection[str]]:
        if self.dispositions is None:
            return {}
        of_tasks = {
            f"task.{id_}": dispositions.names(step.task, self.dispositions, step)
            for id_, step in sequence.tasks.items()
        }
        last = sorted({name for names in of_tasks.values() for name in names})
        return {**of_tasks, "task.disposition": last}

    @property
    def fields(self) -> list[str]:
        """What an update may set."""
        shared = policy.SHARED["lead"] | policy.OF_SOURCE["lead"]
        plain = {f"lead.{name}" for name in shared - {"do_not_contact"}}
        own = {f"lead.extra.{name}" for name in self.schema.get("lead.extra") or ()}
        return sorted({"stage", *plain, *own})

    def never(self, event: str) -> str:
        """Why it never happens; blank for one that may."""
        missing = self.undeclared.get(f"event.{event}")
        return f'"{event}" {missing}' if missing else ""


def counts(events: Collection[str]) -> Types:
    """Of an event rules read how often it happened."""
    return {f"event.{name}": "number" for name in events}
