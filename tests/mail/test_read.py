"""Reading a mailbox over a real IMAP server."""

import pytest
from imapclient import IMAPClient

from crm.models import Activity
from mail import inbound, outbox, receive, touches
from mail.classify.unpacked import SMALL
from mail.models import Inbound, Message, Suppression
from process.erasure import erase
from tests.mail.corpus.case import message
from tests.mail.corpus.files import with_file

REPLY = """\
From: Grace Hopper <{sender}>
To: Ada <ada@example.com>
Subject: {subject}
Message-ID: <reply-1@customer.example>
{headers}
{text}
"""


def reply(sent, text="That sounds interesting.", **values):
    values = {
        "sender": "grace@customer.example",
        "subject": "Re: A question",
        "headers": f"In-Reply-To: {sent.message_id}\n",
        **values,
    }
    return REPLY.format(text=text, **values)


@pytest.fixture
def sent(mailbox, queue, lead):
    message = queue(lead)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    Activity.objects.all().delete()
    message.refresh_from_db()
    return message


def activities():
    return list(Activity.objects.order_by("pk").values_list("kind", flat=True))


def test_a_reply_is_kept_with_its_new_text(mailbox, sent, imap, lead):
    quoted = "\n".join(f"> {line}" for line in sent.text.splitlines())
    text = f"That sounds interesting.\n\nOn Wed, 4 Mar 2026 at 12:00 Ada <ada@example.com> wrote:\n{quoted}"
    imap.arrive(reply(sent, text))

    counts = inbound.read(mailbox.pk)

    kept = Inbound.objects.get()
    assert counts == {"reply": 1}
    assert (kept.kind, kept.text, kept.answers, kept.lead) == (
        "reply",
        "That sounds interesting.",
        sent,
        lead,
    )
    activity = Activity.objects.get()
    assert (activity.kind, activity.enrollment_id, activity.lead) == ("answered", lead.pk, lead)
    assert (activity.data["text"], activity.data["inbound"]) == (kept.text, kept.pk)


def test_a_reply_behind_megabytes_of_files_is_kept(mailbox, sent, imap, monkeypatch):
    monkeypatch.setattr(inbound, "PIECE", 100_001)
    raw = message({"Subject": "Re: A question", "In-Reply-To": sent.message_id}, "Please stop.")
    imap.arrive(with_file(raw))
    imap.arrive(
        with_file(message({"Subject": "Holidays", "From": "mum@home.example"}, "Pictures!"))
    )

    counts = [inbound.read(mailbox.pk) for _ in range(2)]

    kept = Inbound.objects.get()
    assert counts == [{"unsubscribe": 1, "ignored": 1}, {}]
    assert (kept.text, kept.answers) == ("Please stop.", sent)


def test_of_large_mail_that_concerns_nobody_only_the_beginning_is_fetched(
    mailbox, imap, monkeypatch
):
    asked = []
    fetch = IMAPClient.fetch

    def told(client, uids, items):
        asked.append(items)
        return fetch(client, uids, items)

    monkeypatch.setattr(IMAPClient, "fetch", told)
    imap.arrive(with_file(message({"From": "mum@home.example"}, "Pictures!"), last=True))

    counts = inbound.read(mailbox.pk)

    assert counts == {"ignored": 1}
    assert asked[1:] == [[f"BODY.PEEK[]<0.{SMALL}>"]]


def test_a_server_that_gives_less_than_was_asked_for_is_asked_on(mailbox, sent, imap, monkeypatch):
    piece = inbound._piece
    monkeypatch.setattr(inbound, "PIECE", 100_001)
    monkeypatch.setattr(
        inbound, "_piece", lambda client, uid, start, most: piece(client, uid, start, most // 3)
    )
    raw = message({"Subject": "Re: A question", "In-Reply-To": sent.message_id}, "Please stop.")
    imap.arrive(with_file(raw))

    counts = inbound.read(mailbox.pk)

    assert (counts, Inbound.objects.get().text) == ({"unsubscribe": 1}, "Please stop.")


@pytest.mark.parametrize(
    ("ours", "subject", "kind"),
    [
        ("Out of office, in one place", "Re: Out of office, in one place", "reply"),
        ("Re: Vacation planning", "RE: Vacation planning", "reply"),
        (
            "Out of office, in one place",
            "Automatic reply: Out of office, in one place",
            "auto_reply",
        ),
        ("A question", "Re: Out of office", "auto_reply"),
    ],
)
def test_what_our_own_subject_says_is_not_said_by_a_machine(
    mailbox, sent, imap, ours, subject, kind
):
    Message.objects.update(subject=ours)
    imap.arrive(reply(sent, subject=subject))

    assert inbound.read(mailbox.pk) == {kind: 1}


def test_nothing_is_read_twice(mailbox, sent, imap):
    imap.arrive(reply(sent))

    counts = [inbound.read(mailbox.pk) for _ in range(2)]

    assert counts == [{"reply": 1}, {}]
    assert activities() == ["answered"]


def test_a_reply_stops_the_next_email(mailbox, sent, imap, queue, lead, time, sink):
    time.forward(minutes=1)
    imap.arrive(reply(sent), at=time.now)
    follow_up = queue(lead, step="reminder", parent=sent)

    counts = outbox.deliver(mailbox.pk)

    follow_up.refresh_from_db()
    assert counts == {"cancelled": 1}
    assert follow_up.status == Message.Status.CANCELLED
    assert follow_up.because["cancelled"]["reason"] == "replied"
    assert len(sink.taken) == 1


def test_the_same_follow_up_leaves_without_a_reply(mailbox, sent, queue, lead, time, sink):
    time.forward(minutes=1)
    queue(lead, step="reminder", parent=sent)

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"sent": 1}
    assert [mail["In-Reply-To"] for mail in sink.mails()] == [None, sent.message_id]
    assert [mail["Subject"] for mail in sink.mails()] == ["A question, Grace"] * 2


REPORT = """\
From: MAILER-DAEMON@mx.customer.example
To: Ada <ada@example.com>
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=edge

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Final-Recipient: rfc822; grace@customer.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--edge
Content-Type: text/rfc822-headers

Message-ID: {message_id}
--edge--
"""


def report(sent, status, words, action="failed"):
    subject = "Undelivered Mail Returned to Sender"
    return REPORT.format(
        subject=subject, action=action, status=status, words=words, message_id=sent.message_id
    )


def test_a_hard_bounce_suppresses_the_lead(mailbox, sent, imap):
    imap.arrive(report(sent, "5.1.1", "550 5.1.1 user unknown"))

    counts = inbound.read(mailbox.pk)

    kinds = list(Suppression.objects.values_list("email", "kind"))
    assert (counts, kinds) == ({"bounce": 1}, [("grace@customer.example", "hard_bounce")])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.7.26", "550 5.7.26 the sender is unauthenticated"),
        ("5.7.515", "550 5.7.515 sending domain lacks the required authentication level"),
        ("5.0.0", "550 5.7.30 DKIM did not pass, user unknown"),
        ("4.7.32", "421 4.7.32 From header is not aligned"),
    ],
)
def test_a_fault_of_the_sender_pauses_the_mailbox_and_never_the_lead(
    mailbox, sent, imap, status, words
):
    imap.arrive(report(sent, status, words))

    counts = inbound.read(mailbox.pk)

    data = Inbound.objects.get().data
    mailbox.refresh_from_db()
    assert (counts, Suppression.objects.count()) == ({"bounce": 1}, 0)
    assert (data["hard"], data["sender_fault"], data["reason"]) == (False, True, "authentication")
    assert (mailbox.status, mailbox.last_error) == (
        "paused",
        f"bounce of grace@customer.example: smtp; {words}",
    )


def test_a_bounce_of_the_recipients_own_fault_pauses_no_mailbox(mailbox, sent, imap):
    imap.arrive(report(sent, "5.2.2", "552 5.2.2 mailbox full"))

    inbound.read(mailbox.pk)

    mailbox.refresh_from_db()
    assert (mailbox.status, mailbox.last_error) == ("active", "")


def test_a_report_of_success_leaves_no_trace(mailbox, sent, imap):
    imap.arrive(report(sent, "2.0.0", "250 2.0.0 Ok", action="delivered"))

    counts = inbound.read(mailbox.pk)

    assert (counts, Inbound.objects.count(), activities()) == ({"ignored": 1}, 0, [])


def test_a_touch_is_found_by_id_and_else_by_address(sent):
    ours = (sent.message_id, sent.text, sent.subject)

    found = [
        touches.find((sent.message_id,), (), ()),
        touches.find(("<other@example.com>",), (), ("Grace@customer.example",)),
        touches.find(("<other@example.com>", ""), (), ("", "alan@customer.example")),
    ]

    assert found == [ours, ours, None]


def test_an_answer_of_somebody_who_is_being_erased_leaves_no_trace(
    mailbox, sent, imap, lead, monkeypatch
):
    imap.arrive(reply(sent))
    placed = receive._concerned

    def erase_meanwhile(*arguments):
        concerned = placed(*arguments)
        erase(lead, by="ada", reason="asked for it")
        return concerned

    monkeypatch.setattr(receive, "_concerned", erase_meanwhile)

    counts = inbound.read(mailbox.pk)

    assert (counts, Inbound.objects.count()) == ({"ignored": 1}, 0)
    assert activities() == ["opted_out", "erased"]
