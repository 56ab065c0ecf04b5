"""Who is told what a run leaves no trace of: why each step was taken, and why somebody was not let in."""

from process.simulation.rows import Enrollment, Lead
from sequences.cadence import Decision


class Witness:
    """This one forgets it all."""

    def decided(self, enrollment: Enrollment, decision: Decision) -> None:
        """What comes next for somebody, with its `because`."""

    def refused(self, sequence: str, lead: Lead, reason: str) -> None:
        """Somebody whom a rule names is not enrolled."""

    def replied(self, enrollment: Enrollment, answer: str) -> None:
        """An answer for which the sequence has an `on_reply` ended the enrollment."""

    def disposed(self, enrollment: Enrollment, step_id: str, disposition: str) -> None:
        """A task turned out so, which starts something."""
