"""What an event means for a lead's stage, by the process as applied."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache

from crm import facts, stages
from crm.kinds import EVENTS
from crm.models import Activity, Deal, Lead, StageCounterpart, StageMove
from process.definition import OTHER, Process
from process.exits import Happened, Standing
from process.models import AppliedProcess
from runtime import clock

__all__ = ["OTHER", "applied", "events", "happened"]


def applied() -> Process | None:
    """The process at work; None before the first `apply`."""
    row = AppliedProcess.objects.filter(active=True).values_list("pk", "digest").first()
    return None if row is None else _parsed(*row)


@lru_cache(maxsize=16)
def _parsed(pk: int, digest: str) -> Process:
    # What a digest stands for never changes, so its parsed form may be kept.
    row = AppliedProcess.objects.get(pk=pk, digest=digest)
    return Process.model_validate(row.definition).placed(row.places)


def events() -> frozenset[str]:
    """The kinds of Activity that rules may ask for, those that the team declared among them."""
    process = applied()
    own = frozenset(process.events) if process else frozenset[str]()
    return own.union(*EVENTS.values())


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
        won=data.get("won"),
        stands_for=_stands_for(activity),
    )
    deal = activity.deal if activity.kind in {"deal_closed", "deal_moved"} else None
    cause = f"activity {activity.pk}"
    return move_on(lead, what, at=activity.occurred_at, deal=deal, cause=cause)


def move_on(
    lead: Lead, what: Happened, *, at: datetime, deal: Deal | None = None, cause: str = ""
) -> bool:
    """By the first exit of the lead's stage that fits; its row is locked by the caller."""
    process = applied()
    way = process.way_out(standing(lead, deal=deal), what) if process else None
    if way is None:
        return False
    because = {**way.because, **({"cause": cause} if cause else {})}
    by = StageMove.By.TIME if way.is_by_time else StageMove.By.RULE
    return stages.move(lead, way.to, at=at, because=because, by=by)


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
