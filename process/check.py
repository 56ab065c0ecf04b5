"""What a workspace's files say about each other: names that must exist, facts that are read."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.base import WRITTEN
from process import emails
from process.definition import OTHER, STAGES, Process
from process.emails import Template
from process.team import Team
from sequences.definition import EmailStep, TaskStep
from sequences.definition import Sequence as Definition
from workspace import expressions, layout
from workspace.problems import Fault, Path, Problem, unknown
from workspace.reading import Schema
from workspace.source import Document
from workspace.templating import check_template

#: What templates may read besides the facts of a lead.
EMAIL_FACTS: Schema = {
    "sender": frozenset({"name", "email", "company", "postal_address"}),
    "unsubscribe_url": frozenset(),
}


def cross_check(
    *,
    team: tuple[Team, Document] | None,
    process: tuple[Process, Document] | None,
    sequences: Sequence[tuple[Definition, Document] | None],
    templates: Mapping[str, Template],
    schema: Schema,
) -> Iterator[Problem]:
    """Every problem between files; what follows from a file that was refused (None) is left out."""
    schema = _with_mapped_fields(schema, team[0] if team else None)
    read = [sequence for sequence in sequences if sequence is not None]
    if process and len(read) == len(sequences):
        yield from _tactics(*process, [sequence.name for sequence, _ in read])
    if process and team:
        yield from _counterparts(*process, list(team[0].connections))
    yield from _duplicates(read)
    values: dict[str, Sequence[str]] = {"lead.stage": STAGES}
    if process:
        values["answer.disposition"] = (*process[0].answers, OTHER)
    for sequence, document in read:
        yield from _sequence_problems(sequence, document, templates, schema)
        yield from _expressions(sequence, document, schema, values)
    for template in templates.values():
        yield from emails.check(template, {**schema, **EMAIL_FACTS})
    yield from _missing_subjects(read, templates)


def _with_mapped_fields(schema: Schema, team: Team | None) -> Schema:
    """`lead.extra` and the like have the fields that the team mapped and that are not standard."""
    if team is None:
        return {**schema, **{f"{kind}.extra": None for kind in WRITTEN}}
    mapped: dict[str, set[str]] = {kind: set() for kind in WRITTEN}
    for connection in team.connections.values():
        for kind in WRITTEN:
            mapped[kind] |= connection.custom(kind).keys()
    return {**schema, **{f"{kind}.extra": frozenset(names) for kind, names in mapped.items()}}


def _tactics(process: Process, document: Document, names: Sequence[str]) -> Iterator[Problem]:
    for number, stage in enumerate(process.stages):
        for item, name in enumerate(stage.tactics.sequences):
            if name not in names:
                path = ("stages", number, "tactics", "sequences", item)
                yield _unknown(document, path, "sequence", name, names)


def _counterparts(
    process: Process, document: Document, connections: Sequence[str]
) -> Iterator[Problem]:
    for number, stage in enumerate(process.stages):
        at: Path = ("stages", number, "counterparts")
        for name in stage.counterparts:
            if name not in connections:
                yield _unknown(document, (*at, name), "connection", name, connections, at_key=True)
        for name in connections:
            if name not in stage.counterparts:
                message = f'{stage.name} has no counterpart in the connection "{name}"'
                yield document.problem(at, message, at_key=True)


def _duplicates(sequences: Sequence[tuple[Definition, Document]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for sequence, document in sequences:
        if sequence.name in first:
            message = f'the name "{sequence.name}" is taken by {first[sequence.name]}'
            yield document.problem(("name",), message, value=sequence.name)
        first.setdefault(sequence.name, document.file)


def _sequence_problems(
    sequence: Definition, document: Document, templates: Mapping[str, Template], schema: Schema
) -> Iterator[Problem]:
    if sequence.stage not in STAGES:
        yield _unknown(document, ("stage",), "stage", sequence.stage, STAGES)
    for number, step in enumerate(sequence.steps):
        if isinstance(step, EmailStep) and step.email not in templates:
            path = ("steps", number, "email")
            yield _unknown(document, path, "template", step.email, templates)
        elif isinstance(step, TaskStep):
            yield from _title(document, ("steps", number, "title"), step.title, schema)


def _expressions(
    sequence: Definition,
    document: Document,
    schema: Schema,
    values: Mapping[str, Sequence[str]],
) -> Iterator[Problem]:
    written: dict[Path, str] = {("exit", at): text for at, text in enumerate(sequence.exit)}
    if sequence.enroll:
        written["enroll", "when"] = sequence.enroll.when
    for path, expression in written.items():
        for fault in expressions.check(expression, schema, values):
            yield _from_fault(document, path, expression, fault)


def _title(document: Document, path: Path, title: str, schema: Schema) -> Iterator[Problem]:
    for problem in check_template(title, document.file, schema):
        lines = title.split("\n")[: problem.line - 1]
        offset = sum(len(line) + 1 for line in lines) + problem.column - 1
        fault = Fault(problem.message, choices=problem.choices, offset=offset)
        yield _from_fault(document, path, title, fault)


def _from_fault(document: Document, path: Path, value: str, fault: Fault) -> Problem:
    name = ".".join(map(str, path))
    return document.problem(
        path, f"{name}: {fault}", value=value, choices=fault.choices, offset=fault.offset
    )


def _missing_subjects(
    sequences: Sequence[tuple[Definition, Document]], templates: Mapping[str, Template]
) -> Iterator[Problem]:
    """A thread takes its subject from the email that begins it."""
    for sequence, document in sequences:
        emails_sent = 0
        for number, step in enumerate(sequence.steps):
            if not isinstance(step, EmailStep):
                continue
            emails_sent += 1
            begins = emails_sent == 1 or step.thread == "new"
            template = templates.get(step.email)
            if begins and template is not None and not template.subject:
                file = layout.template_file(step.email, layout.SUBJECT)
                message = (
                    f'"{step.email}" begins a thread here and needs a subject: {file} is missing'
                )
                yield document.problem(("steps", number, "email"), message, value=step.email)


def _unknown(
    document: Document,
    path: Path,
    what: str,
    name: str,
    choices: Mapping[str, object] | Sequence[str],
    *,
    at_key: bool = False,
) -> Problem:
    known = tuple(sorted(choices))
    return document.problem(
        path, unknown(what, name, known), value=name, choices=known, at_key=at_key
    )
