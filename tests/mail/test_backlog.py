"""The outbox as an operator sees it: each email with what it waits for."""

from datetime import timedelta

import pytest

from mail import backlog, outbox, pauses
from mail.models import Mailbox, Message
from mail.unconfirmed import NEVER
from tests.mail.conftest import ADA


def queued():
    [row] = backlog.backlog()["queued"]
    return row["due_at"], row["waits_for"]


def test_what_is_due_waits_for_a_worker(queue, lead, time):
    message = queue(lead)

    assert backlog.backlog() == {
        "queued": [
            {
                "email": message.pk,
                "to": "grace@customer.example",
                "mailbox": ADA,
                "step": "approach opening",
                "due_at": time.now,
                "waits_for": "a worker",
            }
        ],
        "sending": [],
        "unconfirmed": [],
        "failed": [],
    }


@pytest.mark.parametrize(
    ("scope", "name", "told"),
    [
        ("all", "", "all sending"),
        ("mailbox", ADA, f"mailbox {ADA}"),
        ("sequence", "approach", "sequence approach"),
    ],
)
def test_a_pause_is_told_with_who_and_why(queue, lead, time, scope, name, told):
    queue(lead)
    pauses.pause("mailbox", "bob@example.com", by="bob", reason="another one's")
    pauses.pause(scope, name, by="ada", reason="a wrong price")

    assert queued() == (time.now, f"{told}, paused by ada: a wrong price")


def test_a_mailbox_in_trouble_is_told(queue, lead, time):
    queue(lead)
    Mailbox.objects.update(status=Mailbox.Status.PAUSED, last_error="535 no")

    assert queued() == (time.now, "its mailbox, which paused by itself: 535 no")


def test_an_inbox_that_cannot_be_read_is_told(mailbox, queue, lead, time, imap):
    queue(lead)
    Mailbox.objects.update(imap_url="imap://127.0.0.1:1")

    assert outbox.deliver(mailbox.pk) == {"unread": 1}
    assert queued()[1].startswith("its mailbox's inbox to be read: imap://127.0.0.1:1: ")


def test_a_paused_enrollments_email_has_no_due_time(queue, lead):
    queue(lead, due_at=NEVER)

    assert queued() == (None, "its lead's enrollment, which is paused")


def test_the_window_is_told(mailbox, queue, lead, time):
    time.forward(hours=8)
    queue(lead)
    outbox.deliver(mailbox.pk)

    assert queued() == (time.now + timedelta(hours=12), "the send window")


def test_a_cap_is_told(mailbox, queue, make_lead, time):
    mailbox.gap = timedelta(minutes=2)
    mailbox.save()
    for name in "ab":
        queue(make_lead(f"{name}@customer.example"))
    outbox.deliver(mailbox.pk)

    gap = mailbox.limits.gap_after(time.now)
    assert queued() == (time.now + gap, "the mailbox's gap")


def test_another_attempt_is_told(mailbox, queue, lead, sink, time):
    queue(lead)
    sink.answers["RCPT"] = ["450 4.2.1 later"]
    outbox.deliver(mailbox.pk)

    assert queued() == (time.now + timedelta(minutes=15), "another attempt: 450 4.2.1 later")


def test_what_is_in_doubt_and_what_was_refused_are_told(mailbox, queue, make_lead, sink, time):
    doubtful, refused = (queue(make_lead(f"{name}@customer.example")) for name in "ab")
    sink.answers["DATA"] = ["take and drop", "550 5.7.1 spam"]
    outbox.deliver(mailbox.pk)

    told = backlog.backlog(ADA)

    assert [(row["email"], row["handed_at"]) for row in told["unconfirmed"]] == [
        (doubtful.pk, time.now)
    ]
    assert told["unconfirmed"][0]["waits_for"].startswith("the Sent folder: ")
    assert [(row["email"], row["error"]) for row in told["failed"]] == [
        (refused.pk, "550 5.7.1 spam")
    ]


def test_what_a_worker_holds_is_told(queue, lead, time):
    message = queue(lead)
    told = []
    for handed_at in (None, time.now):
        Message.objects.filter(pk=message.pk).update(status="sending", handed_at=handed_at)
        told += backlog.backlog()["sending"]

    assert [row["waits_for"] for row in told] == [
        "a worker that has claimed it",
        "its server's answer",
    ]


def test_of_one_mailbox_the_first_few_and_how_many_there_are(queue, make_lead):
    first, *_ = [queue(make_lead(f"p{number}@customer.example")) for number in range(3)]

    shown = backlog.backlog(ADA, at_most=1)

    assert [row["email"] for row in shown["queued"]] == [first.pk]
    assert backlog.count(ADA) == {"queued": 3, "sending": 0, "unconfirmed": 0, "failed": 0}
    assert backlog.count("bob@example.com")["queued"] == 0
