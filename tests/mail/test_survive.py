"""What sending and reading must survive, each case with its number.

Cases 1, 3 and 7 are also shown by tests/crash, at every moment and point; cases 9, 15 and 16 stand in
test_what_arrives.py, case 13 in tests/sequences.
"""

import smtplib
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection as database

from crm.models import Activity
from mail import inbound, outbox, stops, unconfirmed
from mail.models import Inbound, Mailbox, Message, Suppression
from runtime import clock
from tests.mail.test_read import REPLY, reply, report, sent  # noqa: F401 - a fixture
from workers import schedule, tasks
from workers.app import app, ring

#: More than the real seconds for which a claim holds.
LATER = 31.0


class KilledError(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


def kill(monkeypatch, *, when):
    """End the worker once its words to the server are these."""
    send = smtplib.SMTP.send

    def dying(server, words):
        said = words if isinstance(words, bytes) else words.encode()
        if when == "before MAIL" and said.upper().startswith(b"MAIL"):
            raise KilledError
        send(server, words)
        if when == "after DATA" and said.endswith(b"\r\n.\r\n"):
            server.getreply()
            raise KilledError

    monkeypatch.setattr(smtplib.SMTP, "send", dying)


@pytest.fixture
def killed(mailbox, queue, lead, monkeypatch):
    """A message whose worker was killed; half a minute later."""

    def die(when):
        message = queue(lead)
        with monkeypatch.context() as patched:
            kill(patched, when=when)
            with pytest.raises(KilledError):
                outbox.deliver(mailbox.pk)
        assert outbox.deliver(mailbox.pk) == {}
        real = clock.monotonic
        monkeypatch.setattr(clock, "monotonic", lambda: real() + LATER)
        return message

    return die


def test_case_1_killed_between_claim_and_send_it_is_sent(killed, mailbox, sink):
    message = killed("before MAIL")

    counts = [outbox.deliver(mailbox.pk) for _ in range(2)]

    assert counts == [{"recovered": 1, "sent": 1}, {}]
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]


def test_case_1_killed_between_data_and_the_answer_it_is_in_doubt(killed, mailbox, sink):
    message = killed("after DATA")

    counts = [outbox.deliver(mailbox.pk) for _ in range(2)]

    message.refresh_from_db()
    assert counts == [{"unconfirmed": 1}, {}]
    assert message.status == Message.Status.UNCONFIRMED
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]


@pytest.mark.django_db(transaction=True)
def test_cases_3_and_4_rung_again_while_it_is_sent_it_is_sent_once(mailbox, queue, lead, sink):
    message = queue(lead)
    again = []
    sink.before_answer = [lambda: again.append(_elsewhere(tasks.deliver, [mailbox.pk]))]

    tasks.deliver([mailbox.pk])
    tasks.deliver([mailbox.pk])

    assert again == [None]
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]


def test_case_4_nothing_waits_in_the_broker(monkeypatch):
    told = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: told.append((name, options)))
    everything = schedule.Due(
        pull=[1], reread=[2], read_mailbox=[3], react=True, enroll=True, advance=True,
        deliver=[4], push=[5], settle_unconfirmed=True,
    )  # fmt: skip

    monkeypatch.setattr("workers.app.quiet", None)
    monkeypatch.setattr("runtime.bell.ring", lambda name, ids=(): ring(name, ids))
    schedule.ring_due(everything)

    assert {name for name, options in told if set(options) != {"args"}} == set()
    assert len(told) == 9


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "drop"])
def test_case_5_another_attempt_has_the_same_message_id(mailbox, queue, lead, sink, time, answer):
    message = queue(lead)
    sink.answers["DATA"] = [answer]
    outbox.deliver(mailbox.pk)
    message.refresh_from_db()
    if message.status == Message.Status.UNCONFIRMED:
        unconfirmed.confirm(message, sent=False, by="ada")
    time.forward(minutes=15)
    inbound.read(mailbox.pk)

    outbox.deliver(mailbox.pk)

    first, second = sink.offered
    assert first == second
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]


def test_case_6_one_that_is_refused_does_not_resend_the_others(mailbox, queue, make_lead, sink):
    messages = [queue(make_lead(f"p{number}@customer.example")) for number in range(4)]
    sink.answers["DATA"] = ["", "554 5.6.0 not wanted", "", ""]

    counts = [outbox.deliver(mailbox.pk) for _ in range(2)]

    refused = messages.pop(1)
    refused.refresh_from_db()
    assert counts == [{"sent": 3, "failed": 1}, {}]
    assert [mail["Message-ID"] for mail in sink.mails()] == [m.message_id for m in messages]
    assert (refused.status, refused.last_error) == ("failed", "554 5.6.0 not wanted")


def test_case_11_out_of_office_neither_stops_nor_is_answered(
    mailbox,
    sent,  # noqa: F811 - the fixture
    imap,
    queue,
    lead,
    sink,
):
    headers = f"In-Reply-To: {sent.message_id}\nAuto-Submitted: auto-replied\n"
    text = "I am out of the office until 16 March 2026 and will answer then."
    imap.arrive(reply(sent, text, subject="Automatic reply: A question", headers=headers))

    counts = inbound.read(mailbox.pk)

    [noted] = Activity.objects.all()
    assert counts == {"auto_reply": 1}
    assert (noted.kind, noted.data["until"]) == ("auto_replied", "2026-03-16T23:00:00+00:00")
    assert stops.reason(queue(lead, step="reminder")) is None
    assert len(sink.taken) == 1


def test_case_11_our_own_follow_up_is_no_reply(
    mailbox,
    sent,  # noqa: F811 - the fixture
    imap,
    queue,
    lead,
    sink,
):
    queue(lead, step="reminder", parent=sent)
    outbox.deliver(mailbox.pk)
    follow_up = sink.taken[1]
    imap.arrive(follow_up)

    counts = inbound.read(mailbox.pk)

    assert counts == {"ignored": 1}
    assert not Inbound.objects.exists()
    assert stops.reason(queue(lead, step="closing-note")) is None


def test_case_12_a_bounce_of_a_bounce_ends_here(
    mailbox,
    sent,  # noqa: F811 - the fixture
    imap,
    sink,
):
    ours = report(sent, "5.1.1", "550 5.1.1 user unknown")
    bounced_again = ours.replace(sent.message_id, "<bounce-1@mx.customer.example>").replace(
        "grace@customer.example", "mailer-daemon@mx.customer.example"
    )
    imap.arrive(bounced_again)
    imap.arrive(ours)

    counts = inbound.read(mailbox.pk)
    outbox.deliver(mailbox.pk)

    assert counts == {"ignored": 1, "bounce": 1}
    assert len(sink.taken) == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "words", "hard"),
    [
        ("4.4.7", "550 4.4.7 QUEUE.Expired; message expired", []),
        ("5.4.4", "Transient: unable to resolve the domain", ["hard_bounce"]),
    ],
)
def test_case_12_expired_is_soft_and_no_such_domain_is_hard(
    mailbox,
    sent,  # noqa: F811 - the fixture
    imap,
    status,
    words,
    hard,
):
    imap.arrive(report(sent, status, words))

    counts = inbound.read(mailbox.pk)

    assert counts == {"bounce": 1}
    assert list(Suppression.objects.values_list("kind", flat=True)) == hard


def test_case_14_what_is_overdue_leaves_at_the_mailboxs_pace(mailbox, queue, make_lead, time, sink):
    Mailbox.objects.update(per_hour=6, gap=timedelta(minutes=5))
    for number in range(20):
        due_at = clock.now() - timedelta(days=3)
        queue(make_lead(f"p{number}@customer.example"), due_at=due_at)
    left = []

    for _ in range(10):
        outbox.deliver(mailbox.pk)
        left.append(len(sink.taken))
        time.forward(minutes=10)

    assert left == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    time.forward(hours=8)
    assert outbox.deliver(mailbox.pk)["sent"] == 0


def test_case_17_a_mailbox_that_is_numbered_anew_is_neither_read_twice_nor_skipped(
    mailbox,
    sent,  # noqa: F811 - the fixture
    imap,
):
    imap.arrive(reply(sent))
    first = inbound.read(mailbox.pk)
    # As though the server had counted otherwise until now.
    Mailbox.objects.update(uidvalidity=1, last_uid=10_000)
    other = {"headers": f"In-Reply-To: {sent.message_id}\nX-Second: yes\n"}
    imap.arrive(reply(sent, "And another thing.", **other))

    second = inbound.read(mailbox.pk)

    assert (first, second) == ({"reply": 1}, {"known": 1, "reply": 1})
    assert Inbound.objects.count() == 2
    assert inbound.read(mailbox.pk) == {}


def test_case_18_a_mailbox_whose_inbox_cannot_be_read_does_not_send(
    mailbox, queue, lead, sink, time
):
    queue(lead)
    url = mailbox.imap_url
    Mailbox.objects.update(imap_url="imap://127.0.0.1:1")

    unread = outbox.deliver(mailbox.pk)
    Mailbox.objects.update(imap_url=url)
    time.forward(minutes=1)
    read = outbox.deliver(mailbox.pk)

    assert (unread, read) == ({"unread": 1}, {"sent": 1})
    assert len(sink.taken) == 1


def _elsewhere(action, *arguments):
    """In a thread with a database connection of its own, as another worker would."""

    def act():
        try:
            action(*arguments)
        finally:
            database.close()

    thread = Thread(target=act)
    thread.start()
    thread.join()
