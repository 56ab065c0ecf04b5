"""An inbox as Dovecot keeps it: read at once, left as it was, and found again when it is gone."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from mail import inbound, listen, mailboxes, outbox, unconfirmed
from mail.models import Inbound, Mailbox, Message
from runtime import bell, clock
from tests.mail.corpus.case import message
from tests.mail.corpus.files import with_file
from tests.mail.real_servers.test_postfix import WINDOW, wait_for

REPLY = """\
From: Grace <grace@customer.example>
To: Ada <ada@us.example>
Subject: Re: A question
Message-ID: <{number}@customer.example>

Answer number {number}.
"""


@pytest.fixture
def arrive(dovecot, lead):
    def arrive(number, folder="INBOX"):
        with dovecot.open() as client:
            raw = REPLY.format(number=number).replace("\n", "\r\n").encode()
            client.append(folder, raw, (), clock.now())

    return arrive


@contextmanager
def listening(rung):
    bell.install(lambda name, ids: rung.append((name, ids, clock.monotonic())))
    stop = threading.Event()
    thread = threading.Thread(target=_listen, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        bell.install(None)
    assert not thread.is_alive()


def _listen(stop):
    listen.Listener(stop).run()
    connection.close()  # the thread's own


def test_reading_leaves_the_inbox_as_it_was(mailbox, arrive, dovecot):
    arrive(1)

    counts = inbound.read(mailbox.pk)

    with dovecot.open() as client:
        client.select_folder("INBOX", readonly=True)
        flags = [kept[b"FLAGS"] for kept in client.fetch(client.search(), ["FLAGS"]).values()]
    assert counts == {"reply": 1}
    assert [b"\\Seen" in kept for kept in flags] == [False]


def test_an_answer_behind_megabytes_of_files_is_read(mailbox, lead, dovecot, monkeypatch):
    monkeypatch.setattr(inbound, "PIECE", 100_001)
    raw = message({"Subject": "Re: A question", "From": lead.email}, "An answer.")
    with dovecot.open() as client:
        client.append(
            "INBOX", with_file(raw).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), (), clock.now()
        )

    counts = inbound.read(mailbox.pk)

    assert (counts, Inbound.objects.get().text) == ({"reply": 1}, "An answer.")


def test_a_new_uidvalidity_neither_skips_nor_repeats(mailbox, arrive, dovecot):
    arrive(1)
    inbound.read(mailbox.pk)
    before = Mailbox.objects.get().uidvalidity
    _number_anew(dovecot)
    arrive(1)
    arrive(2)

    counts = inbound.read(mailbox.pk)

    assert Mailbox.objects.get().uidvalidity != before
    assert counts == {"known": 1, "reply": 1}
    assert Inbound.objects.count() == 2


def test_a_sent_copy_settles_what_is_in_doubt(mailbox, queue, lead, dovecot):
    message = queue(lead, window=WINDOW)
    at = clock.now() - timedelta(minutes=1)
    Message.objects.update(status="unconfirmed", handed_at=at, due_at=at)
    with dovecot.open() as client:
        raw = f"Message-ID: {message.message_id}\r\nSubject: x\r\n\r\nx\r\n"
        client.append("Sent", raw.encode(), (), at)

    found = unconfirmed.settle_unconfirmed()

    message.refresh_from_db()
    assert (found, message.status) == (1, "sent")


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_as_soon_as_an_answer_is_there(mailbox, arrive):
    rung = []
    with listening(rung):
        wait_for(lambda: rung)  # it holds IDLE now
        at = clock.monotonic()
        arrive(1)
        wait_for(lambda: len(rung) > 1)

    name, ids, heard_at = rung[1]
    assert (name, ids) == ("read_mailbox", [mailbox.pk])
    assert heard_at - at < 10


@pytest.mark.django_db(transaction=True)
def test_a_server_that_falls_silent_is_found_within_a_minute(mailbox, dovecot, monkeypatch):
    assert listen.LOOK + listen.ASK_AFTER + mailboxes.ANSWER_WITHIN < 60
    monkeypatch.setattr(listen, "ASK_AFTER", 2.0)
    monkeypatch.setattr(listen, "FIRST_RETRY", 0.1)
    monkeypatch.setattr(mailboxes, "ANSWER_WITHIN", 2.0)
    rung = []
    with listening(rung):
        wait_for(lambda: rung)
        dovecot.freeze()
        threading.Timer(6, dovecot.thaw).start()
        wait_for(lambda: len(rung) > 1)  # another connection was opened, and the inbox is read


def test_an_answer_in_the_inbox_stops_what_is_queued(mailbox, queue, lead, arrive, postfix):
    before = len(postfix.arrived("grace@customer.example"))
    enrolled = clock.now() - timedelta(minutes=5)
    message = queue(lead, window=WINDOW, enrolled_at=enrolled)
    arrive(1)

    outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert message.status == "cancelled"
    assert len(postfix.arrived("grace@customer.example")) == before


def _number_anew(dovecot):
    """The inbox is emptied, and its server forgets which numbers it gave."""
    mailboxes.close_all()
    with dovecot.open() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
    inbox = dovecot.mail / "us.example" / "ada"
    for path in inbox.glob("dovecot*"):
        if path.is_file():
            path.unlink()
    uidlist = inbox / "dovecot-uidlist"
    uidlist.write_text("3 V4242 N1\n")
    dovecot.own(uidlist)
