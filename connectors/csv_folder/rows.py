"""From a file's rows to our records; a row that is none is left out, with file, line and column."""

from collections.abc import Mapping, Sequence

from connectors.base import Kind, Record, Skipped
from connectors.csv_folder.sheet import Row, Sheet
from connectors.errors import Refused
from connectors.mapping import FieldTable
from connectors.records import Types, build, customs, readable
from connectors.values import Malformed, text


class Rows:
    def __init__(self, table: FieldTable, types: Types) -> None:
        self._table, self._types = table, types

    def id_of(self, kind: Kind, row: Row) -> str:
        return row.values.get(self._table[kind]["external_id"], "").strip()

    def built(
        self, kind: Kind, sheet: Sheet, rows: Sequence[Row]
    ) -> tuple[list[Record], list[Skipped]]:
        """Records, and the rows that are none, each with file, line and column."""
        if self._table[kind]["external_id"] not in sheet.columns:
            wanted = self._table[kind]["external_id"]
            raise Refused(f"{sheet.path.name}:1:1: has no column {wanted!r}")
        records: list[Record] = []
        skipped: list[Skipped] = []
        first = self._lines(kind, sheet)
        for row in rows:
            if not any(row.values.values()):
                continue  # a blank line
            try:
                id_ = self.id_of(kind, row)
                if row.fault:
                    raise Malformed(row.fault)  # noqa: TRY301 - one place makes the message
                if first[id_] != row.line:
                    raise Malformed(f"external_id: {id_!r} stands in line {first[id_]} already")  # noqa: TRY301
                raw = self._raw(kind, row)
                fitting, faults = readable(raw)
                extra, others = customs(kind, raw, self._types)
                records.append(build(kind, fitting, extra))
                faults = [*faults, *others]
            except Malformed as error:
                faults = [str(error)]
            for fault in faults:
                column = self._table[kind].get(fault.partition(":")[0])
                place = sheet.place(row.line, column or self._table[kind]["external_id"])
                reason = f"{place}: {fault}"
                skipped.append(Skipped(external_id=id_, reason=reason))
        return records, skipped

    def _lines(self, kind: Kind, sheet: Sheet) -> Mapping[str, int]:
        """In which line an id stands first: of several rows with one id that is the record."""
        return {self.id_of(kind, row): row.line for row in reversed(sheet.rows)}

    def _raw(self, kind: Kind, row: Row) -> Mapping[str, object]:
        values: dict[str, object] = {
            ours: (row.values.get(column) or "").strip() or None
            for ours, column in self._table[kind].items()
        }
        for name in ("lead_ids", "merged_ids"):
            if values.get(name) is not None:
                ids = text(values[name]).split(";")
                values[name] = [id_.strip() for id_ in ids if id_.strip()]
        return values
