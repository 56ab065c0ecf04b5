"""What a run tells of one lead in one sequence, with the reasons."""

from collections.abc import Iterator

from process.simulation.rows import Enrollment, Lead
from process.simulation.witness import Witness
from sequences.cadence import Assign, Branch, Decision, Send, Skip, Stop, Update


class Trace(Witness):
    def __init__(self, sequence: str) -> None:
        self._sequence = sequence
        self._lead: Lead | None = None
        self._enrollment: Enrollment | None = None
        self.decisions: list[Decision] = []
        self.refusals: list[str] = []
        self.answer = ""  #: the one for which there is an `on_reply`
        #: Task steps with how they turned out, where that starts something.
        self.dispositions: list[tuple[str, str]] = []

    def follow(self, lead: Lead) -> None:
        self._lead = lead

    def decided(self, enrollment: Enrollment, decision: Decision) -> None:
        if self._is_followed(enrollment):
            self.decisions.append(decision)

    def refused(self, sequence: str, lead: Lead, reason: str) -> None:
        if lead is self._lead and sequence == self._sequence:
            self.refusals.append(reason)

    def replied(self, enrollment: Enrollment, answer: str) -> None:
        if self._is_followed(enrollment):
            self.answer = answer

    def disposed(self, enrollment: Enrollment, step_id: str, disposition: str) -> None:
        if self._is_followed(enrollment):
            self.dispositions.append((step_id, disposition))

    def walked(self) -> Iterator[str]:
        """The parts of the sequence that were walked, as process.testing.coverage names them."""
        for decision in self.decisions:
            match decision:
                case Send() | Assign() | Update():
                    yield decision.step.id
                case Skip():
                    yield f"{decision.step.id}.skipped"
                case Branch():
                    yield f"{decision.step.id}.{decision.way}"
                case Stop(because={"exit": number}):
                    yield f"exit.{number}"
                case Stop(because={"step": step}):
                    yield str(step)
        if self.answer:
            yield f"on_reply.{self.answer}"
        for step_id, disposition in self.dispositions:
            yield f"{step_id}.{disposition}"
        yield from self._gates_that_opened()

    def _gates_that_opened(self) -> Iterator[str]:
        skipped = {one.step.id for one in self.decisions if isinstance(one, Skip)}
        taken = self._enrollment.taken if self._enrollment else {}
        for step, one in taken.items():
            if one.ended_at is not None and step not in skipped:
                yield f"{step}.done"

    def _is_followed(self, enrollment: Enrollment) -> bool:
        """Only the first time that the lead is in the sequence."""
        if enrollment.lead is not self._lead or enrollment.sequence.name != self._sequence:
            return False
        self._enrollment = self._enrollment or enrollment
        return self._enrollment is enrollment
