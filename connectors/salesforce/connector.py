"""Salesforce as a Connector: Leads and Contacts are leads, Users owners, Opportunities deals."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Choice, Choices, Kind, Page, Record, Sizes, Update, Written
from connectors.edits import Edit
from connectors.endpoints import Budget, Unlimited
from connectors.engagements import Completion, EventPage, Handover, Touch
from connectors.errors import Outcome, Refused, Unavailable
from connectors.lists import Lists
from connectors.mapping import FieldTable
from connectors.records import Types
from connectors.salesforce import activities, fields
from connectors.salesforce.changes import Changes
from connectors.salesforce.edits import Edits
from connectors.salesforce.lists import Campaigns
from connectors.salesforce.login import Login
from connectors.salesforce.wire import Wire
from connectors.salesforce.writes import Writes
from connectors.values import Malformed, flag, mapping, sequence, text

_STAGES = (
    "SELECT ApiName, MasterLabel, IsClosed, IsWon FROM OpportunityStage "
    "WHERE IsActive = true ORDER BY SortOrder"
)
_PICKLISTS = frozenset({"picklist", "multipicklist"})
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
        self._custom = custom
        self._changes = Changes(self._wire, custom, types, bulk_from=bulk_from)
        self._edits = Edits(self._wire, self._changes)
        self._writes = Writes(self._wire, self._changes)
        self._campaigns = Campaigns(self._wire, self._changes)

    @property
    def calls(self) -> int:
        return self._wire.calls

    def check(self) -> str:
        self._wire.rest("limits/")
        used, allowed = self._wire.usage
        org = f"Salesforce org {self._wire.org_id or 'without an id'}"
        return f"{org}, {used:,} of {allowed:,} calls used in 24 hours"

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        found: dict[str, Sequence[Choice]] = {}
        try:
            if kind == "deal" and "stage" in names:
                found["stage"] = self._deal_stages()
            if rest := set(names) - set(found):
                found |= self._picklists(kind, rest)
        except Malformed as error:
            raise Unavailable(f"Salesforce's stages and picklists: {error}") from error
        return found

    @property
    def sizes(self) -> Sizes:
        return Sizes(listed=2000, read=200, written=200, members=2000)

    def count(self, kind: Kind) -> int:
        return self._changes.count(kind)

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        return self._changes.pages(kind, cursor, now)

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:
        return activities.pages(self._changes, cursor, now)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        return self._changes.read(kind, external_ids)[0]

    def edits(
        self, kind: Written, field: str, external_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Edit]]:
        return self._edits.of(kind, field, external_ids)

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

    @property
    def lists(self) -> Lists:
        return self._campaigns

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

    def _picklists(self, kind: Written, names: Collection[str]) -> Choices:
        """Of a person those of a Lead; of a field that a Lead has not, those of a Contact."""
        found, missing = {}, set(names)
        for object_ in fields.OBJECTS[kind]:
            described = sequence(self._wire.rest(f"sobjects/{object_}/describe").get("fields"))
            known = {text(one.get("name")): one for one in map(mapping, described)}
            table = {**fields.FIELDS[object_], **self._custom.get(kind, {})}
            for ours in sorted(name for name in missing if table.get(name) in known):
                missing.remove(ours)
                field = known[table[ours]]
                if text(field.get("type")) in _PICKLISTS:
                    found[ours] = _active(field)
        if missing:
            objects = " or ".join(fields.OBJECTS[kind])
            raise Refused(f"no field on {objects} for {', '.join(sorted(missing))}")
        return found


def _active(field: Mapping[str, Any]) -> Sequence[Choice]:
    return [
        Choice(value=text(value.get("value")), label=text(value.get("label")))
        for value in map(mapping, sequence(field.get("picklistValues") or []))
        if flag(value.get("active"))
    ]
