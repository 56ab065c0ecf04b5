"""Which file stands for which kind, and which of its columns for which of our fields."""

from collections.abc import Mapping

from connectors.base import Kind
from connectors.mapping import FieldTable
from connectors.records import names_of

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
READ_ONLY = frozenset({"external_id", "modified_at", "deleted", "lead_ids", "merged_ids"})
