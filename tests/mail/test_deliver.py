"""Sending, over a real SMTP server."""

from threading import Thread

import pytest
from django.db import InterfaceError, OperationalError
from django.db import connection as database

from crm.models import Activity
from mail import compose, mailboxes, outbox
from mail.compose import Unsendable
from mail.models import Message
from runtime import clock


def test_a_due_message_is_sent_once(mailbox, queue, lead, sink):
    message = queue(lead)

    first = outbox.deliver(mailbox.pk)
    second = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (first, second) == ({"sent": 1}, {})
    assert message.status == Message.Status.SENT
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]
    assert list(Activity.objects.order_by("pk").values_list("kind", flat=True)) == [
        "queued",
        "email_sent",
    ]


@pytest.mark.django_db(transaction=True)
def test_of_a_batch_one_email_is_in_the_servers_hands_and_those_before_are_recorded(
    mailbox, queue, make_lead, sink
):
    for number in range(3):
        queue(make_lead(f"p{number}@customer.example"))
    committed = []
    sink.before_answer = [lambda: committed.append(_elsewhere(_states))]

    outbox.deliver(mailbox.pk)

    waiting, handed, sent = ("sending", False), ("sending", True), ("sent", True)
    assert committed == [
        ([handed, waiting, waiting], 0),
        ([sent, handed, waiting], 1),
        ([sent, sent, handed], 2),
    ]
    assert _states() == ([sent, sent, sent], 3)


def test_what_cannot_be_made_fails_in_its_turn(mailbox, queue, make_lead, sink, monkeypatch):
    messages = [queue(make_lead(f"p{number}@customer.example")) for number in range(4)]
    _unmakeable(monkeypatch, messages[1], Unsendable("its meeting has begun"))

    assert outbox.deliver(mailbox.pk) == {"sent": 3, "failed": 1}

    told = Activity.objects.exclude(kind="queued").order_by("pk")
    assert list(told.values_list("kind", "message_id")) == [
        ("email_sent", messages[0].pk),
        ("failed", messages[1].pk),
        ("email_sent", messages[2].pk),
        ("email_sent", messages[3].pk),
    ]


def test_a_mistake_of_ours_in_one_email_holds_it_back_alone(
    mailbox, queue, make_lead, sink, monkeypatch, caplog
):
    messages = [queue(make_lead(f"p{number}@customer.example")) for number in range(4)]
    _unmakeable(monkeypatch, messages[1], ZeroDivisionError("of ours"))

    assert outbox.deliver(mailbox.pk) == {"sent": 3, "retried": 1}

    held = messages.pop(1)
    held.refresh_from_db()
    assert (held.status, held.attempts) == ("queued", 1)
    assert held.last_error == "a mistake of ours: ZeroDivisionError('of ours')"
    assert held.due_at > clock.now()
    assert f"email {held.pk} could not be made" in caplog.text
    assert [mail["Message-ID"] for mail in sink.mails()] == [one.message_id for one in messages]


@pytest.mark.parametrize(("broken", "error"), [(1, OperationalError), (2, InterfaceError)])
def test_a_database_that_fails_leaves_no_doubt_of_the_emails_before(
    mailbox, queue, make_lead, sink, monkeypatch, broken, error
):
    messages = [queue(make_lead(f"p{number}@customer.example")) for number in range(4)]
    _unmakeable(monkeypatch, messages[broken], error())

    with pytest.raises(error):
        outbox.deliver(mailbox.pk)

    sent, waiting = ("sent", True), ("sending", False)
    assert _states() == ([sent] * broken + [waiting] * (4 - broken), broken)
    assert [mail["Message-ID"] for mail in sink.mails()] == [
        message.message_id for message in messages[:broken]
    ]


def _unmakeable(monkeypatch, message, error):
    made = compose.compose

    def make(other, sender):
        if other.pk == message.pk:
            raise error
        return made(other, sender)

    monkeypatch.setattr(compose, "compose", make)


def test_what_a_server_took_is_recorded_before_another_connection_is_opened(
    mailbox, queue, make_lead, monkeypatch
):
    monkeypatch.setattr(mailboxes, "MESSAGES_PER_CONNECTION", 1)
    for number in range(2):
        queue(make_lead(f"p{number}@customer.example"))
    at_opening, open_smtp = [], mailboxes._open_smtp

    def look_and_open(mailbox):
        at_opening.append(_states())
        return open_smtp(mailbox)

    monkeypatch.setattr(mailboxes, "_open_smtp", look_and_open)

    counts = outbox.deliver(mailbox.pk)

    waiting, sent = ("sending", False), ("sent", True)
    assert at_opening == [([waiting, waiting], 0), ([sent, waiting], 1)]
    assert counts == {"sent": 2}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_an_answer_too_many_counts_for_no_other_email(mailbox, queue, make_lead, sink, command):
    for number in range(2):
        queue(make_lead(f"p{number}@customer.example"))
    sink.answers[command] = ["451 later\r\n250 fine"]

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"retried": 1, "sent": 1}
    assert (len(sink.taken), sink.connections) == (1, 2)


def _states():
    """Each message's status and whether it was handed over, and the sent ones on the timeline."""
    rows = Message.objects.order_by("pk").values_list("status", "handed_at")
    states = [(status, handed_at is not None) for status, handed_at in rows]
    return states, Activity.objects.filter(kind="email_sent").count()


def _elsewhere(ask):
    """In a thread with a database connection of its own, as another process would."""
    found = []

    def look():
        try:
            found.append(ask())
        finally:
            database.close()

    thread = Thread(target=look)
    thread.start()
    thread.join()
    return found[0]
