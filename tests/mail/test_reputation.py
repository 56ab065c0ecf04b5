"""A mailbox whose emails come back too often stops by itself, and stays so until a person resumes it."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from mail import inbound, mailboxes, outbox, pauses, reputation
from mail.models import Mailbox, Message
from mail.reputation import Limits, Tally, excess
from tests.mail.test_read import REPORT
from workers import schedule

UNKNOWN = "550 5.1.1 no such user"
LIMITS = Limits(bounces=500, complaints=30)
COUNTS = st.integers(0, 2000)


@pytest.mark.parametrize(
    ("left", "bounced", "complained", "told"),
    [
        (19, 19, 19, ""),
        (20, 2, 0, ""),
        (20, 3, 0, "3 of 20 emails bounced, 15.0%, and pause_at is 5%"),
        (60, 3, 0, ""),
        (59, 3, 0, "3 of 59 emails bounced, 5.1%, and pause_at is 5%"),
        (20, 0, 1, ""),
        (1000, 0, 3, ""),
        (999, 0, 3, "3 of 999 emails were called spam, 0.3%, and pause_at is 0.3%"),
    ],
)
def test_a_share_counts_from_a_floor_on(left, bounced, complained, told):
    assert excess(Tally(left=left, bounced=bounced, complained=complained), LIMITS) == told


@given(COUNTS, COUNTS, COUNTS)
def test_no_more_is_too_much_of_the_whole(left, bounced, complained):
    counted = Tally(left=left, bounced=min(bounced, left), complained=min(complained, left))

    assert excess(counted, Limits(bounces=10_000, complaints=10_000)) == ""


@given(COUNTS, COUNTS, COUNTS)
def test_one_more_that_comes_back_is_never_better(left, bounced, complained):
    before = excess(Tally(left=left, bounced=bounced, complained=complained), LIMITS)
    after = excess(Tally(left=left, bounced=bounced + 1, complained=complained + 1), LIMITS)

    assert bool(after) >= bool(before)


@pytest.fixture
def queued(queue, make_lead):
    def put(number, first=0):
        return [queue(make_lead(f"p{first + n}@customer.example")) for n in range(number)]

    return put


def states():
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def test_a_mailbox_that_bounces_too_often_stops_and_nothing_more_leaves(mailbox, queued, sink):
    queued(60)
    sink.answers["RCPT"] = [""] * 25 + [UNKNOWN] * 35

    counts = outbox.deliver(mailbox.pk)
    again = (outbox.deliver(mailbox.pk), schedule.due(inboxes=False).deliver)

    mailbox.refresh_from_db()
    assert counts == {"sent": 25, "bounced": 3, "held": 2}
    assert states() == ["sent"] * 25 + ["failed"] * 3 + ["queued"] * 32
    assert (again, len(sink.offered), len(sink.answers["RCPT"])) == (({}, []), 25, 32)
    assert mailbox.status == Mailbox.Status.PAUSED
    assert mailbox.last_error == (
        "3 of 28 emails bounced, 10.7%, and pause_at is 5%, counted since 2026-02-25 12:00 UTC; look "
        "where these addresses come from, then: cadenza resume --mailbox ada@example.com"
    )


def test_a_mailbox_with_few_bounces_goes_on(mailbox, queued, sink):
    queued(60)
    sink.answers["RCPT"] = ([""] * 19 + [UNKNOWN]) * 3

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"sent": 57, "bounced": 3}


def test_apply_does_not_resume_it_and_whoever_does_begins_anew(mailbox, queued, sink, time):
    queued(24)
    sink.answers["RCPT"] = [""] * 20 + [UNKNOWN] * 4
    outbox.deliver(mailbox.pk)

    applied = pauses.try_again(Mailbox.objects.all())
    time.forward(hours=1)
    resumed = pauses.try_again(Mailbox.objects.all(), resumed=True)
    time.forward(minutes=1)
    after = outbox.deliver(mailbox.pk)

    mailbox.refresh_from_db()
    assert (applied, resumed, after) == (0, 1, {"bounced": 1})
    assert (mailbox.status, mailbox.last_error) == (Mailbox.Status.ACTIVE, "")
    assert (mailbox.rates_exceeded_at, mailbox.rates_from) == (
        None,
        time.now - timedelta(minutes=1),
    )


def test_what_left_long_ago_counts_no_more(mailbox, queued, sink, time):
    queued(25)
    sink.answers["RCPT"] = [""] * 23 + [UNKNOWN] * 2
    outbox.deliver(mailbox.pk)
    time.forward(days=7)
    late = Message.objects.filter(status="sent").earliest("pk")
    queued(1, first=30)
    sink.answers["RCPT"] = [UNKNOWN]

    reputation.bounced(late)
    counts = outbox.deliver(mailbox.pk)

    mailbox.refresh_from_db()
    counted = reputation.tally(mailbox, time.now - reputation.WITHIN)
    assert (counts, mailbox.status) == ({"bounced": 1}, Mailbox.Status.ACTIVE)
    assert counted == Tally(left=1, bounced=1, complained=0)


def arrives(imap, message, number):
    text = REPORT.format(
        subject=f"Undelivered {number}", action="failed", status="5.1.1", words=UNKNOWN,
        message_id=message.message_id,
    )  # fmt: skip
    imap.arrive(text.replace("grace@customer.example", message.to_email))


def test_reports_count_and_each_email_once(mailbox, queued, imap, time):
    messages = queued(30)
    outbox.deliver(mailbox.pk)
    for number, message in enumerate([*messages[:2], *messages[:2]]):
        arrives(imap, message, number)
    inbound.read(mailbox.pk)
    mailbox.refresh_from_db()
    before = (mailbox.status, reputation.tally(mailbox, time.now - reputation.WITHIN))

    arrives(imap, messages[2], 9)
    inbound.read(mailbox.pk)

    mailbox.refresh_from_db()
    assert before == (Mailbox.Status.ACTIVE, Tally(left=30, bounced=2, complained=0))
    assert mailbox.last_error.startswith("3 of 30 emails bounced, 10.0%")


COMPLAINT = """\
From: <fbl@isp.example>
To: <ada@example.com>
Subject: complaint {number}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=edge

--edge
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: isp/1
Version: 1
Original-Rcpt-To: {to}

--edge
Content-Type: message/rfc822

From: ada@example.com
To: {to}
Message-ID: {message_id}

--edge--
"""


def test_complaints_count_as_well(mailbox, queued, imap):
    messages = queued(30)
    outbox.deliver(mailbox.pk)

    for number, message in enumerate(messages[:2]):
        told = {"to": message.to_email, "message_id": message.message_id, "number": number}
        imap.arrive(COMPLAINT.format(**told))
    counts = inbound.read(mailbox.pk)

    mailbox.refresh_from_db()
    assert counts == {"complaint": 2}
    assert mailbox.last_error.startswith("2 of 30 emails were called spam, 6.7%")


def test_why_it_paused_outlives_an_inbox_that_cannot_be_read(mailbox, queued, sink):
    queued(24)
    sink.answers["RCPT"] = [""] * 20 + [UNKNOWN] * 4
    outbox.deliver(mailbox.pk)
    Mailbox.objects.update(imap_url="imap://127.0.0.1:1")

    counts = inbound.read(mailbox.pk)

    mailbox.refresh_from_db()
    assert (counts, mailbox.failures) == ({"failed": 1}, 1)
    assert mailbox.last_error.startswith("3 of 23 emails bounced")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    database.vendor == "sqlite", reason="a database in memory lets no two threads in; see make test"
)
def test_of_two_workers_neither_sends_on(mailbox, queued, sink):
    queued(60)
    sink.answers["RCPT"] = [""] * 20 + [UNKNOWN] * 40
    ready = Barrier(2)

    def work():
        ready.wait()
        outbox.deliver(mailbox.pk)
        mailboxes.close_all()
        database.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    mailbox.refresh_from_db()
    refused = states().count("failed")
    assert (mailbox.status, states().count("sent"), len(sink.offered)) == ("paused", 20, 20)
    assert refused in {3, 4}  # the other worker's email may have been at the server already
    assert states().count("queued") == 40 - refused
