"""A backup was restored: what left since it was made does not leave again, and nobody guesses."""

from datetime import timedelta

import pytest

from crm.models import Change, Connection, ExternalRecord
from mail import outbox, sent_copies, watch
from mail.models import Mailbox, Message, SentCopy
from process import overview, readback
from runtime import clock


@pytest.fixture(autouse=True)
def real(monkeypatch):
    """Time flows, for whoever asks, though a test moves it."""
    monkeypatch.setattr(clock, "is_real", lambda: True)


@pytest.fixture
def connection(db, tmp_path):
    """A CRM that is a folder: what it holds can be written by hand."""
    (tmp_path / "crm").mkdir()
    return Connection.objects.create(
        name="events",
        kind="csv",
        settings={"folder": str(tmp_path / "crm")},
        pull_every=timedelta(hours=1),
    )


@pytest.fixture
def sent(mailbox, queue, lead, imap, connection):
    """An email that left, with its copy in the Sent folder."""
    ExternalRecord.objects.create(connection=connection, kind="lead", external_id="7", lead=lead)
    watch.keep()
    message = queue(lead)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    message.refresh_from_db()
    return message


@pytest.fixture
def copied(sent, imap):
    imap.arrive(bytes(sent.raw), folder="Sent")
    return sent


def restore(time, *, known):
    """The database is as it was an hour ago: the email was queued, or not even that."""
    if known:
        Message.objects.update(status="queued", sent_at=None, handed_at=None)
    else:
        Message.objects.all().delete()
    time.forward(hours=1)


def test_an_email_that_left_does_not_leave_again(copied, mailbox, time, sink):
    restore(time, known=True)

    before = outbox.deliver(mailbox.pk)
    watch.keep()
    accounted = readback.read_back()
    after = outbox.deliver(mailbox.pk)

    assert (before, accounted, after) == ({"unaccounted": 1}, 1, {})
    assert len(sink.taken) == 1
    message = Message.objects.get()
    assert (message.status, message.message_id) == ("sent", copied.message_id)


def test_a_step_that_was_taken_since_is_not_taken_again(copied, mailbox, time, sink, queue, lead):
    restore(time, known=False)
    watch.keep()
    readback.read_back()

    message = queue(lead)

    outcome = outbox.deliver(mailbox.pk)
    message.refresh_from_db()
    assert outcome == {}
    assert len(sink.taken) == 1
    assert (message.status, message.message_id) == ("sent", copied.message_id)
    assert (message.subject, bytes(message.raw)) == (copied.subject, bytes(copied.raw))


def test_the_same_token_to_somebody_else_is_another_email(
    copied, mailbox, time, sink, queue, make_lead
):
    restore(time, known=False)
    watch.keep()
    readback.read_back()
    other = make_lead("other@customer.example")

    queue(other, token=copied.token)

    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    assert sink.recipients[-1] == "other@customer.example"


def test_whoever_got_what_nobody_knows_is_in_doubt(copied, time, lead):
    restore(time, known=False)
    watch.keep()
    readback.read_back()

    doubted = sent_copies.in_doubt([lead.email, "other@customer.example"])
    count = sent_copies.settle_by_hand(lead.email)

    assert doubted == {lead.email}
    assert count == 1
    assert sent_copies.in_doubt([lead.email]) == frozenset()


def test_what_the_crm_holds_has_left(sent, mailbox, time, sink, tmp_path):
    restore(time, known=True)
    lines = f'message_id,lead_id\n"{sent.message_id}",7\n'
    (tmp_path / "crm" / "touches.csv").write_text(lines)
    watch.keep()

    readback.read_back()

    assert outbox.deliver(mailbox.pk) == {}
    assert len(sink.taken) == 1
    assert Message.objects.get().status == "sent"


def test_what_is_owed_to_the_crm_is_looked_for_there_first(sent, time, connection):
    record = ExternalRecord.objects.get()
    Change.objects.create(
        connection=connection,
        kind="touch",
        record=record,
        message_id=sent.message_id,
        priority=2,
        due_at=clock.now(),
        created_at=clock.now(),
    )
    restore(time, known=True)
    watch.keep()

    readback.read_back()

    assert Change.objects.get().attempted_at == clock.now()


def test_nothing_leaves_while_the_sent_folder_cannot_be_read(copied, mailbox, time, sink):
    restore(time, known=True)
    watch.keep()
    Mailbox.objects.update(imap_url="imap://127.0.0.1:1")

    accounted = readback.read_back()

    mailbox.refresh_from_db()
    assert accounted == 0
    assert "Sent folder cannot be read" in mailbox.last_error
    assert outbox.deliver(mailbox.pk) == {"unaccounted": 1}
    assert len(sink.taken) == 1


def test_nothing_leaves_while_a_crm_cannot_be_asked(copied, mailbox, time, connection, sink):
    restore(time, known=True)
    watch.keep()
    Connection.objects.update(settings={"folder": "${NOWHERE}"})

    accounted = readback.read_back()

    mailbox.refresh_from_db()
    assert accounted == 0
    assert mailbox.last_error.startswith("events cannot say what left")
    assert len(sink.taken) == 1


def test_nothing_leaves_while_a_crm_that_refused_us_was_not_asked(sent, mailbox, time, sink):
    Connection.objects.update(status="stopped", last_error="login refused")
    restore(time, known=True)
    watch.keep()

    accounted = readback.read_back()

    mailbox.refresh_from_db()
    assert accounted == 0
    assert mailbox.last_error == (
        "events cannot say what left: login refused; mend it and `cadenza sync`, or vouch for it: "
        "cadenza resume --mailbox"
    )
    assert outbox.deliver(mailbox.pk) == {"unaccounted": 1}
    assert len(sink.taken) == 1


def test_a_person_may_vouch_for_a_mailbox(copied, mailbox, time):
    restore(time, known=True)
    watch.keep()

    count = watch.trust(Mailbox.objects.all())

    assert count == 1
    assert not watch.waiting()


def test_a_short_silence_asks_nobody(sent, mailbox, time):
    time.forward(minutes=4)
    watch.keep()

    assert not watch.waiting()


def test_an_operator_sees_that_nobody_keeps_watch(sent, time):
    since = clock.now()
    quiet = overview.overview()["nobody_rings_the_sweeps"]
    time.forward(minutes=6)

    [told] = overview.overview()["nobody_rings_the_sweeps"]

    assert (quiet, told["since"]) == ([], since)


def test_a_clock_that_was_put_back_hides_no_silence(copied, time):
    time.forward(days=-1)
    watch.keep()
    assert not watch.waiting()

    restore(time, known=True)
    watch.keep()

    assert watch.waiting()


def test_a_rep_s_own_emails_are_nobody_s_business(mailbox, imap, time, connection):
    watch.keep()
    raw = "From: ada@example.com\nTo: mum@home.example\nMessage-ID: <1@x>\n\nHi"
    imap.arrive(raw, folder="Sent")
    time.forward(hours=1)
    watch.keep()

    readback.read_back()

    assert not SentCopy.objects.exists()
    assert not watch.waiting()
