"""What `lists` of process.yaml says, held against the files, the connections and the rules."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from connectors import registry
from crm.definition import ConnectionSettings
from process.prospecting.lists import ListDefinition, Lists, Source, Target, together
from process.readable import Readable
from sequences.definition import Sequence as Definition
from sequences.texts import LONGEST_EXPRESSION
from workspace import layout
from workspace.problems import Path, Problem, unknown
from workspace.source import Document

#: The kinds of CRM whose lists' members have a status.
_WITH_STATUS = frozenset({"salesforce"})


def check_lists(
    lists: Lists,
    document: Document,
    *,
    files: Collection[str],
    facts: Readable,
    connections: Mapping[str, ConnectionSettings] | None,
) -> Iterator[Problem]:
    """`connections` are None where their file was refused, and nothing is said of them."""
    for name, found in lists.items():
        yield from _file(name, found, document, files)
        if found.when is not None:
            path: Path = ("lists", name, "when")
            for fault in facts.faults(found.when):
                told = f"{_dotted(path)}: {fault}"
                yield document.problem(
                    path, told, value=found.when, choices=fault.choices, offset=fault.offset
                )
        for key, named in (("from", found.sources), ("to", found.targets)):
            for connection, counterpart in named.items() if connections is not None else ():
                at: Path = ("lists", name, key, connection)
                yield from _counterpart(at, counterpart, document, connections or {})


def check_rules(
    lists: Lists, sequences: Sequence[tuple[Definition, Document]]
) -> Iterator[Problem]:
    """A list's condition and a rule's are one when they are applied."""
    for sequence, document in sequences:
        rule = sequence.enroll
        found = lists.get(rule.list) if rule is not None and rule.list is not None else None
        if rule is None or rule.list is None or found is None or found.when is None:
            continue
        length = len(together(found.when, rule.when))
        if length > LONGEST_EXPRESSION:
            message = (
                f'enroll.list: with that of "{rule.list}" the rule has {length:,} characters, where '
                f"{LONGEST_EXPRESSION:,} are the most"
            )
            yield document.problem(("enroll", "list"), message, value=rule.list)


def _file(
    name: str, found: ListDefinition, document: Document, files: Collection[str]
) -> Iterator[Problem]:
    path: Path = ("lists", name)
    if name in files and not found.is_in_a_file:
        message = f'the name "{name}" is taken by {layout.LISTS}/{name}.csv, or by a form'
        yield document.problem(path, message, value=name, at_key=True)
    if name not in files and found.is_in_a_file:
        message = (
            f"{_dotted(path)}: nobody is on it: write when, from, or {layout.LISTS}/{name}.csv"
        )
        yield document.problem(path, message, value=name, choices=("when", "from"), at_key=True)


def _counterpart(
    path: Path,
    counterpart: Source | Target,
    document: Document,
    connections: Mapping[str, ConnectionSettings],
) -> Iterator[Problem]:
    name = str(path[-1])
    keeping = tuple(sorted(n for n, c in connections.items() if registry.keeps_lists(c.kind)))
    valid = ", ".join(keeping) or "none"
    if name not in connections:
        message = f"{_dotted(path)}: {unknown('connection', name, keeping)}"
        yield document.problem(path, message, value=name, choices=keeping, at_key=True)
        return
    kind = connections[name].kind
    if not registry.keeps_lists(kind):
        message = f'{_dotted(path)}: a CRM of the kind "{kind}" keeps no lists; valid: {valid}'
        yield document.problem(path, message, value=name, choices=keeping, at_key=True)
    elif counterpart.status and kind not in _WITH_STATUS:
        at = (*path, "status")
        message = f'{_dotted(at)}: on a list of the kind "{kind}" nobody has a status'
        yield document.problem(at, message, at_key=True)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
