"""Whether the CRMs offer the values that the process writes there, and reads, and have its lists."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from django.conf import settings

from connectors.base import Choice, Connector, Written
from connectors.errors import ConnectorError
from connectors.registry import connect
from crm.definition import ConnectionSettings
from process.blueprint import Blueprint
from process.definition import Process
from process.online_lists import missing_lists
from workspace.problems import Path, Problem, unknown
from workspace.secrets import resolve
from workspace.source import Document

_STATUS, _STAGE = "status", "stage"


@dataclass(frozen=True, kw_only=True)
class _Word:
    """A value that process.yaml takes for one of a field's, ours, in a CRM."""

    path: Path
    value: str
    kind: Written
    field: str


def problems_online(blueprint: Blueprint, document: Document) -> Iterator[str]:
    """One line for each connection that does not answer, each value, list and status that it lacks.

    `document` is process.yaml.
    """
    for name, definition in blueprint.connections.items():
        try:
            with closing(_connector(definition)) as connector:
                connector.check()
                words = list(_words(blueprint.process, name, definition))
                yield from map(str, _unknown(connector, name, words, document))
                missing = missing_lists(connector, name, blueprint.process, document)
                yield from map(str, missing)
        except (ConnectorError, ValueError) as error:
            yield f"{name}: {error}"


def _connector(definition: ConnectionSettings) -> Connector:
    given = definition.model_dump(mode="json", exclude_none=True, exclude={"kind", "pull_every"})
    filled = {
        key: resolve(value, os.environ) if isinstance(value, str) else value
        for key, value in given.items()
    }
    return connect(definition.kind, {**filled, "allow_sandbox": settings.CADENZA_MODE == "sandbox"})


def _words(process: Process, name: str, definition: ConnectionSettings) -> Iterator[_Word]:
    yield from _of_stages(process, name)
    yield from _of_marketing(process, name)
    loss = process.loss_reason
    if loss is None:
        return
    field = loss.field.removeprefix("deal.extra.")
    if field in definition.custom("deal"):
        yield from _each(("loss_reason", "choices"), loss.choices, "deal", field)
    if name in loss.deal_stage:
        path = ("loss_reason", "deal_stage", name)
        yield _Word(path=path, value=loss.deal_stage[name], kind="deal", field=_STAGE)


def _of_stages(process: Process, name: str) -> Iterator[_Word]:
    for place, stage in enumerate(process.stages):
        if counterpart := stage.counterparts.get(name):
            path: Path = ("stages", place, "counterparts", name)
            yield from _each((*path, "lead_status"), counterpart.lead_status, "lead", _STATUS)
            yield from _each((*path, "deal_stage"), counterpart.deal_stage, "deal", _STAGE)


def _of_marketing(process: Process, name: str) -> Iterator[_Word]:
    crm = process.marketing.get(name)
    if crm is None:
        return
    for level, called in crm.called():
        for key, field in called.FIELDS.items():
            if field in called.words():
                path = ("marketing", name, level, key)
                yield _Word(path=path, value=called.words()[field], kind="lead", field=field)
    if crm.rejected is not None and crm.rejected.reason_field and process.qualification:
        reasons = process.qualification.reject_reasons
        field = crm.rejected.reason_field
        yield from _each(("qualification", "reject_reasons"), reasons, "lead", field)


def _each(path: Path, values: Sequence[str], kind: Written, field: str) -> Iterator[_Word]:
    for number, value in enumerate(values):
        yield _Word(path=(*path, number), value=value, kind=kind, field=field)


def _unknown(
    connector: Connector, name: str, words: Sequence[_Word], document: Document
) -> Iterator[Problem]:
    asked: dict[Written, set[str]] = defaultdict(set)
    for word in words:
        asked[word.kind].add(word.field)
    offered = {kind: connector.choices(kind, fields) for kind, fields in asked.items()}
    for word in words:
        choices: Sequence[Choice] | None = offered[word.kind].get(word.field)
        valid = tuple(choice.value for choice in choices or ())
        if choices is not None and word.value not in valid:
            path = ".".join(map(str, word.path))
            message = f"{path}: {unknown(f'{word.field} of {name}', word.value, valid)}"
            yield document.problem(word.path, message, value=word.value, choices=valid)
