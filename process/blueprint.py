"""A workspace's files as one checked whole: what `check` reports on and `apply` brings to work."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crm.definition import ConnectionSettings
from mail.definition import InboundSettings, MailboxSettings, TeamLimits
from mail.legal import PrivacySettings
from process.check import cross_check
from process.definition import Process
from process.emails import Template, read_templates
from process.lints import lints, lints_of_process, lints_of_team
from process.lists import read_lists
from process.meetings.definition import BookingSettings
from process.places import exits, places
from process.preparation.definition import EnrichmentSettings
from process.prospecting.forms import FormSettings
from process.prospecting.lists import with_list
from process.team import SenderSettings, Team, TrackingSettings
from sequences.definition import Sequence as Definition
from workspace import layout
from workspace.problems import Invalid, Problem
from workspace.reading import Schema
from workspace.source import Document, read_yaml
from workspace.validation import Model, validate

__all__ = ["Blueprint", "Invalid", "Problem", "Template", "load", "load_team"]


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    timezone: str
    public_url: str
    redirect_to: str
    tracking: TrackingSettings
    inbound: InboundSettings
    limits: TeamLimits
    booking: BookingSettings | None
    forms: Mapping[str, FormSettings]
    enrichment: EnrichmentSettings | None
    sender: SenderSettings
    privacy: PrivacySettings | None
    connections: Mapping[str, ConnectionSettings]
    mailboxes: Sequence[MailboxSettings]
    process: Process
    #: By name, in alphabetical order.
    sequences: Mapping[str, Definition]
    templates: Mapping[str, Template]
    #: lists/<name>.csv -> the addresses in it, normalized.
    lists: Mapping[str, frozenset[str]]
    #: Sequence -> SHA-256 over it, the process and its templates.
    digests: Mapping[str, str]
    #: What is allowed and most likely not meant.
    warnings: Sequence[Problem] = ()
    #: Sequence -> its file, for what the leads tell of it.
    documents: Mapping[str, Document] = field(default_factory=dict, repr=False, compare=False)


def load(folder: Path, *, schema: Schema) -> Blueprint:
    """Read and check a workspace; raises Invalid with all its problems.

    `schema` names the facts that expressions may read; templates may read EMAIL_FACTS besides.
    """
    problems: list[Problem] = []
    team = _read(folder, layout.TEAM, Team, problems)
    process = _read(folder, layout.PROCESS, Process, problems)
    sequences = [
        _read(folder, file, Definition, problems) for file in layout.sequence_files(folder)
    ]
    templates = read_templates(folder, problems)
    lists = {**_lists_of_forms(team), **read_lists(folder, problems)}
    sequences = _with_holidays(sequences, team)
    problems += cross_check(
        team=team,
        process=process,
        sequences=sequences,
        templates=templates,
        lists=lists,
        schema=schema,
    )
    if problems or team is None or process is None:
        raise Invalid(problems)
    read = [found for found in sequences if found is not None]
    warnings = Invalid(
        [
            *lints_of_team(*team),
            *lints_of_process(*process),
            *lints(read, process, templates),
        ]
    ).problems
    described = [(with_list(found, process[0].lists), document) for found, document in read]
    placed = [found.placed(places(found, document)) for found, document in described]
    ours = process[0].placed(exits(*process))
    blueprint = _blueprint(team[0], ours, placed, templates, lists)
    documents = {found.name: document for found, document in read}
    return replace(blueprint, warnings=warnings, documents=documents)


def load_team(folder: Path) -> Team:
    """cadenza.yaml alone, whatever the other files say; raises Invalid."""
    problems: list[Problem] = []
    read = _read(folder, layout.TEAM, Team, problems)
    if read is None:
        raise Invalid(problems)
    return read[0]


def _read(
    folder: Path, file: str, model: type[Model], problems: list[Problem]
) -> tuple[Model, Document] | None:
    try:
        document = read_yaml(folder / file, file)
    except Invalid as invalid:
        problems += invalid.problems
        return None
    found = validate(model, document)
    if isinstance(found, list):
        problems += found
        return None
    return found, document


def _lists_of_forms(team: tuple[Team, Document] | None) -> dict[str, frozenset[str]]:
    """Nobody stands on them in the files: those who send the forms in do."""
    forms = team[0].forms.values() if team else ()
    return {form.list: frozenset() for form in forms if form.list is not None}


def _with_holidays(
    sequences: Sequence[tuple[Definition, Document] | None], team: tuple[Team, Document] | None
) -> list[tuple[Definition, Document] | None]:
    holidays = team[0].holidays if team else ()
    return [found and (found[0].with_holidays(holidays), found[1]) for found in sequences]


def _blueprint(
    team: Team,
    process: Process,
    sequences: Sequence[Definition],
    templates: Mapping[str, Template],
    lists: Mapping[str, frozenset[str]],
) -> Blueprint:
    by_name = {sequence.name: sequence for sequence in sorted(sequences, key=lambda s: s.name)}
    return Blueprint(
        timezone=team.timezone,
        public_url=team.public_url,
        redirect_to=team.redirect_to,
        tracking=team.tracking,
        inbound=team.inbound,
        limits=team.limits,
        booking=team.booking,
        forms=team.forms,
        enrichment=team.enrichment,
        sender=team.sender,
        privacy=team.privacy,
        connections=team.connections,
        mailboxes=team.mailboxes,
        process=process,
        sequences=by_name,
        templates=templates,
        lists=lists,
        digests={name: _digest(it, process, templates) for name, it in by_name.items()},
    )


def _digest(sequence: Definition, process: Process, templates: Mapping[str, Template]) -> str:
    content = [
        sequence.model_dump(mode="json", by_alias=True),
        process.model_dump(mode="json", by_alias=True, exclude_none=True),
        {name: templates[name].digest for name in sequence.templates()},
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
