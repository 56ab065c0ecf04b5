"""What a person pauses waits, even in a worker's hands, and leaves one by one when it is resumed."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection as database

from mail import claims, handing, mailboxes, outbox, pauses, preparation, stops
from mail.models import Mailbox, Message, Pause
from tests.mail.conftest import ADA
from workers import schedule

SCOPES = [("all", ""), ("mailbox", ADA), ("sequence", "approach")]
OTHERS = [("mailbox", "bob@example.com"), ("sequence", "onboarding")]


def hold(scope="all", name=""):
    return pauses.pause(scope, name, by="ada", reason="a wrong price")


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_what_is_paused_waits_and_leaves_when_it_is_resumed(
    mailbox, queue, lead, sink, scope, name
):
    message = queue(lead)
    hold(scope, name)

    paused = (outbox.deliver(mailbox.pk), schedule.due(inboxes=False).deliver, schedule.next_due())
    resumed = pauses.resume(scope, name)
    after = (schedule.due(inboxes=False).deliver, outbox.deliver(mailbox.pk))

    message.refresh_from_db()
    assert paused == ({}, [], None)
    assert (resumed, after) == (1, ([mailbox.pk], {"sent": 1}))
    assert (message.status, message.attempts, len(sink.taken)) == (Message.Status.SENT, 0, 1)


@pytest.mark.parametrize(("scope", "name"), OTHERS)
def test_what_is_paused_elsewhere_holds_nothing_here(mailbox, queue, lead, scope, name):
    queue(lead)
    hold(scope, name)

    assert outbox.deliver(mailbox.pk) == {"sent": 1}


def test_a_paused_sequence_does_not_stand_in_the_way_of_others(mailbox, queue, make_lead, sink):
    for number in range(claims.BATCH + 1):
        queue(make_lead(f"p{number}@customer.example"))
    other = queue(make_lead(), sequence="onboarding")
    hold("sequence", "approach")

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"sent": 1}
    assert [mail["Message-ID"] for mail in sink.mails()] == [other.message_id]


#: Where a worker is, in its order, when a person pauses.
POINTS = {
    "rendering": (preparation, "unstopped"),
    "connecting": (mailboxes, "smtp"),
    "checking for stops": (stops, "reason_or_pause"),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_a_pause_between_claim_and_mail_from_is_obeyed(
    mailbox, queue, lead, sink, monkeypatch, point, scope, name
):
    message = queue(lead)
    _before(monkeypatch, *POINTS[point], lambda: hold(scope, name))

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (counts, sink.taken) == ({"held": 1}, [])
    assert (message.status, message.handed_at) == (Message.Status.QUEUED, None)
    assert (message.attempts, message.last_error) == (0, "")


def test_a_pause_after_the_last_check_comes_too_late(mailbox, queue, lead, monkeypatch):
    queue(lead)
    _before(monkeypatch, handing, "hand", hold)

    assert outbox.deliver(mailbox.pk) == {"sent": 1}


@pytest.mark.django_db(transaction=True)
def test_a_pause_that_another_process_commits_stops_a_claimed_batch(
    mailbox, queue, make_lead, sink
):
    messages = [queue(make_lead(f"p{number}@customer.example")) for number in range(3)]
    sink.before_answer = [lambda: _elsewhere(hold)]

    counts = outbox.deliver(mailbox.pk)

    states = Message.objects.order_by("pk").values_list("status", flat=True)
    assert counts == {"sent": 1, "held": 2}
    assert [mail["Message-ID"] for mail in sink.mails()] == [messages[0].message_id]
    assert list(states) == ["sent", "queued", "queued"]


def test_resumed_emails_leave_one_by_one_though_the_mailbox_has_no_gap(
    mailbox, queue, make_lead, time, sink
):
    Mailbox.objects.update(per_hour=20)
    for number in range(5):
        queue(make_lead(f"p{number}@customer.example"))
    hold()
    time.forward(hours=2)

    pauses.resume("all", "")
    left = []
    for _ in range(6):
        outbox.deliver(mailbox.pk)
        left.append(len(sink.taken))
        time.forward(minutes=3)

    assert left == [1, 2, 3, 4, 5, 5]


def test_resumed_outside_the_window_nothing_leaves(mailbox, queue, lead, time, sink):
    queue(lead)
    hold()
    time.forward(hours=8)

    pauses.resume("all", "")

    assert outbox.deliver(mailbox.pk) == {"later": 1}
    assert sink.taken == []


def test_resuming_one_leaves_the_other_paused(mailbox, queue, lead):
    queue(lead)
    hold("all")
    hold("mailbox", ADA)

    assert pauses.resume("all", "") == 1
    assert outbox.deliver(mailbox.pk) == {}
    assert pauses.resume("all", "") is None
    assert list(map(str, Pause.objects.all())) == [f"mailbox {ADA}"]


def test_pausing_again_keeps_since_when(mailbox, time):
    first = hold()
    time.forward(hours=1)

    again = pauses.pause("all", "", by="bob", reason="still wrong")

    assert (again.pk, again.since) == (first.pk, first.since)
    assert (again.by, again.reason) == ("bob", "still wrong")


def test_a_mended_mailbox_is_tried_again_and_a_persons_pause_holds(mailbox, queue, lead, sink):
    queue(lead)
    sink.answers["MAIL"] = ["535 5.7.8 no"]
    assert outbox.deliver(mailbox.pk) == {"paused": 1}
    hold("mailbox", ADA)

    mended = pauses.try_again(Mailbox.objects.all())
    held = outbox.deliver(mailbox.pk)
    pauses.resume("mailbox", ADA)

    mailbox.refresh_from_db()
    assert (mended, held) == (1, {})
    assert (mailbox.status, mailbox.last_error) == (Mailbox.Status.ACTIVE, "")
    assert outbox.deliver(mailbox.pk) == {"sent": 1}


def test_a_mended_mailbox_does_not_blast_either(mailbox, queue, make_lead, time):
    queued = [queue(make_lead(f"p{number}@customer.example")) for number in range(3)]
    Mailbox.objects.update(status=Mailbox.Status.PAUSED, per_hour=60)

    pauses.try_again(Mailbox.objects.all())

    due = Message.objects.order_by("pk").values_list("due_at", flat=True)
    assert list(due) == [time.now + timedelta(minutes=place) for place in range(len(queued))]


def _before(monkeypatch, module, name, action):
    """Do something each time just before this function is called."""
    original = getattr(module, name)

    def acting(*arguments, **named):
        action()
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, acting)


def _elsewhere(action):
    """In a thread with a database connection of its own, as another process would."""

    def act():
        try:
            action()
        finally:
            database.close()

    thread = Thread(target=act)
    thread.start()
    thread.join()
