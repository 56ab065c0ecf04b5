"""A folder with owners.csv, companies.csv, leads.csv and deals.csv; touches go to touches.csv.

The first row of each names the columns: our field names, or what the workspace maps them to. Only
`id` must be there. Columns that nobody mapped are kept and not read. Several people of a deal stand
in `lead_ids`, separated by semicolons. A row that is gone is not a deleted record: a column
`deleted` says true for one.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from connectors.base import (
    WRITTEN,
    Choice,
    Choices,
    Completion,
    Conflict,
    Custom,
    EventPage,
    Handover,
    Kind,
    Outcome,
    Page,
    Record,
    Refused,
    Sizes,
    Skipped,
    Touch,
    Unavailable,
    Update,
    Written,
)
from connectors.batches import RecordUpdate, chunks, write_coalesced
from connectors.csv_folder.sheet import (
    Row,
    Sheet,
    digest_of,
    locked,
    new_sheet,
    read_sheet,
    replace_file,
)
from connectors.mapping import FieldTable, as_text, vendor_name
from connectors.records import Malformed, Types, build, customs, flag, names_of, readable, text

FILES: Mapping[Kind, str] = {
    "owner": "owners.csv",
    "company": "companies.csv",
    "lead": "leads.csv",
    "deal": "deals.csv",
}
#: Our field -> the column, before the workspace maps it.
COLUMNS: FieldTable = {
    kind: {**{name: name for name in sorted(names_of(kind))}, "external_id": "id"} for kind in FILES
}
TOUCHES = "touches.csv"
TOUCH_COLUMNS = (
    "message_id", "kind", "status", "lead_id", "deal_id", "owner_id", "sent_at", "from_email",
    "to_email", "subject", "text",
)  # fmt: skip
#: Columns of which the files' own values are the choices.
_LISTED = frozenset({"stage", "status", "lifecycle_stage"})
_PAGE = 500
READ_ONLY = frozenset({"external_id", "modified_at", "deleted", "lead_ids", "merged_ids"})


class CsvConnector:
    """Makes no calls: `calls` counts the files that it read or wrote."""

    def __init__(self, *, folder: Path, table: FieldTable, types: Types) -> None:
        self._folder, self._table, self._types = folder, table, types
        self.calls = 0

    def check(self) -> str:
        found = [name for name in FILES.values() if (self._here() / name).exists()]
        if not found:
            raise Refused(f"{self._folder} has none of {', '.join(FILES.values())}")
        return f"{self._folder.name}: {', '.join(found)}"

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        """The stages and statuses that stand in the files today; other columns take any text."""
        return {name: self._values(kind, name) for name in _LISTED & set(names)}

    @property
    def sizes(self) -> Sizes:
        """A file is one call, whatever it holds."""
        return Sizes(listed=1_000_000, read=1_000_000, written=1_000_000)

    def count(self, kind: Kind) -> int:
        sheet = self._sheet(kind)
        return len(sheet.rows) if sheet else 0

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:  # noqa: ARG002 - a file has no window
        """All rows when the file is another one than at the cursor, else none."""
        path = self._here() / FILES[kind]
        self.calls += 1
        known, start = _place(cursor)
        digest = digest_of(path)
        if known and not digest:
            raise Unavailable(
                f"{path.name} is gone from {self._folder}; put it back, if only its header"
            )
        sheet = read_sheet(path) if digest and (digest != known or start) else None
        if sheet is None:
            yield Page(records=[], cursor=_cursor(digest, 0))
            return
        places = range(start if sheet.digest == known else 0, len(sheet.rows))
        pages = list(chunks(places, _PAGE)) or [[]]
        for number, page in enumerate(pages, start=1):
            records, skipped = self._built(kind, sheet, [sheet.rows[place] for place in page])
            behind = page[-1] + 1 if number < len(pages) else 0
            yield Page(records=records, skipped=skipped, cursor=_cursor(sheet.digest, behind))

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:  # noqa: ARG002 - has none
        """Nobody logs anything in a folder."""
        yield EventPage(events=[], cursor=cursor)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        sheet = self._sheet(kind)
        if sheet is None:
            return []
        wanted = set(external_ids)
        rows = [row for row in sheet.rows if self._id(kind, row) in wanted]
        return self._built(kind, sheet, rows)[0]

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return write_coalesced(updates, self._write_records)

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        """One row each in touches.csv; a Message-ID that stands there already is not repeated."""
        if not touches:
            return []
        self._here()
        with locked(self._folder):
            sheet = self._touches()
            known = {row.values.get("message_id") for row in sheet.rows}
            fresh = {t.message_id: t for t in touches if t.message_id not in known}
            if fresh:
                replace_file(sheet.path, sheet.with_more([_touch_row(t) for t in fresh.values()]))
        return [Outcome(external_id=touch.message_id) for touch in touches]

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        self.calls += 1
        sheet = read_sheet(self._here() / TOUCHES)
        wanted = set(lead_ids)
        ids = [
            row.values.get("message_id", "")
            for row in (sheet.rows if sheet else ())
            if row.values.get("lead_id") in wanted
        ]
        return {message_id: message_id for message_id in ids if message_id}

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        """The status of its row in touches.csv becomes `done`."""
        return self._change_touches(
            [(done.external_id, {"status": "done"}) for done in completions]
        )

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        """The owner_id of its row in touches.csv becomes the new one."""
        return self._change_touches(
            [(given.external_id, {"owner_id": given.owner_id}) for given in handovers]
        )

    @property
    def lists(self) -> None:
        """It keeps none."""

    def close(self) -> None:
        """Nothing is kept open."""

    # -- reading ---------------------------------------------------------------------------

    def _here(self) -> Path:
        if not self._folder.is_dir():
            raise Unavailable(f"there is no folder {self._folder}; make it, or put it back")
        return self._folder

    def _sheet(self, kind: Kind) -> Sheet | None:
        self.calls += 1
        return read_sheet(self._here() / FILES[kind])

    def _change_touches(self, changes: Sequence[tuple[str, Mapping[str, str]]]) -> list[Outcome]:
        if not changes:
            return []
        self._here()
        with locked(self._folder):
            sheet = self._touches()
            places = {row.values.get("message_id", ""): n for n, row in enumerate(sheet.rows)}
            cells = {places[id_]: values for id_, values in changes if id_ in places}
            replace_file(sheet.path, sheet.with_rows(cells))
        gone = Conflict(f"{TOUCHES} has no such row any more")
        return [
            Outcome(external_id=id_) if id_ in places else Outcome(external_id="", error=gone)
            for id_, _ in changes
        ]

    def _touches(self) -> Sheet:
        self.calls += 1
        path = self._folder / TOUCHES
        sheet = read_sheet(path) or new_sheet(path, TOUCH_COLUMNS)
        missing = [name for name in TOUCH_COLUMNS if name not in sheet.columns]
        if missing:
            raise Refused(f"{TOUCHES}:1:1: lacks the columns {', '.join(missing)}")
        return sheet

    def _values(self, kind: Kind, name: str) -> list[Choice]:
        sheet, column = self._sheet(kind), self._table[kind][name]
        rows = sheet.rows if sheet else ()
        values = {row.values.get(column, "").strip() for row in rows} - {""}
        return [Choice(value=value, label=value) for value in sorted(values)]

    def _id(self, kind: Kind, row: Row) -> str:
        return row.values.get(self._table[kind]["external_id"], "").strip()

    def _built(
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
                id_ = self._id(kind, row)
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
        return {self._id(kind, row): row.line for row in reversed(sheet.rows)}

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

    # -- writing ---------------------------------------------------------------------------

    def _write_records(self, updates: Sequence[RecordUpdate]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        self._here()
        with locked(self._folder):
            for kind in WRITTEN:
                mine = {place: u for place, u in enumerate(updates) if u.kind == kind}
                if mine:
                    outcomes |= self._write_kind(kind, mine)
        return [outcomes[place] for place in range(len(updates))]

    def _write_kind(
        self, kind: Written, updates: Mapping[int, RecordUpdate]
    ) -> Mapping[int, Outcome]:
        sheet = self._sheet(kind) or new_sheet(self._folder / FILES[kind], ("id",))
        places = {self._id(kind, row): place for place, row in reversed([*enumerate(sheet.rows)])}
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

    def _cells(self, kind: Kind, sheet: Sheet, update: RecordUpdate) -> Mapping[str, str]:
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
            self._check(name, value)
            cells[column] = as_text(cast("Custom", value))
        return cells

    def _check(self, name: str, value: object) -> None:
        """A value that could not be read back is refused, as another CRM's validation would."""
        try:
            if name in {"do_not_contact", "is_closed", "is_won"}:
                flag(value)
        except Malformed as error:
            raise Refused(f"{name}: {error}", field=name) from error


def _found(places: Mapping[str, int], external_id: str, sheet: Sheet) -> int:
    try:
        return places[external_id]
    except KeyError:
        raise Conflict(f"{sheet.path.name} has no row {external_id!r} any more") from None


def _touch_row(touch: Touch) -> Mapping[str, str]:
    return {
        "message_id": touch.message_id,
        "kind": touch.kind,
        "status": "open" if touch.kind in {"task", "meeting"} else "",
        "lead_id": touch.lead_id,
        "deal_id": touch.deal_id,
        "owner_id": touch.owner_id,
        "sent_at": touch.sent_at.isoformat(),
        "from_email": touch.from_email,
        "to_email": touch.to_email,
        "subject": touch.subject,
        "text": touch.text,
    }


def _cursor(digest: str, start: int) -> str:
    return json.dumps({"digest": digest, "row": start})


def _place(cursor: str) -> tuple[str, int]:
    """Digest and first unread row; a text that no cursor wrote starts over."""
    try:
        place = json.loads(cursor or "{}")
        return str(place.get("digest", "")), int(place.get("row", 0))
    except (ValueError, TypeError, AttributeError):
        return "", 0
