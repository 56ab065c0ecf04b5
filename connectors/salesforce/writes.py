"""Writing to Salesforce: collections of 200, an outcome per row, touches as Tasks.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Outcome, Refused, Touch, Unavailable, Update
from connectors.batches import RecordUpdate, in_batches, write_coalesced
from connectors.mapping import FieldTable, vendor_name
from connectors.salesforce import fields
from connectors.salesforce.wire import Wire, refusal
from connectors.vendor_text import shown

_BATCH = 200
_COLLECTION = "composite/sobjects"
_LONGEST_SUBJECT = 255
_LONGEST_DESCRIPTION = 32_000

Row = Mapping[str, Any]


class Writes:
    def __init__(self, wire: Wire, table: FieldTable) -> None:
        self._wire, self._table = wire, table

    def update(self, updates: Sequence[Update]) -> list[Outcome]:
        """See Connector.update."""
        return write_coalesced(updates, self._write_records)

    def log_touches(self, touches: Sequence[Touch]) -> list[Outcome]:
        """See Connector.log_touches."""
        rows = [_task(touch) for touch in touches]
        return in_batches(rows, _BATCH, lambda batch: self._send("POST", batch, repeatable=False))

    def _write_records(self, records: Sequence[RecordUpdate]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        ready: list[tuple[int, Row]] = []
        for position, record in enumerate(records):
            try:
                ready.append((position, self._row(record)))
            except Refused as error:
                outcomes[position] = Outcome(external_id="", error=error)
        written = in_batches(
            [row for _, row in ready],
            _BATCH,
            lambda batch: self._send("PATCH", batch, repeatable=True),
        )
        outcomes |= {
            position: outcome for (position, _), outcome in zip(ready, written, strict=True)
        }
        return [outcomes[position] for position in range(len(records))]

    def _row(self, record: RecordUpdate) -> Row:
        object_ = fields.object_of(record.external_id)
        if not object_:
            raise Refused(f"{record.external_id!r} is no id of a {record.kind}")
        own = fields.OF_OBJECT.get(object_, {})
        row: dict[str, Any] = {"attributes": {"type": object_}, "id": record.external_id}
        for name, value in record.fields.items():
            if name in fields.READ_ONLY:
                raise Refused(f"{name} of a {record.kind} cannot be written", field=name)
            if name == "status" and object_ == "Contact":
                raise Refused("a Salesforce Contact has no status: only a Lead has", field=name)
            theirs = own.get(name) or vendor_name(self._table, record.kind, name)
            row[theirs] = None if value == "" else value
        return row

    def _send(self, method: str, batch: Sequence[Row], *, repeatable: bool) -> list[Outcome]:
        body = {"allOrNone": False, "records": list(batch)}
        answer = self._wire.write(method, _COLLECTION, body, repeatable=repeatable)
        if len(answer) != len(batch):
            raise Unavailable(f"{method} {_COLLECTION}: {len(answer)} outcomes, {len(batch)} rows")
        return [_outcome(result) for result in answer]


def _outcome(result: object) -> Outcome:
    if not isinstance(result, Mapping):
        return Outcome(external_id="", error=Unavailable("an outcome that is no object"))
    if result.get("success") is True:
        return Outcome(external_id=str(result.get("id") or ""))
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    first = first if isinstance(first, Mapping) else {}
    code = str(first.get("statusCode") or "")
    message = shown(first.get("message") or "refused without a message")
    return Outcome(external_id="", error=refusal(code, message, first.get("fields")))


def _task(touch: Touch) -> Row:
    """A completed email Task, whose description ends with the Message-ID that we find it by."""
    mark = f"\n\n{fields.MESSAGE_ID}{touch.message_id}"
    task: dict[str, Any] = {
        "attributes": {"type": "Task"},
        "Subject": touch.subject[:_LONGEST_SUBJECT],
        "Description": touch.text[: _LONGEST_DESCRIPTION - len(mark)] + mark,
        "Status": "Completed",
        "TaskSubtype": "Email",
        "ActivityDate": touch.sent_at.date().isoformat(),
        "WhoId": touch.lead_id,
    }
    # A Lead's Task takes no WhatId.
    if touch.deal_id and fields.object_of(touch.lead_id) == "Contact":
        task["WhatId"] = touch.deal_id
    if touch.owner_id:
        task["OwnerId"] = touch.owner_id
    return task
