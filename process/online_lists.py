"""Whether the CRMs have the lists that process.yaml names, with the statuses that it names, and let us
write those that are to be.
"""

from collections.abc import Iterator, Sequence

from connectors.base import Connector
from connectors.errors import Refused
from connectors.lists import CrmList, Lists
from process.definition import Process
from process.prospecting.lists import Counterpart, Source, Target
from workspace.problems import Path, Problem, unknown
from workspace.source import Document


def missing_lists(
    connector: Connector, name: str, process: Process, document: Document
) -> Iterator[Problem]:
    """`name` is the connection's."""
    lists = connector.lists
    if lists is None:
        return
    for path, counterpart in _named(process, name):
        told, (called, id_) = ".".join(map(str, path)), counterpart.list
        at: Path = (*path, "id" if id_ else "name")
        try:
            found = lists.find(name=called, id_=id_)
        except Refused as error:
            wrong = _wrong(name, counterpart, lists.all(), str(error))
            yield document.problem(at, f"{told}: {wrong}", value=called or id_)
            continue
        if found.read_only and "to" in path:
            message = f"{told}: nobody is put on it: {found.read_only}"
            yield document.problem(at, message, value=called or id_)
        yield from _unknown_statuses(lists, found, path, counterpart, document)


def _unknown_statuses(
    lists: Lists, found: CrmList, path: Path, counterpart: Source | Target, document: Document
) -> Iterator[Problem]:
    named = list(_statuses(path, counterpart))
    offered = lists.statuses(found.external_id) if named else None
    for at, status in named:
        if offered is not None and status not in offered:
            wrong = unknown(f"member status of {found.name}", status, offered)
            message = f"{'.'.join(map(str, at))}: {wrong}"
            yield document.problem(at, message, value=status, choices=tuple(offered))


def _statuses(path: Path, counterpart: Source | Target) -> Iterator[tuple[Path, str]]:
    if isinstance(counterpart, Source):
        for number, status in enumerate(counterpart.status):
            yield (*path, "status", number), status
    elif counterpart.status is not None:
        yield (*path, "status"), counterpart.status


def _named(process: Process, connection: str) -> Iterator[tuple[Path, Source | Target]]:
    for name, found in process.lists.items():
        if connection in found.sources:
            yield ("lists", name, "from", connection), found.sources[connection]
        if connection in found.targets:
            yield ("lists", name, "to", connection), found.targets[connection]


def _wrong(name: str, counterpart: Counterpart, known: Sequence[CrmList], error: str) -> str:
    """With the names of those that there are, and their ids where one was asked for."""
    called, id_ = counterpart.list
    names = {one.name for one in known}
    if called in names:
        return error
    if called:
        return unknown(f"list of {name}", called, names)
    valid = ", ".join(sorted(f"{one.external_id} ({one.name})" for one in known))
    return f'{name} has no list with the id "{id_}"; valid: {valid or "none is there"}'
