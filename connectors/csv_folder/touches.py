"""Touches as rows of touches.csv, each known by its Message-ID."""

from collections.abc import Mapping, Sequence

from connectors.csv_folder.folder import Folder
from connectors.csv_folder.sheet import Sheet, locked, new_sheet, replace_file
from connectors.engagements import Touch
from connectors.errors import Conflict, Outcome, Refused

FILE = "touches.csv"
COLUMNS = (
    "message_id", "kind", "status", "lead_id", "deal_id", "owner_id", "sent_at", "from_email",
    "to_email", "subject", "text",
)  # fmt: skip


class Touches:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def log(self, touches: Sequence[Touch]) -> list[Outcome]:
        """One row each; a Message-ID that stands there already is not repeated."""
        if not touches:
            return []
        with locked(self._folder.here()):
            sheet = self._sheet()
            known = {row.values.get("message_id") for row in sheet.rows}
            fresh = {t.message_id: t for t in touches if t.message_id not in known}
            if fresh:
                replace_file(sheet.path, sheet.with_more([_row(t) for t in fresh.values()]))
        return [Outcome(external_id=touch.message_id) for touch in touches]

    def find(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        """See Connector.find_touches."""
        sheet = self._folder.sheet(FILE)
        wanted = set(lead_ids)
        ids = [
            row.values.get("message_id", "")
            for row in (sheet.rows if sheet else ())
            if row.values.get("lead_id") in wanted
        ]
        return {message_id: message_id for message_id in ids if message_id}

    def change(self, changes: Sequence[tuple[str, Mapping[str, str]]]) -> list[Outcome]:
        """New values of the rows with these ids; a Conflict where one is gone."""
        if not changes:
            return []
        with locked(self._folder.here()):
            sheet = self._sheet()
            places = {row.values.get("message_id", ""): n for n, row in enumerate(sheet.rows)}
            cells = {places[id_]: values for id_, values in changes if id_ in places}
            replace_file(sheet.path, sheet.with_rows(cells))
        gone = Conflict(f"{FILE} has no such row any more")
        return [
            Outcome(external_id=id_) if id_ in places else Outcome(external_id="", error=gone)
            for id_, _ in changes
        ]

    def _sheet(self) -> Sheet:
        sheet = self._folder.sheet(FILE) or new_sheet(self._folder.here() / FILE, COLUMNS)
        missing = [name for name in COLUMNS if name not in sheet.columns]
        if missing:
            raise Refused(f"{FILE}:1:1: lacks the columns {', '.join(missing)}")
        return sheet


def _row(touch: Touch) -> Mapping[str, str]:
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
