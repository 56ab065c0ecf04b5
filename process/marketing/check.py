"""What `marketing` of process.yaml names, held against the connections and their mapped fields."""

from collections.abc import Iterator, Mapping

from connectors import registry
from crm.definition import ConnectionSettings
from process.definition import Process
from process.marketing.definition import Called, Crm
from workspace.problems import Path, Problem, unknown
from workspace.source import Document


def check(
    process: Process, document: Document, connections: Mapping[str, ConnectionSettings]
) -> Iterator[Problem]:
    for name, crm in process.marketing.items():
        path: Path = ("marketing", name)
        if name in connections:
            yield from _crm(path, crm, document, connections[name])
        else:
            known = tuple(sorted(connections))
            message = f"{_dotted(path)}: {unknown('connection', name, known)}"
            yield document.problem(path, message, value=name, choices=known, at_key=True)


def _crm(
    path: Path, crm: Crm, document: Document, connection: ConnectionSettings
) -> Iterator[Problem]:
    mapped = connection.fields.model_dump()
    takes = registry.writable_of_people(connection.kind, mapped)
    for level, called in crm.called():
        for name, field in Called.FIELDS.items():
            if field in called.words() and field not in takes:
                at = (*path, level, name)
                message = (
                    f"{_dotted(at)}: {path[-1]} has no {name}; "
                    f"map a field of its own in connections.{path[-1]}.fields.lead.{field}"
                )
                yield document.problem(at, message, at_key=True)
    if crm.rejected is not None and crm.rejected.reason_field is not None:
        yield from _reason(path, crm.rejected.reason_field, document, connection)


def _reason(
    path: Path, field: str, document: Document, connection: ConnectionSettings
) -> Iterator[Problem]:
    custom = tuple(connection.custom("lead"))
    if field not in custom:
        at = (*path, "rejected", "reason_field")
        message = f"{_dotted(at)}: {unknown('custom field of a lead', field, custom)}"
        yield document.problem(at, message, value=field, choices=custom)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
