"""A batch of changes while it leaves: what it is, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.base import Connector
from crm.models import Change, Connection
from runtime import clock


@dataclass(kw_only=True)
class Pushed:
    """What a push came to: counts for reports."""

    connection: str
    pushed: int = 0
    refused: int = 0
    conflicted: int = 0
    later: int = 0
    calls: int = 0
    error: str = ""


class Batch:
    def __init__(
        self,
        connection: Connection,
        connector: Connector,
        changes: Sequence[Change],
        report: Pushed,
    ) -> None:
        self.connection, self.connector, self.report = connection, connector, report
        self.changes = list(changes)
        self.now = clock.now()

    def of(self, kind: str) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]
