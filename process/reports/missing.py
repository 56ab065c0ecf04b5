"""What stages and sequences require, and of how many leads nobody knows it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from process.reports.report import Report, Scope
from workspace.expressions import look_up

COLUMNS = "fact required_by missing leads".split()
NOTES = (
    "leads: those with an address who may be written to, as they are now.",
    "`cadenza brief LEAD` names what one of them lacks.",
)


class Known(NamedTuple):
    """A lead and its facts."""

    owner: str
    stage: str
    facts: Mapping[str, object]


def report(leads: Iterable[Known], required: Mapping[str, Sequence[str]], scope: Scope) -> Report:
    """`required` is fact -> who requires it."""
    missing: Counter[str] = Counter()
    count = 0
    for lead in leads:
        if scope.has_owner(lead.owner) and scope.has_stage(lead.stage):
            count += 1
            missing.update(fact for fact in required if _is_blank(fact, lead.facts))
    rows = [(fact, ", ".join(required[fact]), missing[fact], count) for fact in sorted(required)]
    rows.sort(key=lambda row: -row[2])
    return Report(columns=COLUMNS, rows=rows, notes=NOTES)


def _is_blank(fact: str, facts: Mapping[str, object]) -> bool:
    return look_up(fact.split("."), facts) in (None, "")
