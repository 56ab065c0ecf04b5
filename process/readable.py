"""What the expressions at a place of the workspace may read, and what is known of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from workspace import expressions, reading
from workspace.comparisons import Types
from workspace.problems import Fault
from workspace.reading import Schema


@dataclass(frozen=True, kw_only=True)
class Readable:
    #: Of a lead's facts, those that the team mapped among them.
    schema: Schema
    #: Fact -> the only texts that it can be.
    values: Mapping[str, Collection[str]]
    #: What the facts are, where that is known.
    types: Types = field(default_factory=dict)
    #: Fact that is always blank -> why.
    undeclared: Mapping[str, str] = field(default_factory=dict)

    def faults(self, expression: str) -> list[Fault]:
        """What is wrong with an expression there."""
        found = expressions.check(expression, self.schema, self.values, self.types)
        return [*found, *self._blank(expression)]

    def _blank(self, expression: str) -> Iterator[Fault]:
        try:
            root = expressions.parse(expression)
        except Fault:  # which is among those found
            return
        for fact in reading.facts(root):
            name = ".".join(reading.dotted(fact) or ())
            if name in self.undeclared:
                offset = reading.offset_of(fact, root, expression)
                yield Fault(f"{name} {self.undeclared[name]}", offset=offset)
