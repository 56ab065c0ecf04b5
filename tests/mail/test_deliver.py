"""Sending, over a real SMTP server."""

from crm.models import Activity
from mail import outbox
from mail.models import Message


def test_a_due_message_is_sent_once(mailbox, queue, lead, sink):
    message = queue(lead)

    first = outbox.deliver(mailbox.pk)
    second = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (first, second) == ({"sent": 1}, {})
    assert message.status == Message.Status.SENT
    assert [mail["Message-ID"] for mail in sink.mails()] == [message.message_id]
    assert list(Activity.objects.values_list("kind", flat=True)) == ["queued", "email_sent"]
