"""Staging: every email goes to one address and says so; what it answers concerns no lead."""

from email import message_from_bytes

import pytest

from crm.models import Activity
from mail import compose, inbound, outbox, suppression, unsubscribe
from mail.models import Inbound, Mailbox, Message, Suppression

STAGING = "staging@example.com"
GRACE = "grace@customer.example"
ANSWER = """\
From: {who}
To: Ada <ada@example.com>
Subject: {subject}
Message-ID: <1@customer.example>
{headers}
That sounds interesting.
"""
BOUNCE = """\
From: MAILER-DAEMON@example.com
To: ada@example.com
Subject: Undelivered
Message-ID: <2@example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It was not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; {who}
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {id}
--b--
"""


@pytest.fixture
def staging(sender):
    return lambda to=STAGING: type(sender).objects.update(redirect_to=to)


def test_every_email_goes_to_staging(mailbox, queue, lead, sink, staging):
    queue(lead)
    staging()

    counts = outbox.deliver(mailbox.pk)

    [mail] = sink.mails()
    assert (counts, sink.recipients, mail["To"]) == ({"sent": 1}, [STAGING], STAGING)
    assert Activity.objects.get(kind="email_sent").data["redirected_to"] == STAGING


def test_it_says_for_whom_it_was_and_unsubscribes_nobody_and_all_else_stays(queue, lead, staging):
    message = queue(lead)
    plain = compose.compose(message).raw
    staging()

    raw = compose.compose(message).raw

    changed = {
        f"To: {GRACE}\r\n": f"To: {STAGING}\r\n",
        "Subject: A question": f"Subject: [for {GRACE}] A question",
        unsubscribe.token(lead): unsubscribe.token(unsubscribe.nobody()),
        "=One-Click\r\n": f"=One-Click\r\nX-Cadenza-Original-To: {GRACE}\r\n",
    }
    expected = _unbounded(plain)
    for old, new in changed.items():
        assert old in expected
        expected = expected.replace(old, new)
    assert _unbounded(raw) == expected


def test_a_follow_up_is_marked_once(mailbox, queue, lead, sink, staging):
    staging()
    opening = queue(lead)
    outbox.deliver(mailbox.pk)
    opening.refresh_from_db()
    queue(lead, step="reminder", parent=opening)

    outbox.deliver(mailbox.pk)

    assert [mail["Subject"] for mail in sink.mails()] == [f"[for {GRACE}] A question, Grace"] * 2


def test_whom_it_is_meant_for_decides_whether_it_leaves(mailbox, queue, lead, sink, staging, time):
    queue(lead)
    suppression.suppress(GRACE, Suppression.Kind.MANUAL, at=time.now)
    staging()

    assert (outbox.deliver(mailbox.pk), sink.taken) == ({"cancelled": 1}, [])


@pytest.mark.parametrize(
    ("before", "after", "goes_to"), [("", STAGING, STAGING), (STAGING, "", GRACE)]
)
def test_an_email_that_was_kept_for_a_retry_follows_the_setting(
    mailbox, queue, lead, sink, staging, time, before, after, goes_to
):
    message = queue(lead)
    staging(before)
    sink.answers["RCPT"] = ["450 4.2.1 later"]
    assert outbox.deliver(mailbox.pk) == {"retried": 1}
    staging(after)
    time.forward(hours=1)

    counts = outbox.deliver(mailbox.pk)

    [mail] = sink.mails()
    assert (counts, sink.recipients, mail["To"]) == ({"sent": 1}, [goes_to], goes_to)
    assert mail["Message-ID"] == message.message_id


def test_a_staging_address_that_is_gone_is_no_bounce_of_the_lead(
    mailbox, queue, lead, sink, staging
):
    message = queue(lead)
    staging()
    sink.answers["RCPT"] = ["550 5.1.1 no such user"]

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    mailbox.refresh_from_db()
    assert (counts, message.status) == ({"paused": 1}, Message.Status.QUEUED)
    assert mailbox.status == Mailbox.Status.PAUSED
    assert mailbox.last_error == f"redirect_to {STAGING}: 550 5.1.1 no such user"
    assert not Suppression.objects.exists()


def answer(message, who=GRACE, subject="Re: A question", headers=""):
    return ANSWER.format(who=who, subject=subject, headers=headers)


INCOMING = {
    "an answer": lambda message: answer(message, headers=f"In-Reply-To: {message.message_id}\n"),
    "a colleague's answer": lambda message: answer(
        message, who="bob@example.com", headers=f"In-Reply-To: {message.message_id}\n"
    ),
    "an absence": lambda message: answer(
        message, headers=f"In-Reply-To: {message.message_id}\nAuto-Submitted: auto-replied\n"
    ),
    "an unsubscribe": lambda message: answer(message, subject=f"unsubscribe {_token_in(message)}"),
    "a bounce": lambda message: BOUNCE.format(who=GRACE, id=message.message_id),
}


@pytest.mark.parametrize("kind", INCOMING)
@pytest.mark.parametrize("staged", [True, False])
def test_what_comes_back_from_staging_concerns_no_lead(
    mailbox, queue, lead, imap, staging, kind, staged
):
    staging(STAGING if staged else "")
    message = queue(lead)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    message.refresh_from_db()
    staging("")
    imap.arrive(INCOMING[kind](message))

    counts = inbound.read(mailbox.pk)

    assert (list(counts) == ["ignored"], Inbound.objects.exists()) == (staged, not staged)
    assert Suppression.objects.exists() == (not staged and kind in {"an unsubscribe", "a bounce"})


@pytest.mark.parametrize(("to", "kind"), [(GRACE, "ignored"), (STAGING, "reply")])
def test_the_staging_address_speaks_for_no_lead(mailbox, lead, imap, staging, to, kind):
    staging(to)
    imap.arrive(answer(None))

    assert inbound.read(mailbox.pk) == {kind: 1}


def test_nobodys_token_is_known_and_names_no_lead(lead):
    token = unsubscribe.token(unsubscribe.nobody())

    assert (unsubscribe.is_nobodys(token), unsubscribe.lead_of(token)) == (True, None)
    assert not unsubscribe.is_nobodys(unsubscribe.token(lead))
    assert not unsubscribe.is_nobodys("forged")


def _token_in(message):
    mail = message_from_bytes(bytes(message.raw))
    return mail["List-Unsubscribe"].partition("/u/")[2].partition(">")[0]


def _unbounded(raw):
    """Without the parts' boundary, which is made up each time, and where lines were broken."""
    return raw.decode().replace(message_from_bytes(raw).get_boundary(), "").replace("=\r\n", "")
