"""What the team mapped in cadenza.yaml besides the standard fields, as expressions read it."""

from collections.abc import Iterator, Mapping

from connectors.base import WRITTEN, CustomType
from crm.definition import ConnectionSettings
from workspace.comparisons import Type, Types
from workspace.reading import Schema

Connections = Mapping[str, ConnectionSettings]
_READ_AS: Mapping[CustomType, Type] = {
    "text": "text",
    "number": "number",
    "bool": "bool",
    "date": "text",
    "datetime": "text",
    "multiselect": "list",
}


def with_mapped_fields(schema: Schema, connections: Connections | None) -> Schema:
    """`lead.extra` and the like have the fields that the team mapped and that are not standard."""
    if connections is None:
        return {**schema, **{f"{kind}.extra": None for kind in WRITTEN}}
    mapped: dict[str, set[str]] = {kind: set() for kind in WRITTEN}
    for connection in connections.values():
        for kind in WRITTEN:
            mapped[kind] |= connection.custom(kind).keys()
    return {**schema, **{f"{kind}.extra": frozenset(names) for kind, names in mapped.items()}}


def moments(connections: Connections) -> Iterator[str]:
    yield "meeting.start"
    yield from (fact for fact, type_ in _typed(connections) if type_ == "datetime")


def types(connections: Connections) -> Types:
    """Two connections never give one field two."""
    return {fact: _READ_AS[type_] for fact, type_ in _typed(connections)}


def _typed(connections: Connections) -> Iterator[tuple[str, CustomType]]:
    for connection in connections.values():
        for kind in WRITTEN:
            for name, type_ in connection.custom(kind).items():
                yield f"{kind}.extra.{name}", type_
