"""Writing fields to HubSpot: batches of 100, an outcome per row.

A batch is refused whole (400, 409) or in part (207, only when each input carries a trace id).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from connectors.base import WRITTEN, Custom, Update, Written
from connectors.batches import RecordUpdate, in_batches, refused_apart, write_coalesced
from connectors.errors import ConnectorError, Outcome, Refused
from connectors.hubspot import answers, fields
from connectors.hubspot.changes import Changes
from connectors.hubspot.opt_outs import OptOuts
from connectors.hubspot.wire import Wire
from connectors.mapping import FieldTable, as_text, vendor_name

_BATCH = 100


class Writes:
    def __init__(self, wire: Wire, changes: Changes, table: FieldTable) -> None:
        self._wire, self._table = wire, table
        self._opt_outs = OptOuts(wire, changes)

    def update(self, updates: Sequence[Update]) -> list[Outcome]:
        """See Connector.update."""
        return write_coalesced(updates, self._write_records)

    def _write_records(self, rows: Sequence[RecordUpdate]) -> list[Outcome]:
        """One row per record in, one outcome per row out, in order."""
        outcomes = self._opt_outs.write(rows)
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

    def _properties(self, row: RecordUpdate) -> dict[str, str]:
        for name, value in row.fields.items():
            if name == "do_not_contact" and value is True:
                continue  # told by address, see OptOuts
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
            done = {answers.id_of(result) for result in answers.objects(answer, "results")}
            errors = answers.errors_by_row(answer)
            return [answers.updated(row["id"], done, errors) for row in batch]

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
            for result in (answers.objects(answer, "results") if wanted else ())
            if wanted.get(id_ := answers.id_of(result))
            and answers.property_of(result, name) != wanted[id_]
        ]
        for values in (dict.fromkeys(back, ""), {id_: wanted[id_] for id_ in back}):
            if values:
                inputs = [{"id": id_, "properties": {name: v}} for id_, v in values.items()]
                path = f"/crm/v3/objects/{fields.OBJECTS[kind]}/batch/update"
                self._wire.post(path, {"inputs": inputs}, repeatable=True)
