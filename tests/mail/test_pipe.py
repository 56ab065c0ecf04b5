"""A mailbox that a local mail server feeds: what it takes, and when it may send."""

import pytest
from pydantic import ValidationError

from mail import inbound, outbox, pipe
from mail.classify.parsed import MOST_BYTES
from mail.definition import MailboxSettings
from mail.models import Inbound, Mailbox
from workers import schedule

REPLY = b"From: grace@customer.example\nSubject: Re: A question\n\nSounds interesting.\n"
SETTINGS = {
    "address": "ada@example.com",
    "smtp": "smtps://smtp.example.com",
    "password": "${PASSWORD}",
}


@pytest.fixture
def fed(mailbox):
    """The mailbox without an inbox of its own."""
    Mailbox.objects.update(imap_url="", read_at=None)
    mailbox.refresh_from_db()
    return mailbox


def test_it_sends_only_while_the_server_says_that_nothing_waits(fed, queue, lead, time, sink):
    queue(lead)

    untold = outbox.deliver(fed.pk)
    pipe.nothing_waits(fed)
    time.forward(minutes=5)
    told_long_ago = outbox.deliver(fed.pk)
    pipe.nothing_waits(fed)
    told = outbox.deliver(fed.pk)

    assert (untold, told_long_ago, told) == ({"unread": 1}, {"unread": 1}, {"sent": 1})
    assert len(sink.taken) == 1


def test_an_email_alone_does_not_say_that_no_other_waits(fed, queue, lead, sink):
    queue(lead)

    pipe.take(fed, REPLY)

    assert (outbox.deliver(fed.pk), sink.taken) == ({"unread": 1}, [])


def test_an_email_that_comes_again_is_known(fed, lead):
    kinds = [pipe.take(fed, REPLY), pipe.take(fed, b"From grace Thu Mar  5\n" + REPLY)]

    assert (kinds, Inbound.objects.count()) == (["reply", "known"], 1)


def test_more_than_is_read_of_an_email_is_no_other_email(fed, lead):
    long = REPLY + b"x" * MOST_BYTES

    kinds = [pipe.take(fed, long), pipe.take(fed, long + b"x" * 1000)]

    assert kinds == ["reply", "known"]


@pytest.mark.parametrize("address", ["ada@example.com", "ADA@example.com", "ada+token@example.com"])
def test_its_mailbox_is_found_by_the_recipient(fed, address):
    assert pipe.mailbox_of(address) == fed


def test_an_unknown_recipient_has_none(fed):
    with pytest.raises(pipe.Unknown, match="no mailbox has the address eve@example"):
        pipe.mailbox_of("eve@example.com")


def test_a_mailbox_whose_inbox_is_read_is_not_fed_too(mailbox):
    with pytest.raises(pipe.ReadByUs, match=r"ada@example\.com is read by IMAP"):
        pipe.mailbox_of("ada@example.com")


def test_nobody_tries_to_read_it(fed, time, monkeypatch):
    monkeypatch.setattr(inbound, "read", lambda _pk: pytest.fail("it has no inbox"))

    assert list(schedule._readable(time.now)) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "ada@example.com needs `imap` or `pipe: true` to be read, and neither is there"),
        (
            {"pipe": True, "imap": "imaps://imap.example.com"},
            "ada@example.com is read by imap already",
        ),
    ],
)
def test_a_mailbox_is_read_in_one_way(values, said):
    with pytest.raises(ValidationError, match=said):
        MailboxSettings.model_validate({**SETTINGS, **values})


def test_a_mailbox_may_be_fed_by_a_pipe():
    assert MailboxSettings.model_validate({**SETTINGS, "pipe": True}).imap == ""
