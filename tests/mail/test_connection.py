"""One connection, kept open: what it costs, what it survives, and what its mailbox may send."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from mail import claims, history, mailboxes, outbox, touches
from mail.models import Message
from mail.smtp import Smtp
from runtime import clock


def test_emails_share_a_connection_also_after_a_refusal(mailbox, queue, make_lead, sink):
    sink.answers["RCPT"] = ["", "550 5.7.1 not wanted"]
    for number in range(4):
        queue(make_lead(f"lead{number}@customer.example"))

    outcome = outbox.deliver(mailbox.pk)

    assert outcome == {"sent": 3, "failed": 1}
    assert sink.connections == 1


def test_a_server_that_hung_up_meanwhile_is_called_again(mailbox, queue, make_lead, sink):
    queue(make_lead("one@customer.example"))
    outbox.deliver(mailbox.pk)
    hung_up = mailboxes.smtp(mailbox)
    hung_up.sock.shutdown(2)
    queue(make_lead("two@customer.example"))

    outcome = outbox.deliver(mailbox.pk)

    assert outcome == {"sent": 1}
    assert (len(sink.taken), sink.connections) == (2, 2)


def test_an_email_that_is_ours_no_more_stops_before_its_text(
    mailbox, queue, make_lead, sink, monkeypatch
):
    lost, kept = (queue(make_lead(f"{name}@customer.example")) for name in "ab")
    monkeypatch.setattr(claims, "mark_handed", lambda message, _kept: message.pk != lost.pk)

    outcome = outbox.deliver(mailbox.pk)

    assert outcome == {"lapsed": 1, "sent": 1}
    assert [mail["Message-ID"] for mail in sink.mails()] == [kept.message_id]
    assert sink.connections == 1


def test_a_failure_of_ours_leaves_no_half_of_an_email_behind(
    mailbox, queue, make_lead, sink, monkeypatch
):
    queue(make_lead("one@customer.example"))

    def fail(_message, _kept):
        raise OperationalError

    with monkeypatch.context() as patched:
        patched.setattr(claims, "mark_handed", fail)
        with pytest.raises(OperationalError):
            outbox.deliver(mailbox.pk)
    two = queue(make_lead("two@customer.example"))

    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    assert [mail["Message-ID"] for mail in sink.mails()] == [two.message_id]
    assert sink.connections == 2


def test_an_interrupt_leaves_no_half_of_a_conversation_behind(
    mailbox, queue, make_lead, sink, monkeypatch
):
    queue(make_lead("one@customer.example"))
    outbox.deliver(mailbox.pk)
    queue(make_lead("two@customer.example"))

    hear = Smtp.getreply

    def hear_and_stop(server):
        hear(server)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Smtp, "getreply", hear_and_stop)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver(mailbox.pk)
    three = queue(make_lead("three@customer.example"))

    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    assert sink.mails()[-1]["Message-ID"] == three.message_id
    assert sink.connections == 2


def test_caps_hold_over_batches(mailbox, queue, make_lead, sink):
    mailbox.per_hour = 13
    mailbox.save()
    for number in range(20):
        queue(make_lead(f"lead{number}@customer.example"))

    first = outbox.deliver(mailbox.pk)

    assert first["sent"] == 13
    assert Message.objects.filter(status="queued").count() == 7
    assert not Message.objects.filter(status="queued", due_at__lte=clock.now()).exists()


def test_what_is_under_way_or_in_doubt_counts_as_left(mailbox, queue, make_lead):
    mailbox.per_hour = 12
    for number, status in enumerate(("sending", "unconfirmed", "sent", "queued")):
        message = queue(make_lead(f"lead{number}@customer.example"))
        at = clock.now() - timedelta(minutes=number)
        sent_at = at if status == "sent" else None
        Message.objects.filter(pk=message.pk).update(status=status, handed_at=at, sent_at=sent_at)
    now = clock.now()
    moments = [now, now - timedelta(minutes=1), now - timedelta(minutes=2)]

    left = history.of_mailbox(mailbox, now, batch=claims.BATCH)

    assert sorted(left, reverse=True) == moments


def test_amazons_server_makes_the_message_id_and_the_reply_still_matches(
    mailbox, queue, lead, sink, imap
):
    id_ = "0102018f00000000-11111111-2222-3333-4444-555555555555-000000"
    sink.answers["DATA"] = [f"250 Ok {id_}"]
    message = queue(lead)

    outbox.deliver(mailbox.pk)

    found = touches.by_ids(("<other@x>", f"<{id_}@eu-west-1.amazonses.com>"))
    message.refresh_from_db()
    assert (message.status, found) == ("sent", message)


def test_a_new_mailbox_begins_with_few(mailbox, queue, make_lead, sink, time):
    mailbox.ramp_up = {"start": 2, "add": 1}
    mailbox.save()
    for number in range(9):
        queue(make_lead(f"lead{number}@customer.example"))

    told = []
    for _ in range(3):
        told.append(outbox.deliver(mailbox.pk)["sent"])
        time.forward(days=1)

    assert told == [2, 3, 4]
    mailbox.refresh_from_db()
    assert mailbox.sending_days == 3
