"""Encrypted connections: to whom the password and the email are given."""

import pytest
import trustme

from mail import outbox

SCHEMES = ("smtps", "smtp+starttls")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_email_leaves_encrypted(authority, encrypted, queue, lead, sink, scheme):
    mailbox = encrypted(authority, scheme)
    queue(lead)

    outcome = outbox.deliver(mailbox.pk)

    assert outcome == {"sent": 1}
    assert len(sink.taken) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_stranger_gets_nothing(authority, encrypted, queue, lead, sink, scheme):
    mailbox = encrypted(trustme.CA(), scheme)
    message = queue(lead)

    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert outcome["unreachable"] == 1
    assert "certificate verify failed" in message.last_error
    assert (message.status, sink.taken) == ("queued", [])
