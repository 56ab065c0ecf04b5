"""Moving leads from stage to stage: by an exit of the process, or by a person's word.

A stage may require facts. A move by an exit waits until they are known, and the owner has a task that
names them; whoever moves a lead here is refused; what was moved in the CRM holds, with the same task.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from crm import facts, stages
from crm.models import Activity, Deal, Lead, StageCounterpart, StageMove
from process import asked, outcomes, tasks
from process.definition import STAGES, Process
from process.exits import Happened, Standing, WayOut
from process.models import HeldMove
from runtime import clock
from workspace.problems import Fault, unknown

#: A company's facts may come to be known without anything that happens with the lead.
ASK_AGAIN = timedelta(minutes=10)
#: Where a deal that was won leads.
_OF_CUSTOMERS = STAGES[-1]


def happened(activity: Activity, *, answer: str = "") -> bool:
    """Move the lead when an exit of its present stage fits this activity; whether it moved."""
    lead = activity.lead
    if lead is None:
        return False
    data = activity.data
    what = Happened(
        kind=activity.kind,
        answer=answer,
        task=str(data.get("task", "")),
        disposition=str(data.get("disposition", "")),
        sequence=str(data.get("sequence", "")),
        won=data.get("won"),
        stands_for=_stands_for(activity),
    )
    deal = activity.deal if activity.kind in {"deal_closed", "deal_moved"} else None
    if deal is not None and _another_decides(lead, deal):
        return False
    cause = {"cause": f"activity {activity.pk}", **_signed(activity)}
    return move_on(lead, what, at=activity.occurred_at, deal=deal, cause=cause)


def _signed(activity: Activity) -> Mapping[str, object]:
    """Who brought the deal where it is, and why it was lost, as far as somebody said."""
    if activity.deal is None:
        return {}
    is_lost = activity.kind == "deal_closed" and not activity.data.get("won")
    told = {
        "who": activity.data.get("who"),
        "lost": asked.reason_of(activity.deal) if is_lost else "",
    }
    return {name: value for name, value in told.items() if value}


def _another_decides(lead: Lead, deal: Deal) -> bool:
    """Another deal of the lead's is open: it would be moved where this one went, in its CRM too."""
    bound = stages.bound_deal(lead)
    return bound is not None and not bound.is_closed and bound != deal


def move_on(
    lead: Lead,
    what: Happened,
    *,
    at: datetime,
    deal: Deal | None = None,
    cause: Mapping[str, object] | None = None,
) -> bool:
    """By the first exit of the lead's stage that fits; its row is locked by the caller."""
    process = outcomes.applied()
    if process is None or _let_go(process, lead, at=at):
        return process is not None
    place = standing(lead, deal=deal)
    way = process.way_out(place, what)
    if way is None:
        return False
    because = {**way.because, **(cause or {})}
    missing = process.missing(way.to, place.facts)
    if missing:
        _hold(lead, way, missing, because=because)
        return False
    by = StageMove.By.TIME if way.is_by_time else StageMove.By.RULE
    return stages.move(lead, way.to, at=at, because=because, by=by)


def by_person(lead: Lead, to: str, *, by: str, why: str, won: bool = False) -> None:
    """What somebody here decides; raises Fault where the process does not let it.

    `won`: a deal that is open is won by it.
    """
    process = outcomes.applied()
    stage = process.stage(lead.stage) if process else None
    if to not in STAGES:
        raise Fault(unknown("stage", to, STAGES), choices=STAGES)
    if lead.stage == to:
        raise Fault(f"{lead} is in {to} already")
    if stage and stage.allowed is not None and to not in stage.allowed:
        valid = ", ".join(stage.allowed) or "none"
        raise Fault(f"from {stage.name} nobody moves a lead to {to}; valid: {valid}")
    missing = process.missing(to, standing(lead).facts) if process else ()
    if missing:
        raise Fault(f"{to} requires {', '.join(missing)}, which nobody knows of {lead}")
    deal = stages.bound_deal(lead)
    if to == _OF_CUSTOMERS and deal is not None and not deal.is_closed and not won:
        raise Fault(
            f"{deal} is open, and whoever comes to {to} has bought: its CRM would be told that it is won; "
            "say --won, or write down with `cadenza lose` why it is lost"
        )
    because: dict[str, object] = {"rule": "by a person", "by": by, "why": why}
    who = {"by": StageMove.By.PERSON, "who": by}
    stages.move(lead, to, at=clock.now(), because=because, **who)


def judge(activity: Activity) -> None:
    """What the process says of a move that it did not decide; the move holds all the same."""
    process, lead, data = outcomes.applied(), activity.lead, activity.data
    if process is None or lead is None:
        return
    stage = process.stage(str(data.get("from", "")))
    allowed = stage.allowed if stage else None
    if data.get("by") == StageMove.By.CRM and allowed is not None and data.get("to") not in allowed:
        StageMove.objects.filter(pk=data["move"]).update(out_of_order=True)
    if data.get("by") == StageMove.By.CRM:
        _say_why_lost(activity, lead)
    missing = process.missing(lead.stage, standing(lead).facts)
    if missing and lead.stage == data.get("to"):
        _ask_for(lead, lead.stage, missing)


def _say_why_lost(activity: Activity, lead: Lead) -> None:
    """Of a move that came with the loss of a deal, its reason."""
    losses = Activity.objects.filter(
        lead=lead, kind="deal_closed", occurred_at=activity.occurred_at, data__won=False
    )
    loss = losses.select_related("deal").last()
    if loss is not None and (told := _signed(loss).get("lost")):
        move = StageMove.objects.get(pk=activity.data["move"])
        move.because = {**move.because, "lost": told}
        move.save(update_fields=["because"])


def held_are_due(*, now: bool = False) -> bool:
    return _held_due(now=now).exists()


def ask_held(*, now: bool = False) -> int:
    """Move whoever waits for facts that are known now; how many moved.

    Each is asked once in a while; `now` asks all of them.
    """
    moved = 0
    for held in _held_due(now=now).order_by("pk"):
        with transaction.atomic():
            lead = Lead.objects.select_for_update(no_key=True).get(pk=held.lead_id)
            process = outcomes.applied()
            moved += process is not None and _let_go(process, lead, at=clock.now())
            HeldMove.objects.filter(pk=held.pk).update(asked_at=clock.now())
    return moved


def _held_due(*, now: bool) -> QuerySet[HeldMove]:
    every = HeldMove.objects.all()
    return every if now else every.filter(asked_at__lte=clock.now() - ASK_AGAIN)


def _hold(
    lead: Lead, way: WayOut, missing: Sequence[str], *, because: Mapping[str, object]
) -> None:
    told = {"because": because, "by_time": way.is_by_time, "asked_at": clock.now()}
    stays = {"from_stage": lead.stage, "to_stage": way.to}
    HeldMove.objects.update_or_create(lead=lead, defaults={**stays, **told})
    _ask_for(lead, way.to, missing)


def _let_go(process: Process, lead: Lead, *, at: datetime) -> bool:
    """Make the move that waited for facts, if they are known; whether it was made."""
    held = HeldMove.objects.filter(lead=lead).first()  # the team may require nothing by now
    if held is None:
        return False
    if held.from_stage == lead.stage and process.missing(held.to_stage, standing(lead).facts):
        return False
    held.delete()
    tasks.skipped(_key(lead, held.to_stage))
    if held.from_stage != lead.stage:
        return False
    by = StageMove.By.TIME if held.by_time else StageMove.By.RULE
    return stages.move(lead, held.to_stage, at=at, because=held.because, by=by)


def _ask_for(lead: Lead, stage: str, missing: Sequence[str]) -> None:
    title = f"{stage} requires {', '.join(missing)} of {lead}"
    tasks.make("research", title, lead=lead, key=_key(lead, stage))


def _key(lead: Lead, stage: str) -> str:
    """One task for each stay in a stage that it is to leave, or that it came to."""
    since = lead.stage_since.isoformat() if lead.stage_since else ""
    return f"requires:{lead.pk}:{stage}:{since}"


def standing(lead: Lead, *, deal: Deal | None = None) -> Standing:
    """Where the lead stands now; its facts are those of the deal, or else of the bound one."""

    def known() -> Mapping[str, object]:
        return facts.context(lead, deal or stages.bound_deal(lead))

    return Standing(
        stage=lead.stage,
        since=lead.stage_since,
        now=clock.now(),
        facts=known,
        put_here_from=lambda: stages.put_here_from([lead.pk]).get(lead.pk, ""),
    )


def _stands_for(activity: Activity) -> Collection[str]:
    """The stages that the new value of a deal stands for."""
    if activity.kind != "deal_moved":
        return ()
    found = StageCounterpart.objects.filter(
        connection=activity.connection_id, object="deal", value=activity.data["to"]
    )
    return list(found.values_list("stage", flat=True))
