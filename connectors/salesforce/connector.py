"""Salesforce as a Connector: Leads and Contacts are leads, Opportunities are deals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.base import (
    Choice,
    Choices,
    Kind,
    Outcome,
    Page,
    Record,
    Touch,
    Unavailable,
    Update,
)
from connectors.batches import chunks
from connectors.cursor import Cursor
from connectors.mapping import FieldTable
from connectors.records import Malformed, build_all, flag, mapping, sequence, text
from connectors.salesforce import fields
from connectors.salesforce.wire import Wire
from connectors.salesforce.writes import Writes

#: Rows of one answer, the most that Salesforce gives.
PAGE = 2000
#: Ids in one condition: the address stays below 16,384 bytes.
_IDS = 200
#: The upper bound of a window is taken with it, since stamps are whole seconds in places.
_TICK = timedelta(seconds=1)


class SalesforceConnector:
    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        table: FieldTable,
        allow_sandbox: bool = False,
    ) -> None:
        self._wire = Wire(
            url=url, client_id=client_id, client_secret=client_secret, allow_sandbox=allow_sandbox
        )
        self._table = table
        self._writes = Writes(self._wire, table)

    @property
    def calls(self) -> int:
        return self._wire.calls

    def check(self) -> str:
        limits = self._wire.get("limits/")
        daily = limits.get("DailyApiRequests") or {}
        return f"Salesforce org with {daily.get('Remaining', 'unknown')} API calls left today"

    def choices(self) -> Choices:
        try:
            return Choices(
                deal_stage=self._deal_stages(), lead_status=self._picklist("Lead", "Status")
            )
        except Malformed as error:
            raise Unavailable(f"Salesforce's stages and fields: {error}") from error

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        """Pages by (SystemModstamp, Id), so that a scan goes on behind its last page's last row."""
        place = Cursor.parse(cursor).begun(now)
        objects = fields.OBJECTS[kind]
        at = place.mark("object") or objects[0]
        for object_ in objects[objects.index(at) :] if at in objects else objects:
            after = (place.mark("stamp"), place.mark("id")) if object_ == at else ("", "")
            last = object_ == objects[-1]
            while True:
                rows = self._rows(kind, object_, place, after)
                ended = len(rows) < PAGE
                if not ended:
                    after = (text(rows[-1].get("SystemModstamp")), text(rows[-1].get("Id")))
                    place = place.at(object=object_, stamp=after[0], id=after[1])
                elif last:
                    place = place.ended()
                else:
                    place = place.at(object=objects[objects.index(object_) + 1])
                records, skipped = self._records(kind, object_, rows)
                yield Page(records=records, cursor=place.text(), skipped=skipped)
                if ended:
                    break

    def read(self, kind: Literal["lead", "deal"], external_ids: Sequence[str]) -> Sequence[Record]:
        records: list[Record] = []
        for object_ in fields.OBJECTS[kind]:
            ids = [id_ for id_ in external_ids if fields.object_of(id_) == object_]
            for chunk in chunks(ids, _IDS):
                wanted = ", ".join(fields.literal(id_) for id_ in chunk)
                rows = self._query(f"{self._select(kind, object_)} WHERE Id IN ({wanted})")
                records += self._records(kind, object_, rows)[0]
        return records

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return self._writes.update(updates)

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        return self._writes.log_touches(touches)

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        """Description is no filter in SOQL, so the tasks of the people are read and looked at."""
        found: dict[str, str] = {}
        for chunk in chunks(list(lead_ids), _IDS):
            wanted = ", ".join(fields.literal(id_) for id_ in chunk)
            last = ""
            while True:
                behind = f" AND Id > {fields.literal(last)}" if last else ""
                rows = self._query(
                    f"SELECT Id, Description FROM Task WHERE WhoId IN ({wanted}) "
                    f"AND TaskSubtype = 'Email' AND IsDeleted = false{behind} "
                    f"ORDER BY Id LIMIT {PAGE}"
                )
                for row in rows:
                    for line in text(row.get("Description")).splitlines():
                        if line.startswith(fields.MESSAGE_ID):
                            message_id = line.removeprefix(fields.MESSAGE_ID).strip()
                            found[message_id] = text(row.get("Id"))
                if len(rows) < PAGE:
                    break
                last = text(rows[-1].get("Id"))
        return found

    def close(self) -> None:
        self._wire.close()

    def _rows(
        self, kind: Kind, object_: str, place: Cursor, after: tuple[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        conditions = [f"SystemModstamp < {fields.moment(place.high + _TICK)}"]
        if place.since:
            conditions.append(f"SystemModstamp >= {fields.moment(place.low)}")
        stamp, last = after
        if stamp:
            at = fields.moment(datetime.fromisoformat(stamp))
            conditions.append(f"SystemModstamp >= {at}")
            conditions.append(
                f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {fields.literal(last)}))"
            )
        return self._query(
            f"{self._select(kind, object_)} WHERE {' AND '.join(conditions)} "
            f"ORDER BY SystemModstamp, Id LIMIT {PAGE}"
        )

    def _select(self, kind: Kind, object_: str) -> str:
        names = fields.names_in(self._table, kind, object_).values()
        asked = list(dict.fromkeys([*fields.SYSTEM, *names]))
        if object_ == "User":
            asked.remove("IsDeleted")  # users are deactivated, never deleted
        if object_ == "Opportunity":
            asked.append(fields.ROLES)
        return f"SELECT {', '.join(asked)} FROM {object_}"

    def _query(self, soql: str) -> Sequence[Mapping[str, Any]]:
        try:
            return [mapping(row) for row in sequence(self._wire.query(soql).get("records"))]
        except (Malformed, AttributeError) as error:
            raise Unavailable(f"query: {error}") from error

    def _records(
        self, kind: Kind, object_: str, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Record], Any]:
        names = fields.names_in(self._table, kind, object_)
        return build_all(kind, rows, lambda row: fields.values_of(kind, row, names))

    def _deal_stages(self) -> list[Choice]:
        rows = self._query(
            "SELECT ApiName, MasterLabel, IsClosed, IsWon, IsActive FROM OpportunityStage "
            "ORDER BY SortOrder"
        )
        return [
            Choice(
                value=text(row.get("ApiName")),
                label=text(row.get("MasterLabel")),
                is_closed=flag(row.get("IsClosed")),
                is_won=flag(row.get("IsWon")),
            )
            for row in rows
            if flag(row.get("IsActive"))
        ]

    def _picklist(self, object_: str, name: str) -> list[Choice]:
        described = self._wire.get(f"sobjects/{object_}/describe")
        for field in map(mapping, sequence(described.get("fields"))):
            if field.get("name") == name:
                values = [mapping(value) for value in sequence(field.get("picklistValues"))]
                return [
                    Choice(value=text(value.get("value")), label=text(value.get("label")))
                    for value in values
                    if flag(value.get("active"))
                ]
        return []
