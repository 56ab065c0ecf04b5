"""One test, lived through: the simulation with a script for a world."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm.kinds import activities_of
from process.blueprint import Blueprint
from process.simulation.engine import Simulation
from process.simulation.rows import Enrollment
from process.simulation.rows import Touch as Row
from process.testing import sample
from process.testing.definition import NOTHING, Case
from process.testing.script import Script
from process.testing.trace import Trace
from sequences import dispositions
from sequences.cadence import Assign, Decision, Send, Wait
from sequences.definition import Enroll
from sequences.task_step import Starts
from workspace.expressions import evaluate

#: Longer than any sequence goes on that somebody will test.
LONGEST = timedelta(days=800)
_AT_A_TIME = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Touch:
    row: Row
    #: What was decided since the touch before it.
    because: Sequence[Decision]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    start: datetime  #: in the lead's time zone
    timezone: ZoneInfo
    enrollment: Enrollment | None  #: the lead's first one in the sequence
    touches: Sequence[Touch]
    #: What was decided since the last touch.
    rest: Sequence[Decision]
    task: str  #: what an answer or a disposition started; blank: nothing
    then: str  #: the sequence that began at the end, or NOTHING
    stage: str  #: at the end
    refusal: str  #: why the lead is not in the sequence
    #: The test's events that did not come about before the end, by their numbers.
    unhappened: Sequence[int]
    walked: frozenset[str]


def run(blueprint: Blueprint, case: Case, *, sequence: str) -> Outcome:
    """Live through the test until its enrollment has ended, or its lead was not let in."""
    return _Trial(blueprint, case, sequence).outcome()


class _Trial:
    def __init__(self, blueprint: Blueprint, case: Case, sequence: str) -> None:
        self._case, self._definition = case, blueprint.sequences[sequence]
        self._trace = Trace(sequence)
        self._stage = sample.stage(blueprint, case, sequence=sequence, witness=self._trace)
        self._scene, self._lead = self._stage.scene, self._stage.lead
        self._trace.follow(self._lead)
        self._script = Script(case, self._stage, sequence=sequence)
        self._simulation = Simulation(self._scene, self._script)

    def outcome(self) -> Outcome:
        stage = self._lead.stage
        self._begin()
        if self._case.not_enrolled is None:
            self._live_to_the_end()
        else:
            self._live_through_the_given()
        touches, rest = self._touches()
        return Outcome(
            start=self._stage.start,
            timezone=self._stage.timezone,
            enrollment=self._enrollment(),
            touches=touches,
            rest=rest,
            task=self._task(),
            then=self._then(),
            stage=self._last_stage(stage),
            refusal=self._refusal(),
            unhappened=list(self._unhappened()),
            walked=frozenset(self._trace.walked()),
        )

    def _begin(self) -> None:
        enrolling, past = self._simulation.enrolling, self._case.past
        if past is not None and past.colleague_in is not None:
            self._stage.colleague.owner_id = self._lead.owner_id
            enrolling.enroll_in(self._stage.colleague, past.colleague_in)
            if self._stage.colleague.enrollment is not None:
                self._scene.schedule(self._stage.colleague.enrollment, None)  # and stays in it
        if self._definition.enroll is None:
            enrolling.enroll_in(self._lead, self._definition.name)  # a person does
        self._simulation.run(self._scene.now)

    def _live_to_the_end(self) -> None:
        latest = self._scene.now + LONGEST
        while self._scene.now < latest and not self._is_over():
            self._simulation.run(self._scene.now + _AT_A_TIME, apply=False)

    def _live_through_the_given(self) -> None:
        """No longer: who must wait today may be let in another day."""
        pulls = max(one.pull_every for one in self._scene.connections.values())
        while (moment := self._scene.next_happening()) is not None:
            self._simulation.run(moment + pulls, apply=False)

    def _is_over(self) -> bool:
        enrollment = self._enrollment()
        return enrollment is not None and not enrollment.is_open

    def _enrollment(self) -> Enrollment | None:
        mine = (one for one in self._scene.enrollments if one.lead is self._lead)
        return next((one for one in mine if one.sequence.name == self._definition.name), None)

    def _touches(self) -> tuple[Sequence[Touch], Sequence[Decision]]:
        decisions = [one for one in self._trace.decisions if not isinstance(one, Wait)]
        found = []
        for row in self._rows():
            took = next(n for n, one in enumerate(decisions) if _takes(one, row.step)) + 1
            found.append(Touch(row=row, because=decisions[:took]))
            decisions = decisions[took:]
        return found, decisions

    def _rows(self) -> Iterator[Row]:
        enrollment = self._enrollment()
        ended_at = enrollment.ended_at if enrollment else None
        for row in self._scene.touches:
            is_mine = row.lead_id == self._lead.pk and row.sequence == self._definition.name
            if is_mine and (ended_at is None or row.at <= ended_at):
                yield row

    def _task(self) -> str:
        """Of an answer, or of how a task turned out."""
        found: list[Starts | None] = [self._definition.on_reply.get(self._trace.answer)]
        for step_id, name in self._trace.dispositions:
            found.append(dispositions.meaning(name, self._definition.tasks.get(step_id)))
        return next((one.task for one in found if one is not None and one.task), "")

    def _then(self) -> str:
        """What begins at the very moment at which it ends."""
        ended = self._enrollment()
        others = (one for one in self._scene.enrollments if one.lead is self._lead)
        names = (
            one.sequence.name
            for one in others
            if ended and one is not ended and one.started_at == ended.ended_at
        )
        return next(names, NOTHING)

    def _last_stage(self, stage: str) -> str:
        enrollment = self._enrollment()
        until = (enrollment and enrollment.ended_at) or self._scene.now
        moves = (one for one in self._scene.moves if one.lead_id == self._lead.pk)
        return next((one.after for one in reversed(list(moves)) if one.at <= until), stage)

    def _unhappened(self) -> Iterator[int]:
        enrollment = self._enrollment()
        until = (enrollment and enrollment.ended_at) or self._scene.now
        for number in range(len(self._case.given)):
            happened_at = self._script.happened.get(number)
            if happened_at is None or happened_at > until:
                yield number

    def _refusal(self) -> str:
        if self._enrollment() is not None:
            return ""
        if self._trace.refusals:
            return self._trace.refusals[-1]
        return self._untrue(self._definition.enroll or Enroll(when="true"))

    def _untrue(self, rule: Enroll) -> str:
        """What of the rule is not so."""
        if not evaluate(rule.when, self._lead.context(self._lead.bound_deal())):
            return f"the rule is not true: {rule.when}"
        if rule.list and not self._scene.is_on(rule.list, self._lead):
            return f"is not in lists/{rule.list}.csv"
        kinds = {kind for _, kind in self._lead.events}
        if rule.on and not any(kinds & activities_of(event) for event in rule.on):
            return f"none of these happened: {', '.join(rule.on)}"
        if self._lead.enrollment is not None:
            return f"is in {self._lead.enrollment.sequence.name}"
        return "existing is false, and the lead did not move"


def _takes(decision: Decision, step_id: str) -> bool:
    return isinstance(decision, Send | Assign) and decision.step.id == step_id
