"""The facts that expressions and templates may read of a lead, by name."""

from collections.abc import Mapping

from workspace.comparisons import Type, Types

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
_NO_TEXTS: Mapping[str, Type] = {
    **dict.fromkeys(("lead.nps", "lead.score", "lead.fit", "lead.engagement"), "number"),
    **dict.fromkeys(("company.employees", "deal.amount"), "number"),
    **dict.fromkeys(("deal.is_closed", "deal.is_won", "deal.is_open", "deal.exists"), "bool"),
}
#: What each of them is; the team's own are of the types that it gives them.
TYPES: Types = {
    fact: _NO_TEXTS.get(fact, "text")
    for name, fields in FIELDS.items()
    for fact in (f"{name}.{field}" for field in fields - {"extra"})
}
