"""Reading a mailbox over a real IMAP server."""

import pytest

from crm.models import Activity
from mail import inbound, outbox
from mail.models import Inbound, Message

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
