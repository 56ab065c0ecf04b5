"""Walking enrollments through their sequences, in memory: `decide` says what, this does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from crm.kinds import COMPANY_ANSWERED, activities_of
from process.simulation.rows import NO_DEAL, Email, Enrollment, Lead, Touch
from process.simulation.scene import Scene
from process.simulation.stages import Stages
from process.simulation.world import Assignment, World
from sequences import cadence, dispositions, moving
from sequences.cadence import (
    BATCH,
    Assign,
    Branch,
    Miss,
    Send,
    Skip,
    State,
    Stop,
    Taken,
    Update,
    Wait,
    decide,
)
from sequences.moments import moment_of

#: As in sequences.advancing.
_TAKEN_ALONE = (Update, Stop)


class Steps:
    def __init__(self, scene: Scene, stages: Stages, world: World) -> None:
        self.scene, self.stages, self.world = scene, stages, world

    def advance(self) -> bool:
        """Everybody who is due; whether there was anybody."""
        due = self.scene.take_due()
        for start in range(0, len(due), BATCH):
            self._advance_all(due[start : start + BATCH])
        return bool(due)

    def sent(self, enrollment: Enrollment, step_id: str) -> None:
        """Its email left: the step is taken."""
        enrollment.taken[step_id] = Taken(at=self.scene.now)
        if enrollment.is_open and not enrollment.is_paused:
            self.scene.schedule(enrollment, self.scene.now)

    def task_ended(self, enrollment: Enrollment, step_id: str, disposition: str = "") -> None:
        taken = enrollment.taken.get(step_id)
        if taken is not None and taken.ended_at is None:
            enrollment.taken[step_id] = taken._replace(
                ended_at=self.scene.now, disposition=disposition
            )
            self.reconsider(enrollment)

    def reconsider(self, enrollment: Enrollment | None) -> None:
        """Something happened: `decide` is asked now."""
        now = self.scene.now
        if enrollment is None or not enrollment.is_open or enrollment.is_paused:
            return
        asleep = enrollment.due_at is None or enrollment.due_at > now
        if asleep and enrollment.started_at <= now:
            self.scene.schedule(enrollment, now)

    def leave(self, lead: Lead) -> None:
        """End what an exit or a goal ends by now: the lead is free for what its event begins."""
        enrollment = lead.enrollment
        if enrollment is None or enrollment.is_paused or enrollment.started_at > self.scene.now:
            return
        found = cadence.leaves(enrollment.sequence, self._state(enrollment))
        if found is not None:
            self._end(enrollment, found)

    def _advance_all(self, enrollments: Sequence[Enrollment]) -> None:
        """In the order of sequences.advancing: who ends, who began, who writes to a lead."""
        ended, begun, alone = [], [], []
        for enrollment in enrollments:
            if not enrollment.is_announced and enrollment.lead.deleted_at is None:
                enrollment.is_announced = True
                begun.append(enrollment)
            decision = self._advance(enrollment)
            if isinstance(decision, Stop) and not decision.enroll:
                ended.append((enrollment, decision))
            elif decision is not None:
                alone.append(enrollment)
        for enrollment, stop in ended:
            self._end(enrollment, stop)
        for enrollment in begun:
            self.scene.note("enrolled", enrollment.lead, enrollment=enrollment)
        for enrollment in alone:
            self._advance_alone(enrollment)

    def _advance(self, enrollment: Enrollment) -> Update | Stop | None:
        enrollment.is_paused = False
        if enrollment.lead.deleted_at is not None:
            return Stop(reason="lead deleted", because={"rule": "lead deleted"})
        self._follow_version(enrollment)
        return self._walk(enrollment)

    def _advance_alone(self, enrollment: Enrollment) -> None:
        while decision := self._walk(enrollment):
            if isinstance(decision, Stop):
                self._end(enrollment, decision)
                return
            self.scene.witness.decided(enrollment, decision)
            enrollment.taken[decision.step.id] = Taken(at=self.scene.now)
            self._set_fields(enrollment.lead, decision)

    def _walk(self, enrollment: Enrollment) -> Update | Stop | None:
        """Ask `decide` until it says to wait; the decision that is not taken here, if there is one."""
        scene, sequence, state = self.scene, enrollment.sequence, self._state(enrollment)
        decision = decide(sequence, state, scene.now)
        while not isinstance(decision, _TAKEN_ALONE):
            scene.witness.decided(enrollment, decision)
            match decision:
                case Send():
                    self._send(enrollment, decision)
                    return None
                case Wait():
                    scene.schedule(enrollment, decision.until)
                    return None
                case _:
                    # They change nothing that makes people leave, nor what rules read.
                    state = self._take(enrollment, decision, state)
                    decision = cadence.next_step(sequence, state, scene.now)
        return decision

    def _follow_version(self, enrollment: Enrollment) -> None:
        """Whoever began with another version goes over to the files' where that says so."""
        name = enrollment.sequence.name
        digest = self.scene.files.digests.get(name)
        if digest is None or digest == enrollment.digest:
            return
        new, state = self.scene.files.sequences[name], self._state(enrollment)
        to = moving.move(enrollment.sequence, new, state, self.scene.now)
        if to is not None:
            enrollment.taken = dict(moving.moved(state, to).taken)
            enrollment.sequence, enrollment.digest = new, digest
            enrollment.anchor, enrollment.anchored_at = to.anchor, to.anchored_at
            enrollment.forget_events()

    def _state(self, enrollment: Enrollment) -> State:
        lead, deal, taken = enrollment.lead, enrollment.deal, enrollment.taken
        return State(  # by position, as in sequences.states
            lead.pk,
            enrollment.started_at,
            enrollment.timezone,
            taken,
            {
                **lead.facts,
                "deal": deal.facts if deal else NO_DEAL,
                "event": self._events(enrollment),
                "task": dispositions.told(taken),
            },
            f"company {lead.company_id}" if lead.company_id else f"lead {lead.pk}",
            enrollment.email.step_id if enrollment.email else "",
            lead.owner_id is not None and not lead.owner_active,
            enrollment.anchor,
            enrollment.anchored_at,
        )

    def _events(self, enrollment: Enrollment) -> Mapping[str, int]:
        """Event -> how often since the enrollment began, of those that it asks for."""
        asked = enrollment.sequence.events
        if not asked:
            return {}
        lead, names = enrollment.lead, _names_of(asked)
        if len(lead.events) > enrollment.events_seen:
            enrollment.count_events(names)
        if COMPANY_ANSWERED in asked and lead.company_id is not None:
            enrollment.events[COMPANY_ANSWERED] = self.scene.answers_of_others(
                lead, enrollment.started_at
            )
        return enrollment.events

    def _take(
        self, enrollment: Enrollment, decision: Assign | Skip | Miss | Branch, state: State
    ) -> State:
        state = cadence.after(state, decision, self.scene.now)
        enrollment.taken = dict(state.taken)
        if isinstance(decision, Assign):
            self._assign(enrollment, decision)
        return state

    def _assign(self, enrollment: Enrollment, decision: Assign) -> None:
        step, lead, now = decision.step, enrollment.lead, self.scene.now
        self._touch(enrollment, step.id, "task", step.task, str(lead.owner))
        assignment = Assignment(
            at=now,
            lead=lead,
            enrollment_id=enrollment.pk,
            sequence=enrollment.sequence.name,
            step_id=step.id,
            kind=step.task,
            due_at=decision.due_at,
            is_gate=step.gate,
        )
        self.scene.expect(self.world.is_assigned(assignment))

    def _set_fields(self, lead: Lead, decision: Update) -> None:
        fields = {n.removeprefix("lead."): v for n, v in decision.step.update.items()}
        stage = fields.pop("stage", None)
        if set_fields(lead, fields):
            self.scene.note("lead_changed", lead)
        if stage is not None:
            self.stages.move(lead, str(stage))

    def _send(self, enrollment: Enrollment, decision: Send) -> None:
        self.scene.queue(
            Email(
                pk=self.scene.number(),
                enrollment=enrollment,
                step_id=decision.step.id,
                template=decision.template,
                due_at=self.scene.now,
                leave_before=self._limit(enrollment, decision),
                invite=invite.plain() if (invite := decision.step.invite) else None,
            )
        )
        self.scene.schedule(enrollment, None)

    def _limit(self, enrollment: Enrollment, decision: Send) -> datetime | None:
        before = decision.step.before
        facts = enrollment.lead.context(enrollment.deal)
        return moment_of(before, facts) if before is not None else None

    def _end(self, enrollment: Enrollment, decision: Stop) -> None:
        self.scene.witness.decided(enrollment, decision)
        self.scene.leave(enrollment, decision.reason, at=self.scene.now)
        if decision.enroll:
            self.scene.note("handed_over", enrollment.lead, data={"sequence": decision.enroll})

    def _touch(self, enrollment: Enrollment, step_id: str, kind: str, what: str, by: str) -> None:
        self.scene.touches.append(
            Touch(
                at=self.scene.now,
                lead_id=enrollment.lead.pk,
                sequence=enrollment.sequence.name,
                step=step_id,
                kind=kind,
                what=what,
                by=by,
            )
        )


@lru_cache(maxsize=256)
def _names_of(events: frozenset[str]) -> Mapping[str, str]:
    """Kind of activity -> the event that it counts as."""
    return {kind: name for name in events for kind in activities_of(name)}


def set_fields(lead: Lead, fields: Mapping[str, object]) -> bool:
    """Set fields of the lead, `extra.<name>` among them; whether one was different."""
    before = dict(lead.facts["lead"])
    extra = before["extra"] if isinstance(before["extra"], Mapping) else {}
    own = {name: value for name, value in fields.items() if not name.startswith("extra.")}
    custom = {n.removeprefix("extra."): v for n, v in fields.items() if n.startswith("extra.")}
    lead.facts["lead"] |= {**own, "extra": {**extra, **custom}}
    return lead.facts["lead"] != before
