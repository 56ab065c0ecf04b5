"""A lead's place among the stages: read from the CRM's values, moved by the process, written back.

While a lead has an open deal, the deal's stage is the CRM's word for it; then the deal that was won
last; without any deal, the lead's own status.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import F, Q

from connectors.edits import Edit
from crm import authors, binding, ledger
from crm.models import Connection, Deal, ExternalRecord, Lead, StageCounterpart, StageMove
from crm.timeline import note

Because = dict[str, object]
#: A row whose value says the stage: lead or deal, and its number.
Place = tuple[str, int]


def bound_deals(lead_ids: Iterable[int]) -> Mapping[int, Deal]:
    """Lead id -> the deal that decides its stage: the newest open one, else the last one won."""
    bound: dict[int, Deal] = {}
    # A deal in another CRM than the lead's source says nothing there, and is never written.
    deals = Deal.objects.filter(lead__in=lead_ids, deleted_at=None, source=F("lead__source"))
    deals = deals.filter(Q(is_closed=False) | Q(is_won=True))
    for deal in binding.in_order(deals):
        if deal.lead_id is not None:
            bound[deal.lead_id] = deal
    return bound


def bound_deal(lead: Lead) -> Deal | None:
    return bound_deals([lead.pk]).get(lead.pk)


def move(
    lead: Lead,
    to: str,
    *,
    at: datetime,
    because: Because,
    by: str = StageMove.By.RULE,
    who: str = "",
) -> bool:
    """Move a lead by our word, and owe the source CRM its counterpart; `who` names a person."""
    if lead.stage == to:
        return False
    _record_move(lead, to, at=at, because=because, by=by, who=who)
    _owe(lead, to, at=at)
    return True


def settle(
    connection: Connection,
    leads: Sequence[Lead],
    *,
    at: datetime,
    edits: Mapping[Place, Sequence[Edit]] | None = None,
) -> None:
    """Take over what the source CRM says of the leads' stages, and by `edits` who moved them there.

    A value that stands for several stages moves a lead only when the present one is not among them.
    A first pull moves nobody: it finds a lead by its status, and then by its deal.
    """
    is_first_pull = connection.first_pulled_at is None
    stages_of = _stages_by_value(connection)
    deals = bound_deals([lead.pk for lead in leads])
    first_seen: list[Lead] = []
    for lead in leads:
        deal = deals.get(lead.pk)
        kind, value = ("deal", deal.stage_value) if deal else ("lead", lead.status)
        stages = stages_of.get((kind, value), ())
        if lead.source_id != connection.pk or not stages or lead.stage in stages:
            continue
        if lead.stage and not is_first_pull:
            told = (edits or {}).get((kind, deal.pk if deal else lead.pk), ())
            for step in authors.moves(connection.name, value, told, since=lead.stage_since, now=at):
                _follow(lead, stages_of.get((kind, step.value), ()), step, seen_at=at)
        else:
            lead.stage, lead.stage_since = stages[0], at
            first_seen.append(lead)
    Lead.objects.bulk_update(first_seen, ["stage", "stage_since"], batch_size=500)


def settle_unplaced(connection: Connection, *, at: datetime) -> None:
    """Place the leads that have no stage yet, after the counterparts were written."""
    unplaced = Lead.objects.filter(source=connection, stage="", deleted_at=None)
    settle(connection, list(unplaced), at=at)


def put_here_from(lead_ids: Sequence[int]) -> Mapping[int, str]:
    """Lead id -> the stage out of which a person, here or in the CRM, moved it into its present one."""
    by_person = {StageMove.By.PERSON, StageMove.By.CRM}
    last: dict[int, str] = {}
    for start in range(0, len(lead_ids), 500):
        moves = StageMove.objects.filter(lead__in=lead_ids[start : start + 500]).order_by("pk")
        for lead_id, by, stage in moves.values_list("lead", "by", "from_stage"):
            last[lead_id] = stage if by in by_person else ""
    return {lead_id: stage for lead_id, stage in last.items() if stage}


def _follow(lead: Lead, stages: Sequence[str], move: authors.Move, *, seen_at: datetime) -> None:
    """Make a move of the CRM's ours.

    It stands on the timeline when it was seen: what begins or ends by it must not be too late for it.
    """
    if stages and lead.stage not in stages:
        _record_move(
            lead,
            stages[0],
            at=move.at,
            because=dict(move.because),
            by=StageMove.By.CRM,
            who=move.who,
            noted_at=seen_at,
        )


def _record_move(
    lead: Lead,
    to: str,
    *,
    at: datetime,
    because: Because,
    by: str,
    who: str,
    noted_at: datetime | None = None,
) -> None:
    told = {"from_stage": lead.stage, "to_stage": to, "because": because, "by": by, "who": who}
    row = StageMove.objects.create(lead=lead, at=at, **told)
    note(
        "stage_moved",
        lead=lead,
        occurred_at=noted_at or at,
        data={
            "from": lead.stage,
            "to": to,
            "by": by,
            "who": who,
            "because": because,
            "move": row.pk,
            **({"at": at.isoformat()} if noted_at else {}),
        },
    )
    lead.stage, lead.stage_since = to, at
    lead.save(update_fields=["stage", "stage_since"])


def _owe(lead: Lead, stage: str, *, at: datetime) -> None:
    """Put the Change that writes the stage's counterpart: on the deal, else on the lead.

    A deal that was won stays won, whatever becomes of the customer.
    """
    deal = bound_deal(lead)
    if deal is not None and deal.is_closed:
        return
    target, field = (deal, "stage_value") if deal else (lead, "status")
    kind = "deal" if deal else "lead"
    value = (
        StageCounterpart.objects.filter(
            connection=lead.source_id, object=kind, stage=stage, written=True
        )
        .values_list("value", flat=True)
        .first()
    )
    record = _record_of(target, kind, lead.source_id)
    if value is None or record is None or getattr(target, field) == value:
        return
    setattr(target, field, value)
    target.save(update_fields=[field])
    ledger.owe_update(record, field, value, at=at)


def _record_of(target: Lead | Deal, kind: str, connection_id: int) -> ExternalRecord | None:
    return live_records(kind, [target.pk], connection_id).get(target.pk)


def live_records(kind: str, ids: Sequence[int], connection_id: int) -> Mapping[int, ExternalRecord]:
    """Our row's id -> its record in a connection; of several (a converted Lead) the newest."""
    records = ExternalRecord.objects.filter(
        connection=connection_id, kind=kind, deleted_at=None, **{f"{kind}__in": ids}
    ).order_by("id")
    return {getattr(record, f"{kind}_id"): record for record in records}


def _stages_by_value(connection: Connection) -> Mapping[tuple[str, str], Sequence[str]]:
    table: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in StageCounterpart.objects.filter(connection=connection).order_by("id"):
        table[row.object, row.value].append(row.stage)
    return table
