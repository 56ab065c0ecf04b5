"""A simulation: the decisions of production, asked along a clock that jumps from moment to moment.

At each moment the world goes first, then everything that is due in the order in which the sweeps
ring it, again and again until nothing is.
"""

from collections.abc import Callable
from datetime import datetime

from process.simulation import meetings
from process.simulation.delivery import Delivery
from process.simulation.enrolling import Enrolling
from process.simulation.reactions import Reactions
from process.simulation.rows import Lead
from process.simulation.scene import Scene
from process.simulation.stages import Stages
from process.simulation.steps import Steps, set_fields
from process.simulation.world import CHANGES, Happening, World
from sequences import dispositions

#: Told after each moment.
Passed = Callable[[datetime], None]


class Simulation:
    def __init__(self, scene: Scene, world: World) -> None:
        self.scene, self.world = scene, world
        self.stages = Stages(scene)
        self.enrolling = Enrolling(scene)
        self.steps = Steps(scene, self.stages, world)
        self.delivery = Delivery(scene, world)
        self.reactions = Reactions(scene, self.stages, self.steps, self.enrolling)
        self._parts = (
            self.reactions.react,
            self.stages.move_on,
            self._write_stages,
            self._pull,
            self.enrolling.retry_waiting,
            self.steps.advance,
            self.delivery.deliver,
        )

    def run(self, until: datetime, *, apply: bool = True, passed: Passed | None = None) -> None:
        """Live from the scene's moment to `until`; `apply` enrolls those whom the rules name now."""
        scene = self.scene
        scene.expect(self.world.begins(list(scene.leads.values()), scene.now))
        self.stages.clocks.begin()
        if apply:
            self.apply()
        self._live()
        while (moment := self._next()) is not None and moment <= until:
            scene.now = moment
            self._live()
            if passed:
                passed(moment)
        scene.now = until

    def apply(self) -> None:
        """What `apply` does: people in an older version go over where it says so, others enter."""
        for name, definition in self.scene.files.sequences.items():
            if definition.when_changed != "finish":
                for enrollment in self.scene.open_in(name):
                    if enrollment.digest != self.scene.files.digests[name]:
                        self.steps.reconsider(enrollment)
            self.enrolling.begin(definition)

    def _live(self) -> None:
        self._happen()
        while sum([part() for part in self._parts]):
            pass  # each round may have made something else due

    def _next(self) -> datetime | None:
        scene = self.scene
        moments = [
            scene.next_enrollment(),
            scene.next_happening(),
            self.delivery.next_due(),
            scene.next_wait(),
            self.stages.clocks.next_due(),
            *(c.pull_due_at for c in scene.connections.values() if scene.news[c.name]),
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def _happen(self) -> None:
        """What others do at this moment."""
        while (happening := self.scene.take_happening()) is not None:
            lead = self.scene.leads[happening.lead_id]
            follows = self.world.goes_on(happening, lead)
            if follows is None:
                continue
            self.scene.expect(follows)
            connection = self.scene.connections.get(lead.source)
            if happening.kind.startswith("crm_") and connection is not None:
                connection.skip_to(self.scene.now)
                self.scene.news[lead.source].append(happening)
            else:
                self._take_in(happening)

    def _pull(self) -> bool:
        """The connections that are due bring what happened there since."""
        pulled = False
        for connection in self.scene.connections.values():
            news = self.scene.news[connection.name]
            if news and connection.pull_due_at <= self.scene.now:
                pulled = True
                connection.pull_due_at += connection.pull_every
                self.scene.news[connection.name] = []
                for happening in sorted(news, key=self._landing):
                    self._take_in(happening)
        return pulled

    def _landing(self, happening: Happening) -> tuple[int, int]:
        """Leads land before deals, both in the order of our rows, and then what was logged."""
        if happening.kind not in CHANGES:
            return 2, 0
        deal = self.scene.leads[happening.lead_id].bound_deal()
        if happening.kind == "crm_changed" or deal is None:
            return 0, happening.lead_id
        return 1, deal.pk

    def _take_in(self, happening: Happening) -> None:
        lead, data = self.scene.leads[happening.lead_id], happening.data
        match happening.kind:
            case "crm_changed":
                if set_fields(lead, data):
                    self.scene.note("lead_changed", lead)
            case "crm_moved":
                self.stages.move_in_crm(lead, str(data["to"]), at=self._told_at(happening, lead))
            case "crm_opened":
                self.stages.open_deal(lead)
            case "crm_closed":
                told_at = self._told_at(happening, lead)
                self.stages.close_deal(lead, told_at, won=bool(data["won"]))
            case kind:
                enrollment = lead.enrollment
                if enrollment is not None and happening.enrollment_id != enrollment.pk:
                    enrollment = None
                if kind == "crm_call" and self._was_done(lead, happening.at):
                    return
                if kind == "nps":
                    set_fields(lead, {"nps": data["score"]})
                meetings.happened(lead, kind, data, workspace=self.scene.files.timezone)
                self.scene.note(kind, lead, enrollment=enrollment, at=happening.at, data=data)
                task, word = str(data.get("task", "")), str(data.get("disposition", ""))
                was_logged = task == "call" and self._was_logged(lead, happening.at)
                if kind == "task_done" and not was_logged and dispositions.is_call(task, word):
                    self.scene.note("called", lead, enrollment=enrollment, at=happening.at)

    def _told_at(self, happening: Happening, lead: Lead) -> datetime:
        """When it was, as far as the CRM tells that."""
        connection = self.scene.connections.get(lead.source)
        is_told = connection is not None and connection.tells_when
        return min(happening.at, self.scene.now) if is_told else self.scene.now

    def _was_done(self, lead: Lead, at: datetime) -> bool:
        """A call that somebody logged is a task that was done; see crm.calls."""
        calls = self.scene.calls[lead.pk]
        if calls.take_done(at) is not None:
            return True
        calls.logged[self.scene.number()] = at
        return False

    def _was_logged(self, lead: Lead, at: datetime) -> bool:
        """A call task that is done is a call that somebody has logged."""
        calls = self.scene.calls[lead.pk]
        if calls.take_logged(at) is not None:
            return True
        calls.done[self.scene.number()] = at
        return False

    def _write_stages(self) -> bool:
        """The CRMs get the stages that we moved people to; their people may go on from there."""
        written, self.scene.written = self.scene.written, []
        for lead, stage in written:
            self.scene.expect(self.world.sees(lead, stage, self.scene.now))
        return bool(written)
