"""What the sections of prospecting read, held against the facts that there are."""

from collections.abc import Iterator, Mapping

from crm.definition import ConnectionSettings
from crm.kinds import EVENTS
from process.definition import OTHER, STAGES, Process
from process.prospecting.qualification import Qualification
from workspace import expressions
from workspace.problems import Path, Problem, unknown
from workspace.reading import Schema
from workspace.source import Document

_SCORES = frozenset({"score", "fit", "engagement"})


def check(
    process: Process,
    document: Document,
    schema: Schema,
    connections: Mapping[str, ConnectionSettings] | None,
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
    if process.qualification is not None and connections is not None:
        yield from _crms(process.qualification, document, connections)


def _crms(
    qualification: Qualification, document: Document, connections: Mapping[str, ConnectionSettings]
) -> Iterator[Problem]:
    for name, crm in qualification.crm.items():
        path: Path = ("qualification", "crm", name)
        if name not in connections:
            known = tuple(sorted(connections))
            message = unknown("connection", name, known)
            yield document.problem(path, message, value=name, choices=known, at_key=True)
            continue
        field, custom = crm.rejected.reason_field, tuple(connections[name].custom("lead"))
        if field is not None and field not in custom:
            message = unknown("custom field of a lead", field, custom)
            at = (*path, "rejected", "reason_field")
            yield document.problem(at, message, value=field, choices=custom)


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
