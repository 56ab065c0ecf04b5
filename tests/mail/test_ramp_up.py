"""A new mailbox sends no more than it may by then: whoever works, whatever the clock and the team do."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail import claims, delivery, inbound, mailboxes, outbox, settle
from mail.models import Mailbox, Message
from tests.mail.conftest import NOON, free_port

DAY = timedelta(days=1)
ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00",
          "timezone": "UTC", "holidays": []}  # fmt: skip
EVE_OF_SUMMER = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # in Berlin an hour is left out next


@pytest.fixture
def new(mailbox):
    """Ada's mailbox, of 2 emails a day and one more after each day on which it sent."""
    mailbox.ramp_up = {"start": 2, "add": 1}
    mailbox.save()
    return mailbox


@pytest.fixture
def backlog(make_lead, queue):
    """Queue so many emails, which may leave at any hour."""

    def put(count):
        for number in range(count):
            queue(make_lead(f"p{number}@x{number}.example"), window=ALWAYS)

    return put


def allowed(sent, at, start=2, add=1):
    """What the mailbox may send in 24 hours, by what left it: worked out once more."""
    days = {moment.astimezone(UTC).date() for moment in sent}
    return start + add * sum(day < at.astimezone(UTC).date() for day in days)


def left():
    found = Message.objects.filter(status="sent").order_by("sent_at")
    return list(found.values_list("sent_at", flat=True))


def in_a_day(sent, at):
    return sum(at - DAY < moment <= at for moment in sent)


@pytest.mark.parametrize("begins", [NOON, NOON + timedelta(hours=14, minutes=50), EVE_OF_SUMMER])
def test_no_24_hours_have_more_than_their_share(new, backlog, sink, time, begins):
    time.now = begins
    backlog(40)
    arrived = []

    for _ in range(5 * 24 * 4):
        before = len(sink.taken)
        outbox.deliver(new.pk)
        arrived += [time.now] * (len(sink.taken) - before)
        time.forward(minutes=15)

    assert arrived == left()
    assert all(in_a_day(arrived, at) <= allowed(arrived, at) for at in arrived)
    assert max(Counter(at.date() for at in arrived).values()) >= 5


def test_days_on_which_nothing_leaves_do_not_count(new, backlog, sink, time):
    there = new.smtp_url
    backlog(20)
    Mailbox.objects.update(smtp_url=f"smtp://127.0.0.1:{free_port()}")
    for _ in range(5):
        assert outbox.deliver(new.pk)["unreachable"] == 1
        time.forward(days=1)
    mailboxes.close_all()
    Mailbox.objects.update(smtp_url=there)

    outbox.deliver(new.pk)

    assert len(sink.taken) == 2


def test_emails_that_are_refused_make_no_day(new, backlog, sink, time):
    backlog(20)
    for _ in range(5):
        sink.answers["RCPT"] = ["550 5.7.1 not wanted"] * 20
        outbox.deliver(new.pk)
        time.forward(days=1)
    sink.answers.clear()
    sink.taken.clear()

    outbox.deliver(new.pk)

    assert len(sink.taken) == 2


def test_after_a_pause_it_goes_on_where_it_was(new, backlog, sink, time):
    backlog(20)
    outbox.deliver(new.pk)
    Mailbox.objects.update(status="paused")
    for _ in range(30):
        time.forward(days=1)
        outbox.deliver(new.pk)
    Mailbox.objects.update(status="active")

    outbox.deliver(new.pk)

    assert len(sink.taken) == 2 + 3


def test_one_that_was_in_doubt_counts_where_it_left(new, backlog, time):
    backlog(3)
    [first, second] = claims.claim(new, Counter())
    for message in (first, second):
        assert claims.mark_handed(message)
        settle.unconfirmed(message, "lost")
    assert claims.claim(new, Counter()) == []

    settle.sent(first, {"copy": 1})
    new.refresh_from_db()

    assert (new.sending_days, new.last_sending_day) == (1, NOON.date())
    assert claims.claim(new, Counter()) == []


@pytest.mark.skipif(
    database.vendor == "sqlite", reason="a database in memory lets no two threads in; see make test"
)
@pytest.mark.django_db(transaction=True)
def test_workers_that_race_keep_to_it_together(new, backlog, sink, time):
    backlog(12)
    inbound.read(new.pk)
    for day in range(3):
        start = Barrier(4)
        threads = [Thread(target=_work, args=(new.pk, start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.forward(days=1)
        assert len(sink.taken) == sum(range(2, 3 + day))
    new.refresh_from_db()
    assert new.sending_days == 3


def _work(mailbox_id, start):
    try:
        start.wait()
        delivery.deliver(mailbox_id)
    finally:
        mailboxes.close_all()
        database.close()


HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.integers(0, 2)),
        st.tuples(st.just("hand"), st.integers(0, 2)),
        st.tuples(st.just("give back"), st.integers(0, 2)),
        st.tuples(st.just("refused"), st.integers(0, 2)),
        st.tuples(st.just("forward"), st.sampled_from([1, 40, 9 * 60, 23 * 60 + 59, 24 * 60, 49 * 60])),
        st.tuples(st.just("ramp"), st.sampled_from([(1, 0), (2, 1), (3, 4), None])),
    ),
    min_size=5, max_size=60,
)  # fmt: skip


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(happenings=HAPPENINGS)
def test_whoever_claims_and_whatever_becomes_of_it(new, backlog, time, happenings):
    with transaction.atomic():
        time.now = NOON
        backlog(30)
        held, ramp = {0: [], 1: [], 2: []}, (2, 1)
        for what, value in happenings:
            if what == "forward":
                time.forward(minutes=value)
            elif what == "ramp":
                ramp = value
                told = ramp and {"start": ramp[0], "add": ramp[1]}
                Mailbox.objects.filter(pk=new.pk).update(ramp_up=told)
            elif what == "claim":
                claimed = claims.claim(new, Counter())
                held[value] += claimed
                under_way = Message.objects.filter(status="sending").count()
                most = min(100, allowed(left(), time.now, *ramp)) if ramp else 100
                assert not claimed or in_a_day(left(), time.now) + under_way <= most
            else:
                for message in held[value]:
                    _ends(message, what)
                held[value] = []
        transaction.set_rollback(True)


def _ends(message, how):
    if how == "give back":
        claims.release([message])
    else:
        assert claims.mark_handed(message)
        settle.sent(message, {}) if how == "hand" else settle.failed(message, "550 no")
