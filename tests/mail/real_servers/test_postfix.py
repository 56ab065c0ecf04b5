"""What leaves as Postfix takes it, and what Postfix sends back."""

from datetime import timedelta
from email import message_from_bytes

import pytest

from mail import inbound, outbox
from mail.models import Inbound, Mailbox, Message, Suppression
from runtime import clock
from tests.mail.real_servers.conftest import GRACE

#: At every moment, since the tests run whenever they do.
ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}
WINDOW = {**ALWAYS, "timezone": "UTC"}


def wait_for(condition, seconds=40.0):
    deadline = clock.monotonic() + seconds
    while clock.monotonic() < deadline:
        if found := condition():
            return found
    raise AssertionError("it did not happen in time")


@pytest.fixture
def send(mailbox, queue, make_lead):
    def send(email, **values):
        message = queue(make_lead(email), window=WINDOW, **values)
        counts = outbox.deliver(mailbox.pk)
        message.refresh_from_db()
        return message, dict(counts)

    return send


@pytest.fixture
def read(mailbox):
    """Read the inbox until so many emails of a kind are known."""

    def read(kind):
        def known():
            inbound.read(mailbox.pk)
            return list(Inbound.objects.filter(kind=kind))

        return wait_for(known)

    return read


def test_an_email_arrives_as_it_was_kept(send, postfix):
    message, counts = send(GRACE)

    (arrived,) = wait_for(lambda: postfix.arrived(GRACE))
    assert counts == {"sent": 1}
    assert arrived.replace(b"\r\n", b"\n").endswith(bytes(message.raw).replace(b"\r\n", b"\n"))
    assert message_from_bytes(arrived)["Return-Path"] == "<ada@us.example>"


@pytest.mark.parametrize(
    "line", ["x" * 4000, f"https://us.example/?{'q' * 1200}", f"{'a' * 75}.b\n.\n..", "bare\rcr"]
)
def test_long_lines_and_dots_pass(send, template, line):
    template.text += line
    template.html = f"<p>{line}</p>"
    template.save()

    _, counts = send(GRACE)

    assert counts == {"sent": 1}


def test_an_unknown_recipient_is_refused_at_once(send):
    message, counts = send("nobody@customer.example")

    assert counts == {"bounced": 1}
    assert "5.1.1" in message.last_error
    assert Suppression.objects.get().kind == "hard_bounce"


@pytest.fixture
def lenient(mailbox, postfix):
    """The mailbox on a server that finds out later whom it cannot reach."""
    mailbox.smtp_url = f"smtp://127.0.0.1:{postfix.lenient}"
    mailbox.save()


@pytest.mark.usefixtures("lenient")
def test_a_bounce_that_comes_later_suppresses_the_lead(send, read):
    message, counts = send("grace@bounce.test")

    (bounce,) = read("bounce")

    assert counts == {"sent": 1}
    assert (bounce.answers, bounce.data["hard"], bounce.data["status"]) == (message, True, "5.1.1")
    assert Suppression.objects.get().email == "grace@bounce.test"


@pytest.mark.usefixtures("lenient")
def test_a_delay_is_no_failure_and_giving_up_is_soft(send, read):
    message, counts = send("grace@slow.test")

    (delayed,) = read("delayed")
    (bounce,) = read("bounce")

    assert counts == {"sent": 1}
    assert (delayed.answers, bounce.answers) == (message, message)
    assert (bounce.data["hard"], bounce.data["status"]) == (False, "4.3.0")
    assert not Suppression.objects.exists()


def test_one_refused_among_many_resends_none(mailbox, queue, make_lead, postfix):
    before = len(postfix.arrived(GRACE))
    for email in ("nobody@customer.example", GRACE, "no-one@customer.example"):
        queue(make_lead(email), window=WINDOW)

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"sent": 1, "bounced": 2}
    wait_for(lambda: len(postfix.arrived(GRACE)) == before + 1)
    assert not Message.objects.filter(status__in=["queued", "sending"]).exists()


def test_a_plus_address_arrives_in_its_mailbox(mailbox, postfix, read, make_lead, send):
    make_lead("someone@customer.example")
    raw = (
        "From: someone@customer.example\r\nTo: ada+anything@us.example\r\n"
        "Subject: Hello\r\nMessage-ID: <plus@customer.example>\r\n\r\nTell me more.\r\n"
    )
    postfix.take("someone@customer.example", "ada+anything@us.example", raw)

    (reply,) = read("reply")

    assert reply.text == "Tell me more."


def test_an_inbox_that_cannot_be_read_sends_nothing(mailbox, queue, lead, postfix):
    before = len(postfix.arrived(GRACE))
    queue(lead, window=WINDOW)
    old = clock.now() - timedelta(hours=1)
    Mailbox.objects.update(imap_url="imap://127.0.0.1:1", read_at=old)

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"unread": 1}
    assert len(postfix.arrived(GRACE)) == before
