"""Emails that name themselves where what comes back is sent, and what comes back with nothing else."""

import pytest

from mail import inbound, outbox, subaddress, touches
from mail.models import Inbound, Mailbox, Suppression
from tests.mail.conftest import ADA

REPLY = """\
Delivered-To: {to}
From: Alan <alan@elsewhere.example>
To: {to}
Subject: Quite another matter
Message-ID: <1@elsewhere.example>

Grace gave me this. We are interested.
"""
#: The recipient is redacted and the id is the provider's own.
REPORT = """\
From: MAILER-DAEMON@mx.provider.example
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=edge

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.provider.example

Final-Recipient: rfc822; redacted@provider.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--edge
Content-Type: text/rfc822-headers

Message-ID: <rewritten@mx.provider.example>
--edge--
"""


@pytest.fixture
def sent(mailbox, queue, lead, sink):
    """Send one email with this setting; the row."""

    def send(setting="all"):
        mailbox.plus_addressing = setting
        mailbox.save()
        message = queue(lead)
        assert outbox.deliver(mailbox.pk) == {"sent": 1}
        message.refresh_from_db()
        return message

    return send


def test_without_the_setting_nothing_is_added(sent, sink):
    sent("none")

    assert (sink.senders, [mail["Reply-To"] for mail in sink.mails()]) == ([ADA], [None])


def test_replies_alone_have_the_envelope_as_it_was(sent, sink):
    own = subaddress.of(sent("replies"))

    (mail,) = sink.mails()
    assert (sink.senders, mail["Reply-To"]) == ([ADA], f'"Ada Byron" <{own}>')


def test_all_has_both(sent, sink):
    own = subaddress.of(sent("all"))

    (mail,) = sink.mails()
    assert (sink.senders, mail["Reply-To"]) == ([own], f'"Ada Byron" <{own}>')
    assert (mail["From"], mail["To"]) == (f'"Ada Byron" <{ADA}>', "grace@customer.example")


def test_a_colleagues_reply_with_a_lost_thread_is_matched(mailbox, sent, imap, lead):
    message = sent()
    imap.arrive(REPLY.format(to=subaddress.of(message)))

    counts = inbound.read(mailbox.pk)

    kept = Inbound.objects.get()
    assert (counts, kept.lead, kept.answers) == ({"reply": 1}, lead, message)


def test_a_report_with_a_redacted_recipient_is_matched(mailbox, sent, imap, lead):
    message = sent()
    imap.arrive(REPORT.format(to=subaddress.of(message)))

    counts = inbound.read(mailbox.pk)

    assert (counts, Inbound.objects.get().answers) == ({"bounce": 1}, message)
    assert list(Suppression.objects.values_list("email", "kind")) == [(lead.email, "hard_bounce")]


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda to: f'"Ada B., +x" <{to}>'])
def test_a_token_is_read_in_any_case_and_with_a_name(mailbox, sent, imap, change):
    message = sent()
    imap.arrive(REPLY.format(to=change(subaddress.of(message))))

    inbound.read(mailbox.pk)

    assert Inbound.objects.get().answers == message


def test_one_of_another_secret_is_still_read_while_that_is_kept(mailbox, sent, imap, settings):
    message = sent()
    imap.arrive(REPLY.format(to=subaddress.of(message)))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    inbound.read(mailbox.pk)

    assert Inbound.objects.get().answers == message


def forged(to, token):
    last = "b" if token[-2] == "a" else "a"
    return to.replace(token, f"{token[:-2]}{last}{token[-1]}")


@pytest.mark.parametrize(
    "change",
    [
        forged,
        lambda to, token: to.replace(token, token[:-1]),
        lambda to, token: to.replace(token, "a" * len(token)),
        lambda to, token: to.replace(token, "ä"),
        lambda to, token: to.replace("ada+", "bob+"),
        lambda to, token: to.replace("ada+", ""),
        lambda to, token: to.replace("example.com", "elsewhere.example"),
        lambda to, token: to.replace(f"+{token}", ""),
    ],
)
def test_a_forged_cut_or_foreign_token_is_ignored(mailbox, sent, imap, change):
    own = subaddress.of(sent())
    token = own.partition("+")[2].partition("@")[0]
    imap.arrive(REPLY.format(to=change(own, token)))
    imap.arrive(REPLY.format(to=own))

    counts = inbound.read(mailbox.pk)

    assert counts == {"ignored": 1, "reply": 1}


def test_a_token_of_another_mailbox_is_ignored(mailbox, sent, imap, time):
    message = sent()
    other = Mailbox.objects.create(
        address="bob@example.com",
        imap_url=mailbox.imap_url,
        username=ADA,
        password=mailbox.password,
        per_day=1,
        per_hour=1,
        gap=mailbox.gap,
    )
    imap.arrive(REPLY.format(to=subaddress.of(message)))

    counts = inbound.read(other.pk), inbound.read(mailbox.pk)

    assert counts == ({"ignored": 1}, {"reply": 1})


def test_what_is_told_of_a_mail_names_the_same_email(sent):
    message = sent()

    found = touches.find(("<rewritten@c>",), ("x@y.example", subaddress.of(message)), ("a@b.c",))

    assert found == (message.message_id, message.text, message.subject)


def test_the_longest_address_has_room_for_a_token():
    from mail.address import LONGEST_LOCAL, SUBADDRESS
    from mail.models import Message

    mailbox = Mailbox(address=f"{'a' * (LONGEST_LOCAL - SUBADDRESS)}@example.com")

    own = subaddress.of(Message(pk=2**47, mailbox=mailbox))

    assert len(own.partition("@")[0]) == LONGEST_LOCAL
