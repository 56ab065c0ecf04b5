"""A lead's stage: moved by the process, written into its CRM, and read from there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from process.definition import Process
from process.exits import TIME_PASSED, Happened, Standing
from process.simulation.clocks import Clocks
from process.simulation.rows import NO_DEAL, Deal, Lead, Move
from process.simulation.scene import Scene


class Stages:
    def __init__(self, scene: Scene) -> None:
        self.scene, self.clocks = scene, Clocks(scene)
        self._stages: dict[tuple[str, str, object], list[str]] = defaultdict(list)
        self._values: dict[tuple[str, str, str], str] = {}
        for connection, object_, value, stage, is_first in _counterparts(scene.files.process):
            self._stages[connection, object_, value].append(stage)
            if is_first:
                self._values[connection, object_, stage] = value

    def listens(self, lead: Lead, kind: str) -> bool:
        """Whether an activity of this kind may move it on."""
        is_held = lead.pk in self.scene.held
        return is_held or bool(self.scene.files.process.exits_at(lead.stage, kind))

    def happened(self, lead: Lead, what: Happened, *, deal: Deal | None = None) -> bool:
        """Move it when an exit of its stage fits."""
        standing = Standing(
            stage=lead.stage,
            since=lead.stage_since,
            now=self.scene.now,
            facts=lambda: lead.context(deal or lead.bound_deal()),
            put_here_from=lambda: lead.put_here_from,
        )
        process = self.scene.files.process
        if self._let_go(lead):
            return True
        way = process.way_out(standing, what)
        if way is not None and process.missing(way.to, standing.facts):
            self.scene.held[lead.pk] = (lead.stage, way.to)
            return False
        return self.move(lead, way.to) if way else False

    def _let_go(self, lead: Lead) -> bool:
        """Make the move that waited for facts, if they are known."""
        held = self.scene.held.get(lead.pk)
        if held is None:
            return False
        stage, to = held
        missing = self.scene.files.process.missing(to, lambda: lead.context(lead.bound_deal()))
        if stage == lead.stage and missing:
            return False
        del self.scene.held[lead.pk]
        return stage == lead.stage and self.move(lead, to)

    def move_on(self) -> bool:
        """Whoever has been in a stage for long enough, and then who waits for no fact any more."""
        moved = sum([self.happened(lead, TIME_PASSED) for lead in self.clocks.take_due()])
        moved += sum([self._let_go(lead) for lead in self.clocks.take_held()])
        return moved > 0

    def move(self, lead: Lead, to: str) -> bool:
        """By our word: the CRM is told where it has a word of its own for the stage."""
        if lead.stage == to:
            return False
        self._place(lead, to, since=self.scene.now, put_here_from="")
        target, field = self._target(lead)
        value = self._values.get((lead.source, target, to))
        facts = self._facts(lead)
        if value is not None and facts[field] != value:
            facts[field] = value
            self.scene.written.append((lead, to))
        return True

    def move_in_crm(self, lead: Lead, to: str, *, at: datetime) -> None:
        """Somebody in the CRM moved it, and we hear of it now; `at` is the moment that it tells."""
        target, field = self._target(lead)
        facts, value = self._facts(lead), self._values.get((lead.source, target, to))
        was_at, facts[field] = facts[field], value
        if target == "deal" and was_at != value:
            self.scene.note("deal_moved", lead, data={"deal": lead.bound_deal()})
        self.settle(lead, at=at)

    def stands_for(self, lead: Lead, deal: Deal) -> Sequence[str]:
        return self._stages.get((lead.source, "deal", deal.facts["stage_value"]), ())

    def open_deal(self, lead: Lead) -> None:
        """Somebody in the CRM made a deal of what the lead wants."""
        value = self._values.get((lead.source, "deal", lead.stage))
        facts = {**NO_DEAL, "exists": True, "is_open": True, "stage_value": value}
        deal = Deal(pk=self.scene.number(), facts=facts, created_at=self.scene.now)
        lead.deals.append(deal)
        self.scene.note("deal_created", lead)

    def close_deal(self, lead: Lead, at: datetime, *, won: bool) -> None:
        deal = lead.bound_deal()
        if deal is None or deal.is_closed:
            return
        last = self.scene.files.process.stages[-1].name
        deal.facts["stage_value"] = self._values.get((lead.source, "deal", last)) if won else None
        deal.close(self.scene.now, won=won)
        self.scene.note("deal_closed", lead, data={"deal": deal})
        self.scene.note("deal_moved", lead, data={"deal": deal})
        self.settle(lead, at=at)

    def settle(self, lead: Lead, *, at: datetime) -> None:
        """A value that stands for several stages moves it only when its stage is not among them.

        It is there since the CRM's moment, but not since one before its last move that we know.
        """
        target, field = self._target(lead)
        stages = self._stages.get((lead.source, target, self._facts(lead)[field]), ())
        if stages and not lead.stage:
            self._enter(lead, stages[0], since=self.scene.now)
        elif stages and lead.stage not in stages:
            since = max(at, lead.stage_since) if lead.stage_since else at
            self._place(lead, stages[0], since=since, put_here_from=lead.stage)

    def _place(self, lead: Lead, to: str, *, since: datetime, put_here_from: str) -> None:
        self.scene.moves.append(Move(at=since, lead_id=lead.pk, before=lead.stage, after=to))
        self.scene.note("stage_moved", lead)
        self._enter(lead, to, since=since)
        lead.put_here_from = put_here_from

    def _enter(self, lead: Lead, stage: str, *, since: datetime) -> None:
        lead.facts["lead"]["stage"], lead.stage_since = stage, since
        self.clocks.entered(lead)

    def _target(self, lead: Lead) -> tuple[str, str]:
        return ("deal", "stage_value") if lead.bound_deal() else ("lead", "status")

    def _facts(self, lead: Lead) -> dict[str, object]:
        deal = lead.bound_deal()
        return deal.facts if deal else lead.facts["lead"]


def _counterparts(process: Process) -> Sequence[tuple[str, str, str, str, bool]]:
    """(connection, lead | deal, value, stage, whether it is the one that is written)."""
    return [
        (connection, object_, value, stage.name, number == 0)
        for stage in process.stages
        for connection, counterpart in stage.counterparts.items()
        for object_, values in _values_of(counterpart.lead_status, counterpart.deal_stage).items()
        for number, value in enumerate(values)
    ]


def _values_of(lead: Sequence[str], deal: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {"lead": lead, "deal": deal}
