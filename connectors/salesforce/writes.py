"""Writing to Salesforce: collections of 200 with an outcome per row; touches as Tasks.

An email is a Task of subtype Email, never an EmailMessage besides, which would make a second one.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from simple_salesforce.format import quote_soql_value

from connectors.base import Update
from connectors.batches import RecordUpdate, chunks, in_batches, refused_apart, write_coalesced
from connectors.engagements import Completion, Handover, Touch, TouchKind, fitted
from connectors.errors import Conflict, ConnectorError, Outcome, Refused, Unavailable
from connectors.salesforce import fields
from connectors.salesforce.changes import IDS, Changes
from connectors.salesforce.errors import is_locked, row_error
from connectors.salesforce.wire import Wire
from connectors.values import Malformed, mapping, text

_BATCH = 200
#: Longest texts that a Task takes.
_SUBJECT, _DESCRIPTION, _OUTCOME = 255, 32_000, 255
_ID = 18
_MARK = "Message-ID: "
_TASKS_OF = "SELECT Id, Description FROM Task WHERE WhoId IN "
#: What an Email Task cannot say, which has no direction, its subject does.
_SAYS: Mapping[TouchKind, str] = {"reply": "Reply: ", "bounce": "Not delivered: "}
#: What is still to be done; all else happened.
_OPEN: frozenset[TouchKind] = frozenset({"task", "meeting"})
Row = Mapping[str, object]


class Writes:
    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire, self._changes = wire, changes

    def update(self, updates: Sequence[Update]) -> list[Outcome]:
        """See Connector.update."""
        return write_coalesced(updates, self._write_records)

    def log_touches(self, touches: Sequence[Touch]) -> list[Outcome]:
        """See Connector.log_touches."""
        rows = [_task(touch) for touch in touches]
        # A second time would log it twice.
        return self._send("POST", rows, repeatable=False)

    def complete(self, completions: Sequence[Completion]) -> list[Outcome]:
        """See Connector.complete. An org without call centers has no CallDisposition."""
        outcomes = self._send("PATCH", [_completed(done) for done in completions], repeatable=True)
        plain = [
            place
            for place, (done, outcome) in enumerate(zip(completions, outcomes, strict=True))
            if done.outcome and isinstance(outcome.error, Refused)
        ]
        rows = [_completed(replace(completions[place], outcome="")) for place in plain]
        for place, outcome in zip(plain, self._send("PATCH", rows, repeatable=True), strict=True):
            outcomes[place] = outcome
        return outcomes

    def hand_over(self, handovers: Sequence[Handover]) -> list[Outcome]:
        """See Connector.hand_over."""
        rows = [
            {"attributes": {"type": "Task"}, "id": one.external_id, "OwnerId": one.owner_id}
            for one in handovers
        ]
        return self._send("PATCH", rows, repeatable=True)

    def find_touches(self, lead_ids: Sequence[str]) -> dict[str, str]:
        """See Connector.find_touches. SOQL cannot filter by Description, so all are looked at."""
        found: dict[str, str] = {}
        for chunk in chunks(lead_ids, IDS):
            for items, _ in self._changes.rows(_TASKS_OF + quote_soql_value(chunk)):
                for item in items:
                    try:
                        row = mapping(item)
                        if message_id := message_id_of(text(row.get("Description"))):
                            found[message_id] = text(row.get("Id"))
                    except Malformed as error:
                        raise Unavailable(f"Salesforce's tasks: {error}") from error
        return found

    def _write_records(self, updates: Sequence[RecordUpdate]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        rows: dict[int, Row] = {}
        for position, update in enumerate(updates):
            try:
                rows[position] = self._row(update)
            except (Refused, Conflict) as error:
                outcomes[position] = Outcome(external_id="", error=error)
        # The same values again change nothing.
        written = self._send("PATCH", list(rows.values()), repeatable=True)
        outcomes |= dict(zip(rows, written, strict=True))
        return [outcomes[position] for position in range(len(updates))]

    def _row(self, update: RecordUpdate) -> Row:
        object_ = fields.PREFIXES.get(update.external_id[:3], "")
        if object_ not in fields.OBJECTS[update.kind]:
            raise Conflict(f"{update.external_id!r} is no id of a Salesforce {update.kind}")
        names = self._changes.names(object_)
        for name in update.fields:
            if name == "status" and object_ == "Contact":
                raise Refused(
                    "a Salesforce Contact has no status: only a Lead that is not converted does",
                    field=name,
                )
            if name not in names or name in fields.READ_ONLY:
                choices = ", ".join(sorted(set(names) - fields.READ_ONLY))
                raise Refused(
                    f"{name!r} of a {object_} cannot be written; it takes {choices}", field=name
                )
        values = {names[name]: fields.written(value) for name, value in update.fields.items()}
        return {"attributes": {"type": object_}, "id": update.external_id, **values}

    def _send(self, method: str, rows: Sequence[Row], *, repeatable: bool) -> list[Outcome]:
        def send(batch: Sequence[Row]) -> list[Outcome]:
            results = self._wire.collection(method, batch, repeatable=repeatable)
            locked = [place for place, result in enumerate(results) if is_locked(result)]
            # Rows of one parent one after the other: side by side they lock each other out.
            locked.sort(key=lambda place: _parent(batch[place]))
            if locked:
                again = [batch[place] for place in locked]
                try:
                    retried = self._wire.collection(method, again, repeatable=repeatable)
                except ConnectorError as error:
                    # The others' outcomes are known and must not be lost.
                    return [
                        Outcome(external_id="", error=error)
                        if place in locked
                        else _outcome(result)
                        for place, result in enumerate(results)
                    ]
                for place, result in zip(locked, retried, strict=True):
                    results[place] = result
            return [_outcome(result) for result in results]

        # A shape that it cannot read, a field that is gone: then the whole call is refused.
        return in_batches(rows, _BATCH, lambda batch: refused_apart(batch, send))


def message_id_of(description: str) -> str:
    """The Message-ID in the last line of a Task that we logged; blank for others."""
    last = description.rstrip().rpartition("\n")[2]
    return last.removeprefix(_MARK).strip() if last.startswith(_MARK) else ""


def _task(touch: Touch) -> Row:
    mark = f"\n\n{_MARK}{touch.message_id}"
    task: dict[str, object] = {
        "attributes": {"type": "Task"},
        "TaskSubtype": _subtype(touch),
        "Status": "Not Started" if touch.kind in _OPEN else "Completed",
        "Subject": (_SAYS.get(touch.kind, "") + touch.subject)[:_SUBJECT],
        "ActivityDate": touch.sent_at.astimezone(UTC).date().isoformat(),
        "WhoId": touch.lead_id,
        "Description": fitted(touch.text, _DESCRIPTION - len(mark)) + mark,
    }
    if touch.owner_id:
        task["OwnerId"] = touch.owner_id
    # The platform refuses a WhatId beside a Lead: only Contacts stand on deals.
    if touch.deal_id and fields.PREFIXES.get(touch.lead_id[:3]) == "Contact":
        task["WhatId"] = touch.deal_id
    return task


def _completed(done: Completion) -> Row:
    row = {"attributes": {"type": "Task"}, "id": done.external_id, "Status": "Completed"}
    return {**row, "CallDisposition": done.outcome[:_OUTCOME]} if done.outcome else row


def _subtype(touch: Touch) -> str:
    if touch.kind == "email":
        return "Email"
    return "Call" if touch.kind == "call" or touch.work == "call" else "Task"


def _parent(row: Row) -> str:
    return str(row.get("WhatId") or row.get("WhoId") or row.get("id") or "")


def _outcome(result: Mapping[str, object]) -> Outcome:
    id_ = result.get("id")
    if result.get("success") is True and isinstance(id_, str) and 0 < len(id_) <= _ID:
        return Outcome(external_id=id_)
    if result.get("success") is not False:
        return Outcome(external_id="", error=Unavailable("Salesforce's answer skips this row"))
    return Outcome(external_id="", error=row_error(result))
