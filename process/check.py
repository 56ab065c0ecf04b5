"""What a workspace's files say about each other: names that must exist, facts that are read."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from crm.definition import ConnectionSettings
from crm.fields import TYPES
from crm.kinds import EVENTS
from mail import dkim
from mail.esp.definition import is_login
from process import emails, mapped
from process.check_answers import check_answers
from process.check_process import check_process
from process.check_sequences import check_sequence
from process.closing.check import check_handoff
from process.definition import OTHER, Process
from process.emails import Template
from process.known import Known
from process.marketing.check import check as check_marketing
from process.objections.check import check_objections
from process.prospecting.check import check as check_prospecting
from process.prospecting.check_lists import check_lists, check_rules
from process.questions import outcomes
from process.team import Team
from process.undeclared import undeclared
from sequences.definition import Sequence as Definition
from workspace.problems import Path, Problem, unknown
from workspace.reading import Schema
from workspace.secrets import MissingSecret, resolve
from workspace.source import Document

#: What templates may read besides the facts of a lead.
EMAIL_FACTS: Schema = {
    "sender": frozenset({"name", "email", "company", "postal_address"}),
    "unsubscribe_url": frozenset(),
    "booking_url": frozenset(),
    "nps_url": frozenset(),
}


def cross_check(
    *,
    team: tuple[Team, Document] | None,
    process: tuple[Process, Document] | None,
    sequences: Sequence[tuple[Definition, Document] | None],
    templates: Mapping[str, Template],
    lists: Collection[str],
    schema: Schema,
) -> Iterator[Problem]:
    """Every problem between files; what follows from a file that was refused (None) is left out."""
    schema = mapped.with_mapped_fields(schema, team[0].connections if team else None)
    read = [sequence for sequence in sequences if sequence is not None]
    whole = len(read) == len(sequences)
    if process and whole:
        names = [sequence.name for sequence, _ in read]
        yield from _tactics(*process, names)
        yield from _entered(*process, names)
    if team:
        yield from _signing_keys(*team)
        yield from _webhook_logins(*team)
    if process and team:
        yield from _counterparts(*process, list(team[0].connections))
        yield from _renewal(*process, team[0].connections)
        yield from check_marketing(*process, team[0].connections)
    yield from _duplicates(read)
    known = _known(process, read if whole else None, templates, lists, schema, team=team)
    if process:
        yield from check_answers(process[0].answers, process[1])
        yield from check_prospecting(*process, known)
        described = process[0].lists
        yield from check_lists(
            described,
            process[1],
            files=lists,
            facts=known.facts,
            connections=team[0].connections if team else None,
        )
        yield from check_rules(described, read)
        yield from check_process(*process, known, list(team[0].connections) if team else None)
        yield from check_handoff(*process, known)
        yield from check_objections(*process, known)
    for sequence, document in read:
        yield from check_sequence(sequence, document, known)
    for template in templates.values():
        yield from emails.check(template, {**schema, **EMAIL_FACTS})


def _known(
    process: tuple[Process, Document] | None,
    sequences: Sequence[tuple[Definition, Document]] | None,
    templates: Mapping[str, Template],
    lists: Collection[str],
    schema: Schema,
    *,
    team: tuple[Team, Document] | None,
) -> Known:
    answers = (*process[0].answers, OTHER) if process else None
    own = process[0].events if process else ()
    return Known(
        schema=schema,
        answers=answers,
        events=frozenset({*EVENTS, *own}) if process else None,
        moments=frozenset(mapped.moments(team[0].connections)) if team else None,
        types={**TYPES, **(mapped.types(team[0].connections) if team else {})},
        undeclared=undeclared(process[0]) if process else {},
        templates=templates,
        sequences=None if sequences is None else frozenset(each.name for each, _ in sequences),
        lists=frozenset({*lists, *process[0].lists}) if process else None,
        dispositions=process[0].dispositions if process else None,
        outcomes=_outcomes(process, sequences),
    )


def _outcomes(
    process: tuple[Process, Document] | None,
    sequences: Sequence[tuple[Definition, Document]] | None,
) -> Mapping[str, Collection[str]] | None:
    if process is None or sequences is None:
        return None
    return outcomes(process[0], [sequence for sequence, _ in sequences])


def _renewal(
    process: Process, document: Document, connections: Mapping[str, ConnectionSettings]
) -> Iterator[Problem]:
    """It is a date that the team mapped."""
    if process.renewal is None:
        return
    known = sorted(
        f"deal.extra.{name}"
        for connection in connections.values()
        for name, type_ in connection.custom("deal").items()
        if type_ in {"date", "datetime"}
    )
    if process.renewal.field not in known:
        valid = ", ".join(known) or "none; map one in cadenza.yaml with the type date"
        message = f'renewal.field: "{process.renewal.field}" is no date; valid: {valid}'
        path: Path = ("renewal", "field")
        yield document.problem(path, message, value=process.renewal.field, choices=tuple(known))


def _tactics(process: Process, document: Document, names: Sequence[str]) -> Iterator[Problem]:
    for number, stage in enumerate(process.stages):
        for item, name in enumerate(stage.tactics.sequences):
            if name not in names:
                path = ("stages", number, "tactics", "sequences", item)
                yield _unknown(document, path, "sequence", name, names)


def _entered(process: Process, document: Document, names: Sequence[str]) -> Iterator[Problem]:
    """Whoever enters a sequence of the stage itself stays there."""
    for number, stage in enumerate(process.stages):
        for item, rule in enumerate(stage.exit):
            if rule.on == "enrolled" and names and {*names} <= {*stage.tactics.sequences}:
                path: Path = ("stages", number, "exit", item)
                message = (
                    f'stages.{number}.exit.{item}: "{rule}" is never taken: '
                    f"every sequence is a tactic of {stage.name} itself"
                )
                yield document.problem(path, message)


def _counterparts(
    process: Process, document: Document, connections: Sequence[str]
) -> Iterator[Problem]:
    for number, stage in enumerate(process.stages):
        at: Path = ("stages", number, "counterparts")
        for name, counterpart in stage.counterparts.items():
            if name not in connections:
                yield _unknown(document, (*at, name), "connection", name, connections, at_key=True)
            yield from _repeated(document, (*at, name, "lead_status"), counterpart.lead_status)
            yield from _repeated(document, (*at, name, "deal_stage"), counterpart.deal_stage)
        for name in connections:
            if name not in stage.counterparts:
                message = f'{stage.name} has no counterpart in the connection "{name}"'
                yield document.problem(at, message, at_key=True)


def _repeated(document: Document, at: Path, values: Sequence[str]) -> Iterator[Problem]:
    for number, value in enumerate(values):
        if value in values[:number]:
            path = (*at, number)
            message = f'{".".join(map(str, path))}: "{value}" stands here already; take it out'
            yield document.problem(path, message, value=value)


def _signing_keys(team: Team, document: Document) -> Iterator[Problem]:
    """Keys are read where they are to be had; one that is not set is told when it is needed."""
    for number, mailbox in enumerate(team.mailboxes):
        if mailbox.dkim is None:
            continue
        with suppress(MissingSecret):
            secret = resolve(mailbox.dkim.key, os.environ)
            try:
                dkim.read_key(secret)
            except dkim.BadKey as error:
                message = f"mailboxes.{number}.dkim.key: {mailbox.dkim.key} {error}"
                yield document.problem(("mailboxes", number, "dkim", "key"), message)


def _webhook_logins(team: Team, document: Document) -> Iterator[Problem]:
    """Likewise: with anything else every call of the ESP would be turned away."""
    for number, mailbox in enumerate(team.mailboxes):
        name = getattr(mailbox.esp, "webhook_secret", None)
        if name is None:
            continue
        with suppress(MissingSecret):
            if not is_login(resolve(name, os.environ)):
                path = ("mailboxes", number, "esp", "webhook_secret")
                message = f"{name} has to be user:password, as the ESP calls with it"
                yield document.problem(path, f"{'.'.join(map(str, path))}: {message}")


def _duplicates(sequences: Sequence[tuple[Definition, Document]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for sequence, document in sequences:
        if sequence.name in first:
            message = f'the name "{sequence.name}" is taken by {first[sequence.name]}'
            yield document.problem(("name",), message, value=sequence.name)
        first.setdefault(sequence.name, document.file)


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
