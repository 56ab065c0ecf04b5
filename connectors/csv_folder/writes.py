"""Writing fields into a folder's files: all that goes into one file at once."""

from collections.abc import Mapping, Sequence
from typing import cast

from connectors.base import WRITTEN, Custom, Update, Written
from connectors.batches import RecordUpdate, write_coalesced
from connectors.csv_folder.fields import FILES, READ_ONLY
from connectors.csv_folder.folder import Folder
from connectors.csv_folder.rows import Rows
from connectors.csv_folder.sheet import Sheet, locked, new_sheet, replace_file
from connectors.errors import Conflict, Outcome, Refused
from connectors.mapping import FieldTable, as_text, vendor_name
from connectors.values import Malformed, flag


class Writes:
    def __init__(self, folder: Folder, rows: Rows, table: FieldTable) -> None:
        self._folder, self._rows, self._table = folder, rows, table

    def update(self, updates: Sequence[Update]) -> list[Outcome]:
        """See Connector.update."""
        return write_coalesced(updates, self._write_records)

    def _write_records(self, updates: Sequence[RecordUpdate]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        with locked(self._folder.here()):
            for kind in WRITTEN:
                mine = {place: u for place, u in enumerate(updates) if u.kind == kind}
                if mine:
                    outcomes |= self._write_kind(kind, mine)
        return [outcomes[place] for place in range(len(updates))]

    def _write_kind(
        self, kind: Written, updates: Mapping[int, RecordUpdate]
    ) -> Mapping[int, Outcome]:
        file = FILES[kind]
        sheet = self._folder.sheet(file) or new_sheet(self._folder.here() / file, ("id",))
        by_place = reversed([*enumerate(sheet.rows)])
        places = {self._rows.id_of(kind, row): place for place, row in by_place}
        outcomes: dict[int, Outcome] = {}
        changed: dict[int, Mapping[str, str]] = {}
        for position, update in updates.items():
            try:
                values = self._cells(kind, sheet, update)
                changed[_found(places, update.external_id, sheet)] = values
                outcomes[position] = Outcome(external_id=update.external_id)
            except (Refused, Conflict) as error:
                outcomes[position] = Outcome(external_id="", error=error)
        if changed:
            replace_file(sheet.path, sheet.with_rows(changed))
        return outcomes

    def _cells(self, kind: Written, sheet: Sheet, update: RecordUpdate) -> Mapping[str, str]:
        cells: dict[str, str] = {}
        for name, value in update.fields.items():
            column = vendor_name(self._table, kind, name)
            if name in READ_ONLY or column not in sheet.columns:
                choices = ", ".join(sheet.columns)
                add = "" if name in READ_ONLY else f"; add a column {column}"
                raise Refused(
                    f"{sheet.path.name} takes no {name!r}{add}; its columns are {choices}",
                    field=name,
                )
            _check(name, value)
            cells[column] = as_text(cast("Custom", value))
        return cells


def _found(places: Mapping[str, int], external_id: str, sheet: Sheet) -> int:
    try:
        return places[external_id]
    except KeyError:
        raise Conflict(f"{sheet.path.name} has no row {external_id!r} any more") from None


def _check(name: str, value: object) -> None:
    """A value that could not be read back is refused, as another CRM's validation would."""
    try:
        if name in {"do_not_contact", "is_closed", "is_won"}:
            flag(value)
    except Malformed as error:
        raise Refused(f"{name}: {error}", field=name) from error
