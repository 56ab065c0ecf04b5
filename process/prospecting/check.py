"""What the sections of prospecting read, held against the facts that there are."""

from collections.abc import Iterator

from crm.kinds import EVENTS
from process.definition import OTHER, STAGES, Process
from workspace import expressions
from workspace.problems import Path, Problem
from workspace.reading import Schema
from workspace.source import Document

_SCORES = frozenset({"score", "fit", "engagement"})


def check(
    process: Process,
    document: Document,
    schema: Schema,
) -> Iterator[Problem]:
    checked = _Checked(process, document)
    events = frozenset({*EVENTS, *process.events})
    plain = {**schema, "lead": (schema["lead"] or frozenset()) - _SCORES, "event": events}
    for number, rule in enumerate(process.scoring.rules if process.scoring else ()):
        path: Path = ("scoring", "rules", number, "when")
        yield from checked.expression(path, rule.when, plain)
    for number, territory in enumerate(
        process.assignment.territories if process.assignment else ()
    ):
        if territory.when is not None:
            path = ("assignment", "territories", number, "when")
            yield from checked.expression(path, territory.when, schema)


class _Checked:
    def __init__(self, process: Process, document: Document) -> None:
        self._document = document
        self._values = {"lead.stage": STAGES, "answer.disposition": (*process.answers, OTHER)}

    def expression(self, path: Path, text: str, schema: Schema) -> Iterator[Problem]:
        for fault in expressions.check(text, schema, self._values):
            yield self._document.problem(
                path,
                f"{'.'.join(map(str, path))}: {fault}",
                value=text,
                choices=fault.choices,
                offset=fault.offset,
            )
