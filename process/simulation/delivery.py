"""Mailboxes that send what is queued, as far as their caps and the windows allow; in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mail import pacing
from mail.window import Window
from process.simulation.rows import Email, Enrollment, Mailbox, Touch
from process.simulation.scene import Scene
from process.simulation.world import Arrival, World

#: As in mail.settle: how a server's "try again later" is met.
MOST_ATTEMPTS, FIRST_BACKOFF = 5, timedelta(minutes=15)


class Delivery:
    def __init__(self, scene: Scene, world: World) -> None:
        self.scene, self.world = scene, world

    def deliver(self) -> bool:
        """What is due now; whether anything was."""
        due = [m for m in self.scene.all_mailboxes() if m.next_at and m.next_at <= self.scene.now]
        for mailbox in due:
            self._deliver(mailbox)
        return bool(due)

    def next_due(self) -> datetime | None:
        moments = (mailbox.next_at for mailbox in self.scene.mailboxes.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def _deliver(self, mailbox: Mailbox) -> None:
        queue = [email for email in mailbox.queue if not email.is_cancelled]
        due = [email for email in queue if email.due_at <= self.scene.now]
        due.sort(key=lambda email: (email.due_at, email.pk))
        for email in self._admitted(mailbox, due):
            self._hand(mailbox, email)
        mailbox.queue = [email for email in queue if not email.is_cancelled]
        mailbox.next_at = min((email.due_at for email in mailbox.queue), default=None)

    def _admitted(self, mailbox: Mailbox, due: Sequence[Email]) -> list[Email]:
        """Those that leave now; the others get a later due time."""
        now, history, limits = self.scene.now, mailbox.history, mailbox.limits
        history[:] = [moment for moment in history if moment > now - pacing.DAY]
        admitted = []
        waiting = [(email, *_window(email.enrollment)) for email in due]
        for email, admission in pacing.admit_each(waiting, history, limits, now):
            if isinstance(admission, pacing.Now):
                admitted.append(email)
            elif isinstance(admission, pacing.Never):
                self._fail(email)
            else:
                email.due_at = admission.at
        free_at, _ = pacing.paced(history, limits, now)
        for email in due:
            if email.due_at <= now and email not in admitted:
                email.due_at = free_at
        return admitted

    def _hand(self, mailbox: Mailbox, email: Email) -> None:
        enrollment, now = email.enrollment, self.scene.now
        arrival = Arrival(
            at=now,
            lead=enrollment.lead,
            enrollment_id=enrollment.pk,
            sequence=enrollment.sequence.name,
            step_id=email.step_id,
            template=email.template,
        )
        answer, follows = self.world.receives(arrival)
        self.scene.expect(follows)
        if answer == "sent":
            self._sent(mailbox, email)
            return
        mailbox.history.remove(now)  # it did not leave
        if answer == "gone":
            self._drop(email)
            self.scene.suppressed.add(enrollment.lead.email)
            self.scene.note("bounced", enrollment.lead, enrollment=enrollment, data={"hard": True})
        else:
            self._again(email)

    def _sent(self, mailbox: Mailbox, email: Email) -> None:
        enrollment, now = email.enrollment, self.scene.now
        self._drop(email)
        enrollment.lead.touched_at = now
        self.scene.touches.append(
            Touch(
                at=now,
                lead_id=enrollment.lead.pk,
                sequence=enrollment.sequence.name,
                step=email.step_id,
                kind="email",
                what=email.template,
                by=mailbox.address,
            )
        )
        self.scene.note(
            "email_sent", enrollment.lead, enrollment=enrollment, data={"step": email.step_id}
        )

    def _again(self, email: Email) -> None:
        email.attempts += 1
        if email.attempts >= MOST_ATTEMPTS:
            self._fail(email)
        else:
            email.due_at = self.scene.now + FIRST_BACKOFF * 2 ** (email.attempts - 1)

    def _fail(self, email: Email) -> None:
        self._drop(email)
        enrollment = email.enrollment
        self.scene.note("failed", enrollment.lead, enrollment=enrollment)

    def _drop(self, email: Email) -> None:
        email.is_cancelled, email.enrollment.email = True, None


def _window(enrollment: Enrollment) -> tuple[Window, str]:
    return enrollment.sequence.window_for(enrollment.lead.facts), enrollment.timezone
