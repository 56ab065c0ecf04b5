"""Whether the CRMs know the values that the process calls its stages by."""

import os
from collections.abc import Iterator, Sequence

from django.conf import settings

from connectors.base import Choice, ConnectorError
from connectors.registry import connect
from crm.definition import ConnectionSettings
from process.blueprint import Blueprint
from workspace.problems import unknown
from workspace.secrets import resolve


def problems_online(blueprint: Blueprint) -> Iterator[str]:
    """One line for each connection that does not answer and each value that it does not know."""
    for name, definition in blueprint.connections.items():
        try:
            yield from _of_connection(blueprint, name, definition)
        except (ConnectorError, ValueError) as error:
            yield f"{name}: {error}"


def _of_connection(
    blueprint: Blueprint, name: str, definition: ConnectionSettings
) -> Iterator[str]:
    given = definition.model_dump(mode="json", exclude_none=True, exclude={"kind", "pull_every"})
    filled = {
        key: resolve(value, os.environ) if isinstance(value, str) else value
        for key, value in given.items()
    }
    connector = connect(
        definition.kind, {**filled, "allow_sandbox": settings.CADENZA_MODE == "sandbox"}
    )
    connector.check()
    choices = connector.choices()
    for stage in blueprint.process.stages:
        counterpart = stage.counterparts.get(name)
        if counterpart is None:
            continue
        yield from _unknown(name, stage.name, counterpart.lead_status, choices.lead_status)
        yield from _unknown(name, stage.name, counterpart.deal_stage, choices.deal_stage)
    connector.close()


def _unknown(
    connection: str, stage: str, values: Sequence[str], choices: Sequence[Choice]
) -> Iterator[str]:
    valid = [choice.value for choice in choices]
    for value in values:
        if value not in valid:
            yield f"process.yaml: {stage}: {connection}: {unknown('value', value, valid)}"
