"""`main()`: a stop lands at every point of a delivery; prints what came of each.

A point lies before each statement of the delivery and at each command that its server gets. At one
of them another connection begins to commit a stop. Where the delivery holds locks that the stop
needs, it goes on, and waits for the stop at its next point without any.
"""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from itertools import count

from aiosmtpd.controller import Controller
from django.db import connection, connections, transaction

from connectors.base import DealRecord, LeadRecord
from crm import pull as pull_module
from crm.models import Deal, Lead
from mail import mailboxes, models, outbox, pauses
from runtime import clock
from tests.connectors.fake import FakeCrm
from tests.crash import run, stopper
from tests.crash.kinds import IN_THE_CRM, KINDS
from tests.crash.watch import Watch
from tests.crash.worker import NOON
from tests.mail.conftest import free_port

#: Seconds for a stop that need not wait for us; and for one that waits, while we hold locks.
PATIENCE, GLANCE = 20.0, 0.02


class Passage:
    """One delivery, and the stop that lands at its point of this number."""

    def __init__(self, number, stop, other):
        self.number, self.events = number, []
        self.begun_at = self.committed_at = self.checked_at = self.taken_at = None
        self.fault = ""
        self._stop, self._other, self._landing = stop, other, None

    def pass_(self, name, *, locked=False):
        """We are here: the stop begins, or is waited for once nothing of ours is in its way."""
        self.events.append(name)
        if len(self.events) == self.number:
            self._landing = self._other.submit(self._land)
        if self._landing is not None and not (locked and connection.vendor == "sqlite"):
            done, _ = wait([self._landing], GLANCE if locked else PATIENCE)
            if not (done or locked):
                self.fault = f"the stop still waits at {name}, where nothing should be locked"

    def end(self):
        """False when there is no point of this number."""
        if self._landing is None:
            return False
        wait([self._landing])
        return True

    def _land(self):
        self.begun_at = time.monotonic()
        try:
            self._stop()
            self.committed_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 - told with the others
            self.fault = f"the stop failed: {error!r}"


class Points:
    """Each statement of ours is a point, and each command that the server gets."""

    passage: Passage | None = None

    def statement(self, execute, sql, params, many, context):
        if self.passage is not None:
            self.passage.pass_(" ".join(sql.split()[:3]), locked=connection.in_atomic_block)
        return execute(sql, params, many, context)

    def checked(self, _recipient, at):
        self.passage.checked_at = at

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        self.passage.pass_("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.passage.pass_("MAIL")
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.passage.pass_("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.passage.taken_at = time.monotonic()
        self.passage.pass_("the email itself")
        return "250 2.0.0 taken"


class People:
    """Leads with a deal, pulled from a CRM in memory, and what stops their emails."""

    def __init__(self, port):
        self.numbers = count(1)
        self.crm = FakeCrm()
        setattr(pull_module, "connector_of", lambda _connection: self.crm.connector())  # noqa: B010 - for this process alone
        run.fill(port)
        models.Mailbox.objects.exclude(pk=1).delete()
        self.mailbox, self.template = (
            models.Mailbox.objects.get(),
            models.EmailTemplate.objects.get(),
        )

    def write_to(self, kind):
        """A new person's email, due now."""
        number = next(self.numbers)
        self.lead_record = LeadRecord(
            external_id=f"l{number}", email=f"p{number}@customer.example", first_name="Grace"
        )
        self.deal_record = DealRecord(
            external_id=f"d{number}", name="Deal", stage="open", lead_ids=(f"l{number}",)
        )
        lead, deal = self._pulled() if kind in IN_THE_CRM else (self._made(), None)
        draft = run.draft(lead, self.mailbox, self.template, NOON, deal)
        outbox.queue([draft])
        models.Mailbox.objects.update(read_at=NOON)
        return models.Message.objects.get(enrollment_id=draft.enrollment_id)

    def _made(self):
        record = self.lead_record
        return Lead.objects.create(
            email=record.email, first_name=record.first_name, source_id=1, created_at=NOON
        )

    def _pulled(self):
        self.crm.put("lead", self.lead_record)
        self.crm.put("deal", self.deal_record)
        self.pull()
        return Lead.objects.get(email=self.lead_record.email), Deal.objects.latest("pk")

    def pull(self):
        found = pull_module.pull(1)
        assert found is not None
        assert not found.error, found.error

    def stops(self, message):
        """By name: each commits what forbids the email, as the product itself does."""

        def opt_out():
            self.crm.put("lead", replace(self.lead_record, do_not_contact=True))
            self.pull()

        def deal_closed():
            closed = replace(self.deal_record, stage="won", is_closed=True, closed_at=NOON)
            self.crm.put("deal", closed)
            self.pull()

        def pause(scope, name):
            return lambda: pauses.pause(scope, name, by="ada", reason="a wrong price")

        return {
            "one_click": lambda: stopper.one_click(message),
            "reply": lambda: stopper.reply(message),
            "reply_and_reaction": lambda: stopper.reply_and_reaction(message),
            "stopped_by_hand": lambda: in_transaction(
                outbox.cancel, message.enrollment_id, {"reason": "stopped by hand"}
            ),
            "opt_out": opt_out,
            "deal_closed": deal_closed,
            "enrollment_paused": lambda: in_transaction(
                outbox.postpone, message.enrollment_id, NOON + timedelta(days=1)
            ),
            "all_paused": pause("all", ""),
            "mailbox_paused": pause("mailbox", message.mailbox.address),
            "sequence_paused": pause("sequence", "approach"),
        }


def in_transaction(function, *arguments):
    with transaction.atomic():
        function(*arguments)


def main():
    clock.install(lambda: NOON)
    points = Points()
    server = Controller(points, hostname="127.0.0.1", port=free_port())
    server.start()
    people = People(server.port)
    connection.execute_wrappers.append(points.statement)
    Watch(points.checked).install()
    with ThreadPoolExecutor(1) as other:
        told = [row for kind in KINDS for row in _every_point(people, points, kind, other)]
        other.submit(connections.close_all).result()
    mailboxes.close_all()
    server.stop()
    print(json.dumps(told))  # noqa: T201 - its answer


def _every_point(people, points, kind, other):
    for number in count(1):
        message = people.write_to(kind)
        mailboxes.close_all()  # so that connecting is among the points
        passage = points.passage = Passage(number, people.stops(message)[kind], other)
        try:
            counts = outbox.deliver(message.mailbox_id)
        except Exception as error:  # noqa: BLE001 - told with the others
            counts, passage.fault = Counter(), f"the delivery failed: {error!r}"
        points.passage = None
        if not passage.end():
            return
        message.refresh_from_db()
        models.Pause.objects.all().delete()
        models.Message.objects.filter(status="queued").delete()
        yield {
            "stop": kind, "point": number, "before": passage.events[number - 1],
            "counts": dict(counts), "status": message.status, "fault": passage.fault,
            "received": passage.taken_at is not None, "when": _when(passage),
        }  # fmt: skip


def _when(passage):
    """Where the stop's commit lies."""
    if passage.committed_at is None:
        return "never"
    if passage.checked_at is None or passage.committed_at < passage.checked_at:
        return "before the last check"
    is_behind = passage.taken_at is not None and passage.begun_at > passage.taken_at
    return "after the email" if is_behind else "between"
