"""Mailboxes that send what is queued, as far as their caps and the windows allow; in memory."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from mail import invited, pacing
from mail.quotas import domain_of
from mail.window import Window
from process.simulation.rows import Email, Mailbox, Touch
from process.simulation.scene import Scene
from process.simulation.world import Arrival, World

#: As in mail.settle: how a server's "try again later" is met.
MOST_ATTEMPTS, FIRST_BACKOFF = 5, timedelta(minutes=15)
#: A send window and the time zone in which it is read.
Where = tuple[Window, str]


class Delivery:
    def __init__(self, scene: Scene, world: World) -> None:
        self.scene, self.world = scene, world
        self._due: list[tuple[datetime, int, Mailbox]] = []

    def deliver(self) -> bool:
        """What is due now; whether anything was."""
        self._take_stirred()
        if not self._due or self._due[0][0] > self.scene.now:
            return False
        due: dict[int, Mailbox] = {}
        while (moment := self.next_due()) is not None and moment <= self.scene.now:
            _, pk, mailbox = heapq.heappop(self._due)
            due[pk] = mailbox
        for _, mailbox in sorted(due.items()):
            self._deliver(mailbox)
            self.scene.stirred.add(mailbox)
        return bool(due)

    def next_due(self) -> datetime | None:
        """When the first mailbox is to be asked."""
        self._take_stirred()
        while self._due:
            due_at, _, mailbox = self._due[0]
            if mailbox.next_due == due_at:
                return due_at
            heapq.heappop(self._due)
            self._push(mailbox)  # what it waited for was cancelled or put off
        return None

    def _take_stirred(self) -> None:
        while self.scene.stirred:
            self._push(self.scene.stirred.pop())

    def _push(self, mailbox: Mailbox) -> None:
        if (due_at := mailbox.next_due) is not None:
            heapq.heappush(self._due, (due_at, mailbox.pk, mailbox))

    def _deliver(self, mailbox: Mailbox) -> None:
        """Admit in order, then hand over, as a claim goes before its sending."""
        now, history = self.scene.now, mailbox.history
        limits = mailbox.limits_at(now)
        del history[: bisect_right(history, now - pacing.DAY)]
        admitted: list[Email] = []
        closed: dict[Where, datetime] = {}  # windows that open later, as long as nothing leaves
        for email, admission in pacing.admit_each(
            self._waiting(mailbox, closed), history, limits, now
        ):
            if isinstance(admission, pacing.Now):
                admitted.append(email)
                closed.clear()
            elif isinstance(admission, pacing.Never):
                self._fail(email)
            elif admission.is_for_all:
                mailbox.hold(email, admission.at)
            else:
                if admission.because["rule"] == "window":
                    closed[_where(email)] = admission.at
                mailbox.postpone(email, admission.at)
        for email in admitted:
            self._hand(mailbox, email)

    def _waiting(
        self, mailbox: Mailbox, closed: Mapping[Where, datetime]
    ) -> Iterator[pacing.Waiting[Email]]:
        while (email := mailbox.take_due(self.scene.now)) is not None:
            where = _where(email)
            if where in closed:
                mailbox.postpone(email, closed[where])
            else:
                yield email, *where, self._quotas(email)

    def _quotas(self, email: Email) -> Sequence[pacing.Quota]:
        quotas = self.scene.quotas
        if not (quotas.per_domain or quotas.per_company):
            return ()
        lead, since = email.enrollment.lead, self.scene.now - pacing.DAY
        found = quotas.of(domain_of(lead.email), lead.company_id)
        for quota in found:
            quota.history[:] = [moment for moment in quota.history if moment > since]
        return found

    def _hand(self, mailbox: Mailbox, email: Email) -> None:
        enrollment, now = email.enrollment, self.scene.now
        if email.leave_before is not None and email.leave_before <= now:
            self._take_back(mailbox, email)
            return
        if _cannot_invite(email, now):
            self._uncount(mailbox, email)
            self._fail(email)
            return
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
        self._uncount(mailbox, email)
        if answer == "gone":
            self._drop(email)
            self.scene.suppressed.add(enrollment.lead.email)
            self.scene.note("bounced", enrollment.lead, enrollment=enrollment, data={"hard": True})
        else:
            self._again(email)

    def _take_back(self, mailbox: Mailbox, email: Email) -> None:
        """What it says is of no use any more; it was claimed, as production claims before it looks."""
        self._uncount(mailbox, email)
        self._drop(email)
        self.scene.leave(email.enrollment, "too_late", at=self.scene.now)

    def _uncount(self, mailbox: Mailbox, email: Email) -> None:
        """It did not leave."""
        for counted in (mailbox.history, *(quota.history for quota in self._quotas(email))):
            counted.remove(self.scene.now)
        mailbox.let_in(self.scene.now)

    def _sent(self, mailbox: Mailbox, email: Email) -> None:
        enrollment, now = email.enrollment, self.scene.now
        self._drop(email)
        enrollment.lead.touched_at = now
        enrollment.lead.written_from = mailbox.pk
        mailbox.sent(now)
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
            until = self.scene.now + FIRST_BACKOFF * 2 ** (email.attempts - 1)
            email.enrollment.mailbox.postpone(email, until)

    def _fail(self, email: Email) -> None:
        self._drop(email)
        enrollment = email.enrollment
        self.scene.note("failed", enrollment.lead, enrollment=enrollment)

    def _drop(self, email: Email) -> None:
        email.is_cancelled, email.enrollment.email = True, None


def _cannot_invite(email: Email, now: datetime) -> bool:
    if email.invite is None:
        return False
    enrollment = email.enrollment
    facts = enrollment.lead.context(enrollment.deal)
    return bool(invited.problem(email.invite, facts, now=now))


def _where(email: Email) -> Where:
    enrollment = email.enrollment
    return enrollment.sequence.window_for(enrollment.lead.facts), enrollment.timezone
