"""Sending over an ESP's API: what it is given, what its answers mean, and that nothing leaves twice."""

import socket

import pytest

from crm.models import Activity
from mail import mailboxes, outbox, settle, suppression, unsubscribe
from mail.esp import sending, sessions
from mail.models import Mailbox, Message, Sender, Suppression
from runtime import clock
from tests.connectors.test_deadline import BEGUN, dripping
from tests.mail.conftest import ADA, free_port
from tests.mail.esp.conftest import every_kind

Status = Message.Status
GRACE = "grace@customer.example"


def after(mailbox, message, *answers, api):
    api.answers = list(answers)
    counts = outbox.deliver(mailbox.pk)
    message.refresh_from_db()
    mailbox.refresh_from_db()
    return dict(counts)


@every_kind
def test_a_due_message_is_handed_over_once(mailbox, message, api):
    first = outbox.deliver(mailbox.pk)
    second = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (first, second) == ({"sent": 1}, {})
    assert message.status == Status.SENT
    assert len(api.taken) == 1
    assert list(Activity.objects.values_list("kind", flat=True)) == ["queued", "email_sent"]


@every_kind
def test_the_api_is_given_the_headers_to_the_letter(mailbox, message, api, queue, lead, time):
    outbox.deliver(mailbox.pk)
    time.forward(minutes=1)
    message.refresh_from_db()
    follow_up = queue(lead, step="reminder", parent=message)

    outbox.deliver(mailbox.pk)

    headers = {name.lower(): value for name, value in api.headers().items()}
    sender = Sender.objects.get()
    assert headers.pop("x-pm-keepid", "true") == "true"
    assert headers == {
        "message-id": follow_up.message_id,
        "in-reply-to": message.message_id,
        "references": message.message_id,
        "x-cadenza-step": follow_up.token,
        "list-unsubscribe": (
            f"<{unsubscribe.web_link(lead, sender)}>, <{unsubscribe.mail_link(lead, mailbox)}>"
        ),
        "list-unsubscribe-post": "List-Unsubscribe=One-Click",
    }
    assert f"<{api.tag()}@example.com>" == follow_up.message_id


@pytest.mark.parametrize("kind", ["postmark"], indirect=True)
def test_the_api_is_given_who_writes_what_to_whom(mailbox, message, api, kind):
    outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    (request,) = api.taken
    assert request.path == "/email"
    assert request.headers["X-Postmark-Server-Token"] == "key-1"
    body = request.body
    assert (body["To"], body["Subject"]) == (GRACE, "A question, Grace")
    assert body["From"] == f'"Ada \\"Countess\\" Byron, Ähm" <{ADA}>'
    assert body["TextBody"] == message.text
    assert "<p>Hello Grace</p>" in body["HtmlBody"]


@every_kind
def test_the_esps_own_id_is_kept(mailbox, message, api, kind):
    outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    expected = {"postmark": "id-1", "mailgun": "id-1@mg.example", "sendgrid": None}
    assert message.provider_id == expected[kind]


def test_an_id_that_is_ours_is_not_kept_again(mailbox, message, api):
    mailbox.esp = {"kind": "mailgun", "url": mailbox.esp["url"], "api_key": "${ESP_KEY}"}
    mailbox.save()
    api.kind = "mailgun"

    after(mailbox, message, (200, {"id": message.message_id, "message": "Queued."}), api=api)

    assert (message.status, message.provider_id) == (Status.SENT, None)


def test_one_session_serves_many_emails(mailbox, queue, make_lead, api):
    for number in range(5):
        queue(make_lead(f"lead-{number}@customer.example"))

    outbox.deliver(mailbox.pk)

    assert [request.connection for request in api.taken] == [1] * 5


def test_a_session_that_rested_is_opened_anew(mailbox, queue, make_lead, api, monkeypatch):
    queue(make_lead("one@customer.example"))
    outbox.deliver(mailbox.pk)
    monkeypatch.setattr(sessions, "IDLE_FOR", -1.0)
    queue(make_lead("two@customer.example"))

    outbox.deliver(mailbox.pk)

    assert [request.connection for request in api.taken] == [1, 2]


FAULTS = [
    ("postmark", (401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})),
    ("postmark", (422, {"ErrorCode": 400, "Message": "No Sender Signature was found."})),
    ("postmark", (422, {"ErrorCode": 405, "Message": "Not allowed to send."})),
    ("postmark", (302, "")),
    ("mailgun", (401, "Forbidden")),
    ("mailgun", (404, {"message": "Domain not found: example.com"})),
    ("mailgun", (402, "Payment required")),
    ("sendgrid", (403, {"errors": [{"message": "The from address is no verified sender."}]})),
]


@pytest.mark.parametrize(("kind", "answer"), FAULTS, indirect=["kind"])
def test_a_fault_of_the_senders_pauses_the_mailbox_and_spares_the_lead(
    mailbox, message, api, answer
):
    counts = after(mailbox, message, answer, api=api)

    assert counts == {"paused": 1}
    assert (message.status, message.handed_at, message.attempts) == (Status.QUEUED, None, 0)
    assert mailbox.status == Mailbox.Status.PAUSED
    assert mailbox.last_error.startswith(str(answer[0]))
    assert not Suppression.objects.exists()
    assert len(api.taken) == 1


GONE = [
    (
        "postmark",
        (422, {"ErrorCode": 406, "Message": f"Found inactive addresses: {GRACE}. Inactive recipients are"}),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "answer"), GONE, indirect=["kind"])
def test_a_recipient_that_the_esp_refuses_is_given_up(mailbox, message, api, answer):
    counts = after(mailbox, message, answer, api=api)

    assert counts == {"bounced": 1}
    assert message.status == Status.FAILED
    assert suppression.first(GRACE).kind == Suppression.Kind.HARD_BOUNCE


REFUSED = [
    ("postmark", (422, {"ErrorCode": 300, "Message": f"Error parsing 'To': Illegal email address '{GRACE}'."})),
    ("postmark", (413, "Payload Too Large")),
    ("mailgun", (400, {"message": "'to' parameter is not a valid address."})),
    ("sendgrid", (400, {"errors": [{"message": "Bad Request"}]})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "answer"), REFUSED, indirect=["kind"])
def test_an_email_that_is_refused_for_good_fails_alone(mailbox, message, api, answer):
    counts = after(mailbox, message, answer, api=api)

    assert counts == {"failed": 1}
    assert (message.status, mailbox.status) == (Status.FAILED, Mailbox.Status.ACTIVE)
    assert not Suppression.objects.exists()
    assert len(api.taken) == 1


AWAY = [
    ("postmark", (429, "")),
    ("postmark", (503, "")),
    ("postmark", (422, {"ErrorCode": 100, "Message": "Maintenance"})),
    ("mailgun", (429, {"message": "Too many requests"})),
    ("sendgrid", (503, "")),
]


@pytest.mark.parametrize(("kind", "answer"), AWAY, indirect=["kind"])
def test_what_was_not_taken_now_is_sent_later_once(mailbox, message, api, answer, time):
    counts = after(mailbox, message, answer, api=api)
    assert counts == {"unreachable": 1}
    assert (message.status, message.attempts) == (Status.QUEUED, 0)

    time.forward(minutes=5)
    again = after(mailbox, message, api=api)

    assert again == {"sent": 1}
    assert len(api.taken) == 2  # of which it took the second


UNKNOWN = [
    ("postmark", "hang up"),
    ("postmark", (500, "")),
    ("postmark", (502, "<html>Bad gateway</html>")),
    ("postmark", (504, "")),
    ("postmark", (200, "<html>Welcome to the hotel's network</html>")),
    ("postmark", (200, "null")),
    ("postmark", (200, "[]")),
    ("postmark", (200, {"ErrorCode": 0, "Message": "OK"})),
    ("postmark", (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "id", "To": "<<>"})),
    ("mailgun", "hang up"),
    ("mailgun", (200, '"ok"')),
    ("mailgun", (200, {"id": "<x@y>", "message": 7})),
    ("sendgrid", "hang up"),
    ("sendgrid", (500, "")),
]


@pytest.mark.parametrize(("kind", "answer"), UNKNOWN, indirect=["kind"])
def test_what_may_have_been_taken_is_unconfirmed_and_not_sent_again(
    mailbox, message, api, answer, time
):
    counts = after(mailbox, message, answer, api=api)
    time.forward(hours=1)
    again = after(mailbox, message, api=api)

    assert (counts, again) == ({"unconfirmed": 1}, {})
    assert message.status == Status.UNCONFIRMED
    assert len(api.taken) == 1


def test_an_answer_that_does_not_come_in_time_is_unconfirmed(mailbox, message, api, monkeypatch):
    monkeypatch.setattr(mailboxes, "ANSWER_WITHIN", 0.2)

    counts = after(mailbox, message, "say nothing", api=api)

    assert counts == {"unconfirmed": 1}
    assert len(api.taken) == 1


@pytest.mark.parametrize("begins", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-", BEGUN])
def test_an_answer_that_is_not_whole_in_time_is_unconfirmed(
    mailbox, message, api, monkeypatch, begins
):
    monkeypatch.setattr(sessions, "IN_ALL", 0.4)
    with dripping(begins) as url:
        mailbox.esp = {**mailbox.esp, "url": url}
        mailbox.save()
        began = clock.monotonic()

        counts = after(mailbox, message, api=api)

        assert clock.monotonic() - began < mailboxes.ANSWER_WITHIN / 2
    assert counts == {"unconfirmed": 1}
    assert message.last_error == "no whole answer within 0.4 s"


def test_an_api_that_cannot_be_reached_is_waited_for(mailbox, message, api, time):
    there = mailbox.esp
    mailbox.esp = {**there, "url": f"http://127.0.0.1:{free_port()}"}
    mailbox.save()

    for _ in range(7):  # more often than an email is tried
        counts = after(mailbox, message, api=api)
        time.forward(minutes=5)
    assert counts == {"unreachable": 1}
    assert (message.status, message.attempts) == (Status.QUEUED, 0)

    mailbox.esp = there
    mailbox.save()
    assert after(mailbox, message, api=api) == {"sent": 1}
    assert len(api.taken) == 1


def test_an_api_that_does_not_answer_a_connection_is_waited_for(mailbox, message, api, monkeypatch):
    monkeypatch.setattr(mailboxes, "CONNECT_WITHIN", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queued = [socket.socket() for _ in range(4)]
        for waiting in queued:  # they fill the queue of a server that accepts nobody
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        mailbox.esp = {**mailbox.esp, "url": f"http://127.0.0.1:{full.getsockname()[1]}"}
        mailbox.save()

        counts = after(mailbox, message, api=api)

        for waiting in queued:
            waiting.close()
    assert counts == {"unreachable": 1}
    assert message.status == Status.QUEUED


def test_in_sandbox_mode_no_other_machine_is_talked_to(mailbox, message, api):
    mailbox.esp = {**mailbox.esp, "url": "https://api.postmarkapp.com"}
    mailbox.save()

    counts = after(mailbox, message, api=api)

    assert counts == {"paused": 1}
    assert mailbox.last_error == (
        "ada@example.com: esp.url: api.postmarkapp.com is not this machine; with "
        "CADENZA_MODE=sandbox only 127.0.0.1 is talked to"
    )


def test_a_key_that_is_not_set_pauses_the_mailbox(mailbox, message, api, monkeypatch):
    monkeypatch.delenv("ESP_KEY")

    counts = after(mailbox, message, api=api)

    assert counts == {"paused": 1}
    assert mailbox.last_error == "ada@example.com: the environment variable ESP_KEY is not set"
    assert api.taken == []


def test_what_stops_before_the_request_stops_it(mailbox, queue, make_lead, api, monkeypatch):
    lead = make_lead("stops@customer.example")
    first, second = queue(make_lead("other@customer.example")), queue(lead)
    connect = sending.connect

    def then_unsubscribe(mailbox):
        if api.taken:
            unsubscribe.unsubscribe(lead, how="reply", at=clock.now())
        return connect(mailbox)

    monkeypatch.setattr(sending, "connect", then_unsubscribe)

    counts = outbox.deliver(mailbox.pk)

    assert counts == {"sent": 1, "cancelled": 1}
    assert api.recipients() == [first.to_email]
    second.refresh_from_db()
    assert second.status == Status.CANCELLED


def test_a_worker_that_dies_while_the_api_has_it_leaves_a_doubt(mailbox, message, api, monkeypatch):
    def die(*args, **kwargs):
        raise SystemExit

    monkeypatch.setattr(settle, "taken", die)
    with pytest.raises(SystemExit):
        outbox.deliver(mailbox.pk)
    monkeypatch.undo()
    Message.objects.update(claimed_until=0)

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert counts == {"unconfirmed": 1}
    assert message.status == Status.UNCONFIRMED
    assert len(api.taken) == 1


@every_kind
def test_staging_reaches_nobody_else(mailbox, message, api):
    Sender.objects.update(redirect_to="staging@example.com")

    outbox.deliver(mailbox.pk)

    headers = {name.lower(): value for name, value in api.headers().items()}
    assert api.recipients() == ["staging@example.com"]
    assert headers["x-cadenza-original-to"] == GRACE


@every_kind
def test_long_headers_are_neither_folded_nor_encoded(mailbox, message, api, queue, lead, time):
    references = " ".join(f"<{number:060}@long.customer.example>" for number in range(6))
    Message.objects.update(references=references, status=Status.SENT)
    message.refresh_from_db()
    Sender.objects.update(public_url=f"https://{'out.' * 75}example.com")
    time.forward(minutes=1)
    queue(lead, step="reminder", parent=message)

    outbox.deliver(mailbox.pk)

    headers = {name.lower(): value for name, value in api.headers().items()}
    web = unsubscribe.web_link(lead, Sender.objects.get())
    assert headers["references"] == f"{references} {message.message_id}"
    assert headers["list-unsubscribe"].startswith(f"<{web}>, <mailto:")
    assert len(web) > 300
