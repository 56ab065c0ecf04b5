"""An address that the mailbox's server cannot carry: nothing leaves, and a person takes over."""

import socket
from contextlib import closing

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from mail import mailboxes, outbox
from mail.models import Mailbox, Message
from process.models import Task
from runtime import clock
from sequences import engine
from sequences.enroll import enroll_matching
from sequences.models import Enrollment
from workers import reactions, schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings, monkeypatch):
    """One without SMTPUTF8."""
    settings.CADENZA_MODE = "sandbox"
    monkeypatch.setenv("MAIL_PASSWORD_ADA", "pw")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    server.start()
    yield server
    mailboxes.close_all()
    server.stop()


def queued_for(lead, frozen_clock):
    enroll_matching([lead.pk], moved=True)
    for _ in range(50):
        reactions.react()
        engine.advance_due()
        message = Message.objects.filter(status="queued").first()
        if message is not None:
            return message
        frozen_clock.now = schedule.next_due()
    raise AssertionError("nothing was queued")


def test_without_smtputf8_the_enrollment_stops_with_a_task(team, make_lead, frozen_clock, server):
    team()
    lead = make_lead("grâce@customer.example")
    message = queued_for(lead, frozen_clock)
    Mailbox.objects.filter(pk=message.mailbox_id).update(
        smtp_url=f"smtp://127.0.0.1:{server.port}", read_at=clock.now()
    )

    outcome = outbox.deliver(message.mailbox_id)
    reactions.react()

    enrollment = Enrollment.objects.get(pk=message.enrollment_id)
    task = Task.objects.get(enrollment_id=enrollment.pk, kind="email")
    assert outcome == {"failed": 1}
    assert (enrollment.status, enrollment.reason) == ("stopped", "the email was refused")
    assert "it offers no SMTPUTF8" in task.note
