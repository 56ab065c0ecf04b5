"""People who are in no CRM, appended to a folder's leads.csv as rows of their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from connectors.csv_folder.fields import COLUMNS, FILES
from connectors.csv_folder.sheet import locked, new_sheet, read_sheet, replace_file
from connectors.errors import Refused
from connectors.mapping import merged

#: What we write of a lead, so that a new file needs a column for it.
WRITTEN_BACK = ("status", "owner_id", "do_not_contact")


def add_leads(folder: Path, fields: object, leads: Sequence[Mapping[str, str]]) -> int:
    """Append those whose address is in no row yet, all of them or none; how many were.

    `fields` is the workspace's setting of that name. Raises Refused where a column is missing, and
    Unavailable where the folder cannot be written.
    """
    table = merged(COLUMNS, fields)["lead"]
    names = list(dict.fromkeys(["email", *(name for lead in leads for name in lead)]))
    columns = [table["external_id"], *(table[name] for name in names)]
    path = folder / FILES["lead"]
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder}; make it, and do it again")
    with locked(folder):
        sheet = read_sheet(path) or new_sheet(path, _first_columns(table, columns))
        missing = [column for column in columns if column not in sheet.columns]
        if missing:
            raise Refused(
                f"{path.name}:1:1: lacks the columns {', '.join(missing)}; add them there"
            )
        known = {row.values.get(table["email"], "").strip().lower() for row in sheet.rows}
        fresh = [lead for lead in leads if lead["email"].lower() not in known]
        rows = [{table[name]: lead[name] for name in lead} for lead in fresh]
        # A number that a deleted row had would stand for another person.
        ids = [{table["external_id"]: f"import-{uuid4().hex[:12]}"} for _ in rows]
        if rows:
            replace_file(
                path, sheet.with_more([id_ | row for id_, row in zip(ids, rows, strict=True)])
            )
    return len(rows)


def _first_columns(table: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """Of a file that is not there yet: also those into which stages, owners and opt-outs are written."""
    return list(dict.fromkeys([*columns, *(table[name] for name in WRITTEN_BACK)]))
