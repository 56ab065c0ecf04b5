"""What an ESP brings in over our webhook, and whose answer it is."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from crm.models import Activity
from mail import outbox
from mail.esp import kinds as esps
from mail.models import Inbound, Mailbox, Message, Suppression
from tests.mail.conftest import ADA
from tests.mail.esp.conftest import every_kind
from tests.mail.esp.payloads import GRACE, authorization, signature

PATH = f"/webhooks/esp/{ADA}/mime"
BOB = "bob@example.com"
FORM = "application/x-www-form-urlencoded"
REPLY = """\
From: Grace Hopper <{sender}>
To: Ada <{to}>
Subject: {subject}
Message-ID: <reply-1@customer.example>
{headers}
That sounds interesting.
"""
BOUNCE = """\
From: MAILER-DAEMON@customer.example
To: ada@example.com
Subject: Undelivered
Message-ID: <2@customer.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; customer.example

Final-Recipient: rfc822; grace@customer.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {id}
--b--
"""


def reply(sent=None, **values):
    answers = f"In-Reply-To: {sent.message_id}\n" if sent else ""
    values = {
        "sender": GRACE, "to": ADA, "subject": "Re: A question", "headers": answers, **values,
    }  # fmt: skip
    return REPLY.format(**values)


def bring_in(kind, raw, *, path=PATH, recipient=ADA, headers=None, signed=None):
    given = authorization() if headers is None else headers
    if kind == "postmark":
        fields = {"FromFull": {}, "Headers": [], "OriginalRecipient": recipient, "RawEmail": raw}
        return _post(path, json.dumps(fields), "application/json", given)
    if kind == "mailgun":
        block = signed or signature("token")
        return _post(
            path, urlencode({"recipient": recipient, "body-mime": raw, **block}), FORM, given
        )
    envelope = json.dumps({"to": [recipient], "from": GRACE})
    return _post(path, urlencode({"envelope": envelope, "email": raw}), FORM, given)


def _post(path, body, content_type, headers):
    return Client().post(path, body, content_type=content_type, headers=headers).status_code


@pytest.fixture
def sent(mailbox, message):
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    Activity.objects.all().delete()
    message.refresh_from_db()
    return message


@pytest.fixture
def bob(mailbox):
    """Of the same account."""
    return Mailbox.objects.create(
        address=BOB, username=BOB, per_day=1, per_hour=1, gap=mailbox.gap, esp=mailbox.esp
    )


@every_kind
def test_a_reply_is_kept_once_and_stops_the_next_email(mailbox, sent, kind, lead, queue, time, api):
    time.forward(minutes=1)
    queue(lead, step="reminder", parent=sent)

    statuses = [bring_in(kind, reply(sent)) for _ in range(2)]
    counts = outbox.deliver(mailbox.pk)

    kept = Inbound.objects.get()
    assert statuses == [200, 200]
    assert (kept.kind, kept.text, kept.answers, kept.lead) == (
        "reply", "That sounds interesting.", sent, lead,
    )  # fmt: skip
    assert (kept.mailbox, kept.received_at) == (mailbox, time.now)
    assert counts == {"cancelled": 1}
    assert len(api.taken) == 1
    assert Activity.objects.filter(kind="answered").count() == 1


@every_kind
def test_a_delivery_report_suppresses_the_address(sent, kind):
    bring_in(kind, BOUNCE.format(id=sent.message_id))

    suppressed = Suppression.objects.get()
    assert (suppressed.email, suppressed.kind) == (GRACE, Suppression.Kind.HARD_BOUNCE)


FORMS = [
    ("postmark", "0a1b2c3d-5e6f-4a7b-8c9d-0e1f2a3b4c5d", "<{id}@mtasv.net>"),
    ("mailgun", "20260304120000.1.ABC@mg.example", "<{id}>"),
    ("sendgrid", "abc@geopod-ismtpd-1", "<{id}>"),
]


@pytest.mark.parametrize(("kind", "id_", "form"), FORMS, indirect=["kind"])
def test_case_10_esp_rewrote_the_message_id_and_the_reply_still_matches(
    sent, kind, id_, form, lead
):
    """Also from a colleague, who is no lead, under an edited subject."""
    Message.objects.update(provider_id=id_)
    answers = f"References: <other@x.example>\n {form.format(id=id_)}\n"

    bring_in(kind, reply(sender="boss@customer.example", subject="Meeting", headers=answers))

    kept = Inbound.objects.get()
    assert (kept.kind, kept.answers, kept.lead) == ("reply", sent, lead)


def test_the_id_of_an_api_s_answer_is_what_matches(mailbox, message, api, lead):
    esp_id = "0a1b2c3d-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
    api.answers = [(200, {"ErrorCode": 0, "Message": "OK", "MessageID": esp_id, "To": GRACE})]
    outbox.deliver(mailbox.pk)
    answers = f"In-Reply-To: <{esp_id}@mtasv.net>\n"

    bring_in("postmark", reply(sender="boss@customer.example", headers=answers))

    kept = Inbound.objects.get()
    assert (kept.answers, kept.lead) == (message, lead)


def test_another_domain_does_not_stand_for_an_esps_id(sent):
    Message.objects.update(provider_id="id-1")

    bring_in("postmark", reply(sender="a@b.example", headers="In-Reply-To: <id-1@b.example>\n"))

    assert not Inbound.objects.exists()


@every_kind
def test_mail_is_brought_into_its_addressees_mailbox(sent, bob, kind):
    bring_in(kind, reply(sent), recipient=BOB)

    assert Inbound.objects.get().mailbox == bob


@every_kind
def test_forwarded_mail_is_the_mailboxs_in_to(sent, bob, kind):
    bring_in(kind, reply(sent, to=BOB), recipient="hash@inbound.esp.example")

    assert Inbound.objects.get().mailbox == bob


@every_kind
def test_mail_to_an_unknown_address_is_the_webhooks_own_mailboxs(mailbox, sent, kind):
    bring_in(kind, reply(sent, to="sales@example.com"), recipient="hash@inbound.esp.example")

    assert Inbound.objects.get().mailbox == mailbox


@every_kind
def test_mail_that_concerns_no_lead_is_not_kept(mailbox, kind):
    status = bring_in(kind, reply(sender="stranger@elsewhere.example"))

    assert status == 200
    assert not Inbound.objects.exists()


@every_kind
def test_mail_that_is_forged_is_refused(sent, kind):
    status = bring_in(
        kind, reply(sent), headers=authorization("cadenza:no"), signed=signature("t", key="no")
    )

    assert status == 401
    assert not Inbound.objects.exists()


@every_kind
def test_mail_that_was_taken_apart_is_refused_and_told(sent, kind, caplog):
    status = bring_in(kind, "")

    assert status == 400
    assert caplog.messages[0] == (
        f"webhook for {ADA} refused with 400: no {esps.KINDS[kind].raw} in it: "
        "the ESP must pass the raw email on"
    )


def test_a_mailbox_that_is_read_over_imap_takes_none_in(mailbox, sent):
    Mailbox.objects.update(imap_url="imap://127.0.0.1")

    assert bring_in("postmark", reply(sent)) == 404
    assert not Inbound.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"RawEmail": 7}', b'{"RawEmail": ["x"]}', b"[" * 100_000]
)
def test_no_body_is_a_fault_of_ours(mailbox, body):
    assert _post(PATH, body, "application/json", authorization()) == 400
    assert _post(PATH, body, "multipart/form-data; boundary=x", authorization()) == 400


HOSTILE = [
    f"To: {'a,' * 50_000}\n\nx",
    f"Content-Type: multipart/mixed; {'; '.join(f'a{n}=b' for n in range(10_000))}\n\nx",
    "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 100_000,
    "\0\ud800",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("raw", HOSTILE, ids=["to", "parameters", "parts", "surrogate"])
def test_any_email_is_read_within_bounds(mailbox, raw):
    assert bring_in("postmark", raw) == 200


def test_an_email_with_large_attachments_is_taken_in(sent):
    raw = reply(sent) + "\n" + "A" * (8 << 20)

    assert bring_in("postmark", raw) == 200
    assert Inbound.objects.get().kind == "reply"


def test_an_inbox_that_is_pushed_needs_no_reading(mailbox, message):
    assert mailbox.read_at is None
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
