"""What the team's own rows say at the end: the witness holds it against what it received."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.demo import examples
from config.demo.examples import Example
from crm import stages
from crm.models import Connection, Lead
from mail.models import Message
from process import standstill
from process.reports import catalog
from process.reports.report import Scope

#: How leads leave a stage, and how many are still there, as the report on stages has it.
_COUNTED = ("entered", "found", "by_outcome", "by_person", "in_crm", "by_time", "lost", "there")

Passage = Mapping[str, str | int]


@dataclass(frozen=True, kw_only=True)
class Told:
    #: Step tokens of emails whose outcome nobody knows.
    unconfirmed: frozenset[str]
    #: (CRM, the lead's record there) -> the stage that we have the lead in.
    stage_of: Mapping[tuple[str, str], str]
    #: One row a stage, in their order.
    passages: Sequence[Passage]
    examples: Sequence[Example]


def told(at: datetime) -> Told:
    unconfirmed = Message.objects.filter(status=Message.Status.UNCONFIRMED)
    return Told(
        unconfirmed=frozenset(unconfirmed.values_list("token", flat=True)),
        stage_of=_stage_of(),
        passages=_passages(at),
        examples=examples.found(),
    )


def _stage_of() -> Mapping[tuple[str, str], str]:
    found = {}
    for connection in Connection.objects.all():
        leads = Lead.objects.filter(source=connection, deleted_at=None).exclude(stage="")
        stage_of = dict(leads.values_list("pk", "stage"))
        records = stages.live_records("lead", list(stage_of), connection.pk)
        for lead, record in records.items():
            found[connection.name, record.external_id] = stage_of[lead]
    return found


def _passages(at: datetime) -> Sequence[Passage]:
    report = catalog.REPORTS["stages"](Scope(now=at))
    stuck = Counter(lead.stage for lead in standstill.leads(at))
    found: list[Passage] = []
    for row in report.rows:
        cells = dict(zip(report.columns, row, strict=True))
        stage = str(cells["stage"])
        counted = {name: int(str(cells[name])) for name in _COUNTED}
        found.append({"stage": stage, **counted, "stuck": stuck[stage]})
    return found
