"""Writing to HubSpot: batches of 100, an outcome per row, touches as engagements.

A batch is refused whole (400, 409) or in part (207, only when each input carries a trace id).
https://developers.hubspot.com/docs/reference/api/crm/engagements/email
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from connectors.base import (
    WRITTEN,
    Completion,
    Conflict,
    ConnectorError,
    Custom,
    Handover,
    LeadRecord,
    Outcome,
    Refused,
    Touch,
    Unavailable,
    Update,
    Written,
)
from connectors.batches import RecordUpdate, chunks, in_batches, refused_apart, write_coalesced
from connectors.hubspot import engagements, fields
from connectors.hubspot.changes import Changes
from connectors.hubspot.wire import Wire, field_of
from connectors.mapping import FieldTable, as_text, vendor_name
from connectors.records import Malformed, identity, mapping, text
from connectors.vendor_text import shown

_BATCH = 100
_Row = TypeVar("_Row", Touch, Completion, Handover)


class Writes:
    def __init__(self, wire: Wire, changes: Changes, table: FieldTable) -> None:
        self._wire, self._changes, self._table = wire, changes, table

    def update(self, updates: Sequence[Update]) -> list[Outcome]:
        """See Connector.update."""
        return write_coalesced(updates, self._write_records)

    def log_touches(self, touches: Sequence[Touch]) -> list[Outcome]:
        """See Connector.log_touches. Emails of both directions are emails, bounce reports notes."""
        return _by_object(touches, self._create_touches)

    def complete(self, completions: Sequence[Completion]) -> list[Outcome]:
        """See Connector.complete."""
        return _by_object(completions, self._complete)

    def hand_over(self, handovers: Sequence[Handover]) -> list[Outcome]:
        """See Connector.hand_over."""
        return _by_object(handovers, self._hand_over)

    def find_touches(self, lead_ids: Sequence[str]) -> dict[str, str]:
        """See Connector.find_touches."""
        touches: dict[str, str] = {}
        for object_, name in engagements.MARKS.items():
            found = self._changes.associated("contacts", object_, lead_ids)
            ids = sorted({str(to.get("toObjectId")) for links in found.values() for to in links})
            for chunk in chunks(ids, _BATCH):
                answer = self._wire.post(
                    f"/crm/v3/objects/{object_}/batch/read",
                    {
                        "inputs": [{"id": id_} for id_ in chunk],
                        "properties": [name],
                        "propertiesWithHistory": [],
                    },
                    repeatable=True,
                )
                for result in _objects(answer, "results"):
                    if message_id := _message_id(object_, result):
                        touches[message_id] = _id(result)
        return touches

    # -- updates ---------------------------------------------------------------------------

    def _write_records(self, rows: Sequence[RecordUpdate]) -> list[Outcome]:
        """One row per record in, one outcome per row out, in order."""
        outcomes = self._opted_out(rows)
        ready: list[tuple[int, RecordUpdate, dict[str, str]]] = []
        for position, row in enumerate(rows):
            if position in outcomes and outcomes[position].error is not None:
                continue
            try:
                properties = self._properties(row)
                if properties:
                    ready.append((position, row, properties))
            except Refused as error:
                outcomes[position] = Outcome(external_id="", error=error)
        for kind in WRITTEN:
            mine = [one for one in ready if one[1].kind == kind]
            inputs = [{"id": row.external_id, "properties": values} for _, row, values in mine]
            try:
                written = self._update_all(kind, inputs)
            except ConnectorError as error:
                if not any(outcome.error is None for outcome in outcomes.values()):
                    raise
                written = [Outcome(external_id="", error=error)] * len(mine)
            outcomes |= {one[0]: outcome for one, outcome in zip(mine, written, strict=True)}
        return [outcomes[position] for position in range(len(rows))]

    # -- opt-outs --------------------------------------------------------------------------

    def _opted_out(self, rows: Sequence[RecordUpdate]) -> dict[int, Outcome]:
        """Those who asked to be left alone: unsubscribed from everything by address, in batches.

        hs_email_optout itself cannot be written.
        https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/guide
        """
        asked = {
            position: row.external_id
            for position, row in enumerate(rows)
            if row.kind == "lead" and row.fields.get("do_not_contact") is True
        }
        if not asked:
            return {}
        found = self._changes.read("lead", sorted(set(asked.values())))[0]
        emails = {r.external_id: {r.email} for r in found if isinstance(r, LeadRecord)}
        for position, id_ in asked.items():
            # An address that is written now may not be the one that stands there yet.
            emails.get(id_, set()).add(str(rows[position].fields.get("email") or ""))
        errors: dict[str, Mapping[str, Any]] = {}
        for chunk in chunks(sorted(set().union(*emails.values()) - {""}), _BATCH):
            answer = self._wire.post(
                "/communication-preferences/v4/statuses/batch/unsubscribe-all",
                {"inputs": chunk},
                query={"channel": "EMAIL"},
                repeatable=True,  # once more unsubscribes nobody else
            )
            errors |= _errors_by_address(answer, chunk)
        return {position: _opt_out_outcome(id_, emails, errors) for position, id_ in asked.items()}

    def _properties(self, row: RecordUpdate) -> dict[str, str]:
        for name, value in row.fields.items():
            if name == "do_not_contact" and value is True:
                continue  # told by address, see above
            if name in fields.READ_ONLY:
                raise Refused(f"{name} of a {row.kind} cannot be written to HubSpot", field=name)
        return {
            vendor_name(self._table, row.kind, name): as_text(cast("Custom", value))
            for name, value in row.fields.items()
            if name != "do_not_contact"
        }

    def _update_all(self, kind: Written, inputs: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        def send(batch: Sequence[Mapping[str, Any]]) -> list[Outcome]:
            answer = self._wire.post(
                f"/crm/v3/objects/{fields.OBJECTS[kind]}/batch/update",
                {"inputs": [{**row, "objectWriteTraceId": row["id"]} for row in batch]},
                repeatable=True,  # the same values again change nothing
            )
            self._move_back(kind, batch, answer)
            done = {_id(result) for result in _objects(answer, "results")}
            errors = _errors_by_row(answer)
            return [_updated(row["id"], done, errors) for row in batch]

        return in_batches(inputs, _BATCH, lambda batch: refused_apart(batch, send))

    def _move_back(
        self, kind: Written, batch: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]
    ) -> None:
        """A lifecycle stage that HubSpot did not take since it lies behind: clear it, then set it.

        https://knowledge.hubspot.com/records/use-lifecycle-stages
        """
        name = self._table[kind].get("lifecycle_stage", "")
        wanted = {row["id"]: row["properties"][name] for row in batch if name in row["properties"]}
        back = [
            id_
            for result in (_objects(answer, "results") if wanted else ())
            if wanted.get(id_ := _id(result)) and _property(result, name) != wanted[id_]
        ]
        for values in (dict.fromkeys(back, ""), {id_: wanted[id_] for id_ in back}):
            if values:
                inputs = [{"id": id_, "properties": {name: v}} for id_, v in values.items()]
                path = f"/crm/v3/objects/{fields.OBJECTS[kind]}/batch/update"
                self._wire.post(path, {"inputs": inputs}, repeatable=True)

    # -- touches ---------------------------------------------------------------------------

    def _create_touches(self, object_: str, touches: Sequence[Touch]) -> list[Outcome]:
        answer = self._wire.post(
            f"/crm/v3/objects/{object_}/batch/create",
            {"inputs": [engagements.made(touch) for touch in touches]},
            repeatable=False,  # a second time would log it twice
        )
        created = {
            _message_id(object_, result): _id(result) for result in _objects(answer, "results")
        }
        errors = _errors_by_row(answer)
        return [_logged(touch.message_id, created, errors) for touch in touches]

    def _complete(self, object_: str, completions: Sequence[Completion]) -> list[Outcome]:
        values = engagements.COMPLETED[object_]
        return self._set(object_, {done.external_id: values for done in completions}, completions)

    def _hand_over(self, object_: str, handovers: Sequence[Handover]) -> list[Outcome]:
        values = {given.external_id: {"hubspot_owner_id": given.owner_id} for given in handovers}
        return self._set(object_, values, handovers)

    def _set(
        self,
        object_: str,
        values: Mapping[str, Mapping[str, str]],
        rows: Sequence[Completion | Handover],
    ) -> list[Outcome]:
        answer = self._wire.post(
            f"/crm/v3/objects/{object_}/batch/update",
            {
                "inputs": [
                    {"id": id_, "properties": values[id_], "objectWriteTraceId": id_}
                    for id_ in sorted(values)
                ]
            },
            repeatable=True,  # the same values again change nothing
        )
        done = {_id(result) for result in _objects(answer, "results")}
        errors = _errors_by_row(answer)
        return [_updated(row.external_id, done, errors) for row in rows]


def _by_object(
    rows: Sequence[_Row], send: Callable[[str, Sequence[_Row]], list[Outcome]]
) -> list[Outcome]:
    """Each object's rows in batches of their own; raises only when nothing is known of any row."""
    outcomes: dict[int, Outcome] = {}
    for object_ in engagements.MARKS:
        mine = [n for n, row in enumerate(rows) if engagements.OBJECTS[row.kind] == object_]
        apart = partial(refused_apart, send=partial(send, object_))
        try:
            answered = in_batches([rows[n] for n in mine], _BATCH, apart)
        except ConnectorError as error:
            if not any(outcome.error is None for outcome in outcomes.values()):
                raise
            answered = [Outcome(external_id="", error=error)] * len(mine)
        outcomes |= dict(zip(mine, answered, strict=True))
    return [outcomes[n] for n in range(len(rows))]


def _errors_by_address(
    answer: Mapping[str, Any], addresses: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Whom HubSpot did not unsubscribe; an error that names nobody of them may mean any."""
    named = {name.lower(): error for name, error in _errors_by_row(answer).items()}
    found = {address: named[address.lower()] for address in addresses if address.lower() in named}
    errors = list(_objects(answer, "errors", required=False))
    return found if found or not errors else dict.fromkeys(addresses, errors[0])


def _opt_out_outcome(
    id_: str, emails: Mapping[str, set[str]], errors: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    addresses = emails.get(id_, set()) - {""}
    refused_by = next((errors[address] for address in sorted(addresses & set(errors))), None)
    if refused_by is not None:
        return Outcome(
            external_id="",
            error=Refused(shown(refused_by.get("message") or "refused"), field="do_not_contact"),
        )
    if addresses:
        return Outcome(external_id=id_)
    if id_ in emails:
        refused = Refused("HubSpot opts out by address, and it has none", field="do_not_contact")
        return Outcome(external_id="", error=refused)
    gone = Conflict(f"HubSpot has no contact {id_}: it was merged or deleted")
    return Outcome(external_id="", error=gone)


def _message_id(object_: str, result: Mapping[str, Any]) -> str:
    return engagements.message_id(object_, _property(result, engagements.MARKS[object_]))


def _updated(id_: str, done: set[str], errors: Mapping[str, Mapping[str, Any]]) -> Outcome:
    if id_ in done:
        return Outcome(external_id=id_)
    error = errors.get(id_)
    if error is None or error.get("category") == "OBJECT_NOT_FOUND":
        gone = Conflict(f"HubSpot did not write record {id_}: it was merged or deleted")
        return Outcome(external_id="", error=gone)
    return Outcome(external_id="", error=_refusal(error))


def _logged(
    message_id: str, created: Mapping[str, str], errors: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    if message_id in created:
        return Outcome(external_id=created[message_id])
    if message_id in errors:
        return Outcome(external_id="", error=_refusal(errors[message_id]))
    # Neither logged nor refused as far as the answer says: look before it is written again.
    return Outcome(external_id="", error=Unavailable("HubSpot's answer does not name this touch"))


def _refusal(error: Mapping[str, Any]) -> Refused:
    return Refused(shown(error.get("message") or "refused"), field=field_of(error))


def _errors_by_row(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Errors of a 207 by what they name: the trace id that we gave, or the record's id."""
    found: dict[str, Mapping[str, Any]] = {}
    for error in _objects(answer, "errors", required=False):
        context = error.get("context")
        for key in ("objectWriteTraceId", "ids", "id"):
            named = context.get(key) if isinstance(context, Mapping) else None
            for name in named if isinstance(named, list) else [named]:
                if isinstance(name, str):
                    found[name] = error
    return found


def _objects(
    answer: Mapping[str, Any], key: str, *, required: bool = True
) -> Iterable[Mapping[str, Any]]:
    items = answer.get(key)
    if items is None and not required:
        return []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise Unavailable(f"HubSpot's answer has no list of {key}")
    return items


def _id(result: Mapping[str, Any]) -> str:
    try:
        return identity(result.get("id"))
    except Malformed as error:
        raise Unavailable(f"an id of HubSpot's answer: {error}") from error


def _property(result: Mapping[str, Any], name: str) -> str:
    try:
        return text(mapping(result.get("properties")).get(name))
    except Malformed as error:
        raise Unavailable(f"{name} of HubSpot's answer: {error}") from error
