"""A lead's stage: moved by the process, written into its CRM, and read from there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from process.definition import Process
from process.simulation.rows import NO_DEAL, Deal, Lead
from process.simulation.scene import Move, Scene


class Stages:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._stages: dict[tuple[str, str, object], list[str]] = defaultdict(list)
        self._values: dict[tuple[str, str, str], str] = {}
        for connection, object_, value, stage, is_first in _counterparts(scene.files.process):
            self._stages[connection, object_, value].append(stage)
            if is_first:
                self._values[connection, object_, stage] = value

    def happened(self, lead: Lead, event: str, *, answer: str = "") -> bool:
        """Move it when its stage waits for this event."""
        rule = self.scene.files.process.way_out(lead.stage, event, answer)
        return self.move(lead, rule.to) if rule else False

    def move(self, lead: Lead, to: str) -> bool:
        """By our word: the CRM is told where it has a word of its own for the stage."""
        if lead.stage == to:
            return False
        self._place(lead, to)
        target, field = self._target(lead)
        value = self._values.get((lead.source, target, to))
        facts = self._facts(lead)
        if value is not None and facts[field] != value:
            facts[field] = value
            self.scene.written.append((lead, to))
        return True

    def move_in_crm(self, lead: Lead, to: str) -> None:
        """Somebody in the CRM moved it, and we hear of it now."""
        target, field = self._target(lead)
        self._facts(lead)[field] = self._values.get((lead.source, target, to))
        self.settle(lead)

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
        deal.close(at, won=won)
        self.scene.note("deal_closed", lead, data={"deal": deal})
        self.settle(lead)

    def settle(self, lead: Lead) -> None:
        """A value that stands for several stages moves it only when its stage is not among them."""
        target, field = self._target(lead)
        stages = self._stages.get((lead.source, target, self._facts(lead)[field]), ())
        if stages and not lead.stage:
            lead.facts["lead"]["stage"], lead.stage_since = stages[0], self.scene.now
        elif stages and lead.stage not in stages:
            self._place(lead, stages[0])

    def _place(self, lead: Lead, to: str) -> None:
        now = self.scene.now
        self.scene.moves.append(Move(at=now, lead_id=lead.pk, before=lead.stage, after=to))
        self.scene.note("stage_moved", lead)
        lead.facts["lead"]["stage"] = to
        lead.stage_since = now

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
