"""Salesforce as a Connector: Leads and Contacts are leads, Users owners, Opportunities deals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connectors.base import (
    Choice,
    Choices,
    Completion,
    EventPage,
    Handover,
    Kind,
    Outcome,
    Page,
    Record,
    Sizes,
    Touch,
    Unavailable,
    Update,
    Written,
)
from connectors.endpoints import Budget, Unlimited
from connectors.mapping import FieldTable
from connectors.records import Malformed, Types, flag, mapping, sequence, text
from connectors.salesforce import activities
from connectors.salesforce.changes import Changes
from connectors.salesforce.wire import Login, Wire
from connectors.salesforce.writes import Writes

_STAGES = (
    "SELECT ApiName, MasterLabel, IsClosed, IsWon FROM OpportunityStage "
    "WHERE IsActive = true ORDER BY SortOrder"
)
#: Rows of an object from which on its first pull is a bulk query: below, paging is faster.
BULK_FROM = 20_000


class SalesforceConnector:
    def __init__(
        self,
        *,
        url: str,
        login: Login,
        custom: FieldTable,
        types: Types,
        bulk_from: int = BULK_FROM,
        allow_sandbox: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._wire = Wire(
            url=url,
            login=login,
            allow_sandbox=allow_sandbox,
            budget=budget or Unlimited(),
        )
        self._changes = Changes(self._wire, custom, types, bulk_from=bulk_from)
        self._writes = Writes(self._wire, self._changes)

    @property
    def calls(self) -> int:
        return self._wire.calls

    def check(self) -> str:
        self._wire.rest("limits/")
        used, allowed = self._wire.usage
        org = f"Salesforce org {self._wire.org_id or 'without an id'}"
        return f"{org}, {used:,} of {allowed:,} calls used in 24 hours"

    def choices(self) -> Choices:
        try:
            return Choices(deal_stage=self._deal_stages(), lead_status=self._lead_statuses())
        except Malformed as error:
            raise Unavailable(f"Salesforce's stages and statuses: {error}") from error

    @property
    def sizes(self) -> Sizes:
        return Sizes(listed=2000, read=200, written=200)

    def count(self, kind: Kind) -> int:
        return self._changes.count(kind)

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        return self._changes.pages(kind, cursor, now)

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:
        return activities.pages(self._changes, cursor, now)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        return self._changes.read(kind, external_ids)[0]

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return self._writes.update(updates)

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        return self._writes.log_touches(touches)

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        return self._writes.find_touches(lead_ids)

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        return self._writes.complete(completions)

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        return self._writes.hand_over(handovers)

    def close(self) -> None:
        self._wire.close()

    def _deal_stages(self) -> list[Choice]:
        return [
            Choice(
                value=text(stage.get("ApiName")),
                label=text(stage.get("MasterLabel")),
                is_closed=flag(stage.get("IsClosed")),
                is_won=flag(stage.get("IsWon")),
            )
            for items, _ in self._changes.rows(_STAGES)
            for stage in map(mapping, items)
        ]

    def _lead_statuses(self) -> list[Choice]:
        described = map(mapping, sequence(self._wire.rest("sobjects/Lead/describe").get("fields")))
        status = next((field for field in described if field.get("name") == "Status"), {})
        return [
            Choice(value=text(value.get("value")), label=text(value.get("label")))
            for value in map(mapping, sequence(status.get("picklistValues") or []))
            if flag(value.get("active"))
        ]
