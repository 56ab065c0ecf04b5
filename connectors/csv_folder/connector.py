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

from connectors.base import Choice, Choices, Kind, Page, Record, Sizes, Update, Written
from connectors.batches import chunks
from connectors.csv_folder.fields import FILES
from connectors.csv_folder.folder import Folder
from connectors.csv_folder.rows import Rows
from connectors.csv_folder.sheet import read_sheet
from connectors.csv_folder.touches import Touches
from connectors.csv_folder.writes import Writes
from connectors.edits import Edit
from connectors.engagements import Completion, EventPage, Handover, Touch
from connectors.errors import Outcome, Refused, Unavailable
from connectors.mapping import FieldTable
from connectors.records import Types

#: Columns of which the files' own values are the choices.
_LISTED = frozenset({"stage", "status", "lifecycle_stage"})
_PAGE = 500


class CsvConnector:
    def __init__(self, *, folder: Path, table: FieldTable, types: Types) -> None:
        self._path, self._table = folder, table
        self._folder, self._rows = Folder(folder), Rows(table, types)
        self._writes = Writes(self._folder, self._rows, table)
        self._touches = Touches(self._folder)

    @property
    def calls(self) -> int:
        """It makes none: this counts the files that it read."""
        return self._folder.calls

    def check(self) -> str:
        found = [name for name in FILES.values() if (self._folder.here() / name).exists()]
        if not found:
            raise Refused(f"{self._path} has none of {', '.join(FILES.values())}")
        return f"{self._path.name}: {', '.join(found)}"

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        """The stages and statuses that stand in the files today; other columns take any text."""
        return {name: self._values(kind, name) for name in _LISTED & set(names)}

    @property
    def sizes(self) -> Sizes:
        """A file is one call, whatever it holds."""
        return Sizes(listed=1_000_000, read=1_000_000, written=1_000_000)

    def count(self, kind: Kind) -> int:
        sheet = self._folder.sheet(FILES[kind])
        return len(sheet.rows) if sheet else 0

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:  # noqa: ARG002 - a file has no window
        """All rows when the file is another one than at the cursor, else none."""
        path = self._folder.here() / FILES[kind]
        known, start = _place(cursor)
        digest = self._folder.digest(path.name)
        if known and not digest:
            raise Unavailable(
                f"{path.name} is gone from {self._path}; put it back, if only its header"
            )
        sheet = read_sheet(path) if digest and (digest != known or start) else None
        if sheet is None:
            yield Page(records=[], cursor=_cursor(digest, 0))
            return
        places = range(start if sheet.digest == known else 0, len(sheet.rows))
        pages = list(chunks(places, _PAGE)) or [[]]
        for number, page in enumerate(pages, start=1):
            rows = [sheet.rows[place] for place in page]
            records, skipped = self._rows.built(kind, sheet, rows)
            behind = page[-1] + 1 if number < len(pages) else 0
            yield Page(records=records, skipped=skipped, cursor=_cursor(sheet.digest, behind))

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:  # noqa: ARG002 - has none
        """Nobody logs anything in a folder."""
        yield EventPage(events=[], cursor=cursor)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        sheet = self._folder.sheet(FILES[kind])
        if sheet is None:
            return []
        wanted = set(external_ids)
        rows = [row for row in sheet.rows if self._rows.id_of(kind, row) in wanted]
        return self._rows.built(kind, sheet, rows)[0]

    def edits(
        self,
        kind: Written,  # noqa: ARG002 - has none
        field: str,  # noqa: ARG002 - likewise
        external_ids: Sequence[str],  # noqa: ARG002 - likewise
    ) -> Mapping[str, Sequence[Edit]]:
        """A file does not say who wrote it."""
        return {}

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return self._writes.update(updates)

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        return self._touches.log(touches)

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        return self._touches.find(lead_ids)

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        """The status of its row in touches.csv becomes `done`."""
        return self._touches.change(
            [(done.external_id, {"status": "done"}) for done in completions]
        )

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        """The owner_id of its row in touches.csv becomes the new one."""
        return self._touches.change(
            [(given.external_id, {"owner_id": given.owner_id}) for given in handovers]
        )

    @property
    def lists(self) -> None:
        """It keeps none."""

    def close(self) -> None:
        """Nothing is kept open."""

    def _values(self, kind: Kind, name: str) -> list[Choice]:
        sheet, column = self._folder.sheet(FILES[kind]), self._table[kind][name]
        rows = sheet.rows if sheet else ()
        values = {row.values.get(column, "").strip() for row in rows} - {""}
        return [Choice(value=value, label=value) for value in sorted(values)]


def _cursor(digest: str, start: int) -> str:
    return json.dumps({"digest": digest, "row": start})


def _place(cursor: str) -> tuple[str, int]:
    """Digest and first unread row; a text that no cursor wrote starts over."""
    try:
        place = json.loads(cursor or "{}")
        return str(place.get("digest", "")), int(place.get("row", 0))
    except (ValueError, TypeError, AttributeError):
        return "", 0
