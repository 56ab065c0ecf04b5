"""HubSpot as a Connector: contacts are leads; owners, companies and deals are what they are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Choice, Choices, Kind, Page, Record, Sizes, Update, Written
from connectors.edits import Edit
from connectors.endpoints import Budget, Unlimited
from connectors.engagements import Completion, EventPage, Handover, Touch
from connectors.errors import Outcome, Refused, Unavailable
from connectors.hubspot import fields
from connectors.hubspot.changes import Changes
from connectors.hubspot.edits import Edits
from connectors.hubspot.history import History
from connectors.hubspot.lists import HubSpotLists
from connectors.hubspot.touches import Touches
from connectors.hubspot.windows import Windows
from connectors.hubspot.wire import Login, Wire
from connectors.hubspot.writes import Writes
from connectors.lists import Lists
from connectors.mapping import FieldTable, vendor_name
from connectors.records import Types
from connectors.values import Malformed, flag, mapping, sequence, text


class HubSpotConnector:
    def __init__(
        self,
        *,
        login: Login,
        url: str,
        table: FieldTable,
        types: Types,
        allow_sandbox: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._wire = Wire(
            login=login, url=url, allow_sandbox=allow_sandbox, budget=budget or Unlimited()
        )
        self._table = table
        self._changes = Changes(self._wire, table, types)
        self._history = History(self._wire, self._changes, Windows(self._wire))
        self._edits = Edits(self._wire, self._changes, table)
        self._writes = Writes(self._wire, self._changes, table)
        self._touches = Touches(self._wire, self._changes)
        self._lists = HubSpotLists(self._wire)

    @property
    def calls(self) -> int:
        return self._wire.calls

    def check(self) -> str:
        account = self._wire.get("/account-info/v3/details")
        return f"HubSpot account {account.get('portalId') or 'without a number'}"

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        found: dict[str, Sequence[Choice]] = {}
        try:
            if kind == "deal" and "stage" in names:
                found["stage"] = self._deal_stages()
            if rest := set(names) - set(found):
                found |= self._options(kind, rest)
        except Malformed as error:
            raise Unavailable(f"HubSpot's pipelines and properties: {error}") from error
        return found

    @property
    def sizes(self) -> Sizes:
        return Sizes(listed=100, read=100, written=100, members=250)

    def count(self, kind: Kind) -> int:
        return self._changes.count(kind)

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        return self._changes.pages(kind, cursor, now)

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:
        return self._history.pages(cursor, now)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        return self._changes.read(kind, external_ids)[0]

    def edits(
        self, kind: Written, field: str, external_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Edit]]:
        return self._edits.of(kind, field, external_ids)

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return self._writes.update(updates)

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        return self._touches.log(touches)

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        return self._touches.find(lead_ids)

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        return self._touches.complete(completions)

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        return self._touches.hand_over(handovers)

    @property
    def lists(self) -> Lists:
        return self._lists

    def close(self) -> None:
        self._wire.close()

    def _deal_stages(self) -> list[Choice]:
        answer = self._wire.get("/crm/v3/pipelines/deals")
        stages = [
            mapping(stage)
            for pipeline in sequence(answer.get("results"))
            for stage in sequence(mapping(pipeline).get("stages"))
        ]
        return [_stage_choice(stage) for stage in stages if not flag(stage.get("archived"))]

    def _options(self, kind: Written, names: Collection[str]) -> Choices:
        """Of those that are enumerations, and whose options the property itself lists."""
        object_ = fields.OBJECTS[kind]
        answer = self._wire.get(f"/crm/v3/properties/{object_}")
        known = {
            text(one.get("name")): one for one in map(mapping, sequence(answer.get("results")))
        }
        found = {}
        for ours in sorted(names):
            theirs = vendor_name(self._table, kind, ours)
            if theirs not in known:
                raise Refused(f"fields.{kind}.{ours}: no property {theirs!r} of {object_}")
            property_ = known[theirs]
            if property_.get("type") == "enumeration" and not property_.get("externalOptions"):
                options = map(mapping, sequence(property_.get("options")))
                found[ours] = [
                    Choice(value=text(option.get("value")), label=text(option.get("label")))
                    for option in options
                    if not flag(option.get("hidden"))
                ]
        return found


def _stage_choice(stage: Mapping[str, Any]) -> Choice:
    """Metadata's values are texts: isClosed "true", probability "1.0" for won."""
    metadata = mapping(stage.get("metadata") or {})
    is_closed = flag(metadata.get("isClosed"))
    probability = text(metadata.get("probability"))
    return Choice(
        value=text(stage.get("id")),
        label=text(stage.get("label")),
        is_closed=is_closed,
        is_won=is_closed and probability in {"1", "1.0"},
    )
