"""What activities set in motion, in memory: the same table as in workers.reactions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from crm.kinds import EVENTS, TOUCHES
from process.definition import OTHER
from process.exits import Happened
from process.objections.definition import of_answer
from process.simulation.enrolling import Enrolling
from process.simulation.rows import Deal, Enrollment, Lead, Noted
from process.simulation.scene import Scene
from process.simulation.stages import Stages
from process.simulation.steps import Steps
from sequences import dispositions
from sequences.cadence import RAN_ITS_COURSE
from sequences.task_step import Starts

Reaction = Callable[[Noted], None]
#: Out of office without a date.
AWAY = timedelta(days=5)


class Reactions:
    def __init__(self, scene: Scene, stages: Stages, steps: Steps, enrolling: Enrolling) -> None:
        self.scene, self.stages = scene, stages
        self.steps, self.enrolling = steps, enrolling
        own = frozenset(scene.files.process.events)
        self._readable = own.union(*EVENTS.values())
        self._table: Mapping[str, Sequence[Reaction]] = {
            "answered": [self._answered],
            "auto_replied": [self._auto_replied, self._move_on],
            "bounced": [self._bounced, self._move_on],
            "complained": [self._person_stop("complained"), self._opt_out],
            "crm_meeting": [
                self._ends_what_was_open("meeting booked"),
                self._move_on,
                self._enroll,
            ],
            "crm_reply": [
                self._ends_what_was_open("answered, says the CRM"),
                self._move_on,
                self._enroll,
            ],
            "deal_closed": [
                self._deal_closed,
                self._company_won,
                self._move_on,
                self._reconsider,
                self._enroll,
            ],
            "deal_created": [self._move_on, self._reconsider, self._enroll],
            "email_sent": [self._email_sent],
            "enrolled": [self._move_on],
            "failed": [self._failed],
            "handed_over": [self._handed_over],
            "lead_changed": [self._move_on, self._reconsider, self._enroll],
            "lead_created": [self._move_on, self._enroll],
            "lead_deleted": [self._person_stop("lead deleted")],
            "meeting_booked": [
                self._ends_what_was_open("meeting booked"),
                self._move_on,
                self._enroll,
            ],
            "opted_out": [self._person_stop("do not contact"), self._opt_out],
            "stage_moved": [self._move_on, self._reconsider, self._enroll],
            "task_done": [self._task_done],
            "task_skipped": [self._task_skipped],
            "unenrolled": [self._unenrolled],
            "unsubscribed": [self._person_stop("unsubscribed"), self._opt_out],
        }
        self._others: Sequence[Reaction] = [self._move_on, self._reconsider, self._enroll]

    def react(self) -> bool:
        """One lead at a time, its activities in the order in which they were noted."""
        if not self.scene.noted:
            return False
        found, self.scene.noted = self.scene.noted, []
        by_lead: dict[int, list[Noted]] = {}
        for noted in found:
            by_lead.setdefault(noted.lead.pk, []).append(noted)
        for noted in (one for of_lead in by_lead.values() for one in of_lead):
            if noted.kind in TOUCHES:
                noted.lead.touched_at = max(noted.lead.touched_at or noted.at, noted.at)
            for reaction in self._reactions_to(noted.kind):
                reaction(noted)
        return True

    def _reactions_to(self, kind: str) -> Sequence[Reaction]:
        known = self._table.get(kind)
        if known is None:
            return self._others if kind in self._readable else ()
        return known

    def _enroll(self, noted: Noted) -> None:
        moved = noted.kind == "stage_moved"
        self.enrolling.match(noted.lead, moved=moved, event=noted.kind)

    def _reconsider(self, noted: Noted) -> None:
        self.steps.leave(noted.lead)
        self.steps.reconsider(noted.lead.enrollment)

    def _move_on(self, noted: Noted, *, answer: str = "") -> None:
        if not self.stages.listens(noted.lead, noted.kind):
            return
        deal = noted.data.get("deal")
        deal = deal if isinstance(deal, Deal) else None
        moved = noted.kind == "deal_moved" and deal is not None
        what = Happened(
            kind=noted.kind,
            answer=answer,
            task=str(noted.data.get("task", "")) if noted.kind == "task_done" else "",
            disposition=str(noted.data.get("disposition", "")),
            sequence=noted.enrollment.sequence.name if noted.enrollment is not None else "",
            won=deal.is_won if deal is not None else None,
            stands_for=self.stages.stands_for(noted.lead, deal) if deal and moved else (),
        )
        self.stages.happened(noted.lead, what, deal=deal)

    def _email_sent(self, noted: Noted) -> None:
        if noted.enrollment is not None:
            self.steps.sent(noted.enrollment, str(noted.data["step"]))
        self._move_on(noted)

    def _answered(self, noted: Noted) -> None:
        lead, answer = noted.lead, str(noted.data.get("answer") or OTHER)
        lead.facts["answer"]["disposition"] = answer
        enrollment = lead.enrollment
        starts = enrollment.sequence.on_reply.get(answer) if enrollment else None
        self._stop(lead, "answered", noted.at)
        for colleague in self._colleagues(lead):
            self.steps.reconsider(colleague.enrollment)
        if enrollment is not None and starts is not None:
            self.scene.witness.replied(enrollment, answer)
            self._start(lead, starts)
        self._move_on(noted, answer=answer)
        if starts is None or not (starts.enroll or starts.task):
            self._open_play(lead, answer)
        self.enrolling.match(lead, moved=True, event=noted.kind)

    def _start(self, lead: Lead, starts: Starts) -> None:
        if starts.stage is not None:
            self.stages.move(lead, starts.stage)
        if starts.enroll is not None:
            self.enrolling.enroll_in(lead, starts.enroll)

    def _open_play(self, lead: Lead, answer: str) -> None:
        objections = self.scene.files.process.objections or {}
        kind = of_answer(objections, answer)
        if kind is not None and (sequence := objections[kind].play.enroll) is not None:
            self.enrolling.open_play(lead, sequence)

    def _colleagues(self, lead: Lead) -> Sequence[Lead]:
        return self.scene.of_company[lead.company_id] if lead.company_id is not None else ()

    def _auto_replied(self, noted: Noted) -> None:
        """Out of office: hold until the person is back; what is held by hand stays so."""
        until, enrollment = noted.data.get("until"), noted.lead.enrollment
        back_at = until if isinstance(until, datetime) else noted.at + AWAY
        if enrollment is None or back_at <= self.scene.now:
            return
        if enrollment.is_paused and enrollment.due_at is None:
            return
        enrollment.is_paused = True
        if enrollment.email is not None:
            self.scene.postpone(enrollment.email, back_at)
        self.scene.schedule(enrollment, back_at)

    def _bounced(self, noted: Noted) -> None:
        if noted.data.get("hard"):
            self.scene.suppressed.add(noted.lead.email)
            self._stop(noted.lead, "hard bounce", noted.at)
            noted.lead.do_not_contact = True

    def _person_stop(self, reason: str) -> Reaction:
        return lambda noted: self._stop(noted.lead, reason, noted.at)

    def _opt_out(self, noted: Noted) -> None:
        self.scene.suppressed.add(noted.lead.email)
        noted.lead.do_not_contact = True

    def _ends_what_was_open(self, reason: str) -> Reaction:
        def react_to(noted: Noted) -> None:
            enrollment = noted.lead.enrollment
            if enrollment is not None and enrollment.started_at <= noted.at:
                self._stop(noted.lead, reason, noted.at)

        return react_to

    def _deal_closed(self, noted: Noted) -> None:
        enrollment, deal = noted.lead.enrollment, noted.data.get("deal")
        if enrollment is None or enrollment.deal is None or enrollment.deal is not deal:
            return
        if enrollment.started_at <= noted.at:
            self._stop(noted.lead, "deal closed", noted.at)

    def _company_won(self, noted: Noted) -> None:
        deal = noted.data.get("deal")
        if not isinstance(deal, Deal) or not deal.is_won:
            return
        people = self.scene.people(deal, noted.lead)
        open_ = [lead.enrollment for lead in people if lead.enrollment is not None]
        for enrollment in sorted(open_, key=lambda one: one.pk):
            if enrollment.sequence.is_prospecting:
                self._stop(enrollment.lead, "company won", noted.at)

    def _failed(self, noted: Noted) -> None:
        if noted.enrollment is not None and noted.enrollment.is_open:
            self.scene.leave(noted.enrollment, "the email was refused", at=noted.at)

    def _handed_over(self, noted: Noted) -> None:
        self.enrolling.enroll_in(noted.lead, str(noted.data["sequence"]))

    def _task_done(self, noted: Noted) -> None:
        step_id, name = str(noted.data.get("step", "")), str(noted.data.get("disposition", ""))
        if noted.enrollment is not None and step_id:
            self.steps.task_ended(noted.enrollment, step_id, name)
        if name:
            self._disposed(noted, step_id, name)
        self._move_on(noted)

    def _disposed(self, noted: Noted, step_id: str, name: str) -> None:
        enrollment, lead = noted.enrollment, noted.lead
        step = enrollment.sequence.tasks.get(step_id) if enrollment is not None else None
        starts = dispositions.meaning(name, step)
        if starts is not None:
            if enrollment is not None:
                self.scene.witness.disposed(enrollment, step_id, name)
            if starts.ending:
                self._stop(lead, starts.ending, noted.at)
            self._start(lead, starts)
        if name == dispositions.MEETING_SET:
            self.scene.note("meeting_booked", lead, enrollment=enrollment)

    def _task_skipped(self, noted: Noted) -> None:
        if noted.enrollment is not None:
            self.steps.task_ended(noted.enrollment, str(noted.data["step"]))

    def _unenrolled(self, noted: Noted) -> None:
        if noted.enrollment is None:
            return
        self.enrolling.place_is_free(noted.enrollment.sequence.name, noted.lead.company_id)
        if noted.enrollment.reason in RAN_ITS_COURSE:
            self.enrolling.match(noted.lead, moved=False, event="")

    def _stop(self, lead: Lead, reason: str, at: datetime) -> None:
        enrollment: Enrollment | None = lead.enrollment
        if enrollment is not None:
            self.scene.leave(enrollment, reason, at=at)
