"""The facts that expressions and templates may read of a lead, by name."""

from collections.abc import Mapping

#: Name -> its fields: the schema that `check` holds expressions and templates against.
FIELDS: Mapping[str, frozenset[str]] = {
    "lead": frozenset(
        "email first_name last_name title phone country language timezone status "
        "lifecycle_stage stage line nps extra score fit engagement".split()
    ),
    "company": frozenset("name domain industry country employees extra".split()),
    "deal": frozenset(
        "name stage_value pipeline amount is_closed is_won is_open exists extra".split()
    ),
    "owner": frozenset("name email".split()),
    "answer": frozenset({"disposition"}),
    "meeting": frozenset("start day time timezone title url status".split()),
}
