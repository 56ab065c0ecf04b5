"""An ESP's events over our webhook: what they settle, what they stop, and who is let in."""

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Activity, Change, ExternalRecord
from mail import outbox, reputation, suppression
from mail.esp import sending
from mail.models import Mailbox, Message, Sender, Suppression
from mail.unconfirmed import confirm
from process.erasure import erase
from tests.mail.conftest import ADA
from tests.mail.esp.conftest import every_kind
from tests.mail.esp.payloads import GRACE, authorization, event, signature
from workers import reactions

Status = Message.Status
PATH = f"/webhooks/esp/{ADA}/tracking"


def post(body, *, path=PATH, headers=None, content_type="application/json"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = authorization() if headers is None else headers
    return Client().post(path, content, content_type=content_type, headers=given).status_code


def kinds():
    return list(Activity.objects.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def sent(mailbox, message):
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    Activity.objects.all().delete()
    message.refresh_from_db()
    return message


@pytest.fixture
def doubtful(mailbox, message, api):
    api.answers = ["hang up"]
    assert outbox.deliver(mailbox.pk) == {"unconfirmed": 1}
    Activity.objects.all().delete()
    message.refresh_from_db()
    return message


PROOFS = [
    (kind, what)
    for kind in ("postmark", "mailgun", "sendgrid")
    for what in ("delivered", "deferred", "soft", "opened", "clicked")
]


@pytest.mark.parametrize(("kind", "what"), [*PROOFS, ("sendgrid", "taken")], indirect=["kind"])
def test_a_doubt_is_settled_by_whatever_proves_that_it_left(
    mailbox, doubtful, kind, what, api, time
):
    handed_at = doubtful.handed_at
    time.forward(hours=1)

    status = post(event(kind, what, doubtful))

    doubtful.refresh_from_db()
    assert status == 200
    assert (doubtful.status, doubtful.sent_at) == (Status.SENT, handed_at)
    assert kinds()[0] == "email_sent"
    assert outbox.deliver(mailbox.pk) == {}
    assert len(api.taken) == 1


def test_the_id_that_the_request_did_not_bring_back_is_learned(doubtful):
    post(event("postmark", "delivered", doubtful, id_="late-id"))

    doubtful.refresh_from_db()
    assert doubtful.provider_id == "late-id"


@pytest.mark.parametrize("kind", ["sendgrid"], indirect=True)
def test_what_the_esp_drops_never_left(doubtful):
    post(event("sendgrid", "dropped", doubtful))

    doubtful.refresh_from_db()
    assert doubtful.status == Status.FAILED
    assert kinds() == ["failed", "bounced"]
    assert suppression.first(GRACE).kind == Suppression.Kind.HARD_BOUNCE


STOPS = [
    *((kind, "hard", "hard_bounce") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "wordless", "hard_bounce") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "complained", "complaint") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "unsubscribed", "unsubscribed") for kind in ("postmark", "mailgun", "sendgrid")),
    ("sendgrid", "dropped", "hard_bounce"),
    ("sendgrid", "dropped-out", "unsubscribed"),
]


@pytest.mark.parametrize(("kind", "what", "stop"), STOPS, indirect=["kind"])
def test_a_person_stop_stops_the_next_email(
    mailbox, sent, kind, what, stop, api, queue, lead, time
):
    time.forward(minutes=1)
    follow_up = queue(lead, step="reminder", parent=sent)

    statuses = [post(event(kind, what, sent)) for _ in range(2)]
    counts = outbox.deliver(mailbox.pk)

    follow_up.refresh_from_db()
    assert statuses == [200, 200]
    assert list(Suppression.objects.values_list("email", "kind")) == [(GRACE, stop)]
    assert counts == {"cancelled": 1}
    assert follow_up.because["cancelled"]["reason"] == stop
    assert len(api.taken) == 1


NO_STOPS = [
    *((kind, "soft", "bounced") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "deferred", "delayed") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "opened", "opened") for kind in ("postmark", "mailgun", "sendgrid")),
    *((kind, "clicked", "clicked") for kind in ("postmark", "mailgun", "sendgrid")),
    ("postmark", "blocked", "bounced"),
    ("mailgun", "blocked", "bounced"),
    ("mailgun", "proxied", "machine_opened"),
    ("sendgrid", "proxied", "machine_opened"),
]


@pytest.mark.parametrize(("kind", "what", "noted"), NO_STOPS, indirect=["kind"])
def test_what_stops_nobody_is_noted_once(mailbox, sent, kind, what, noted, queue, lead, time):
    time.forward(minutes=1)
    queue(lead, step="reminder", parent=sent)
    Activity.objects.all().delete()

    for _ in range(2):
        post(event(kind, what, sent))

    assert kinds() == [noted]
    assert Activity.objects.get().data["esp"] == kind
    reactions.react()
    assert not Suppression.objects.exists()
    assert outbox.deliver(mailbox.pk) == {"sent": 1}


def test_a_bounce_tells_what_the_receiving_server_said(sent):
    post(event("postmark", "hard", sent))

    told = Activity.objects.get(kind="bounced").data
    assert (told["hard"], told["status"], told["reason"]) == (True, "5.1.1", "unknown_recipient")
    assert told["words"] == (
        "smtp;550 5.1.1 The email account that you tried to reach does not exist"
    )


def test_a_fault_of_the_senders_pauses_the_mailbox_and_gives_no_lead_up(mailbox, sent):
    post(event("postmark", "policy", sent))

    told = Activity.objects.get(kind="bounced").data
    mailbox.refresh_from_db()
    assert (told["hard"], told["sender_fault"], told["reason"]) == (False, True, "authentication")
    assert not Suppression.objects.exists()
    assert (mailbox.status, mailbox.last_error) == ("paused", f"bounce of {GRACE}: {told['words']}")


def test_a_click_right_after_sending_is_a_machines(sent, time):
    time.forward(seconds=10)

    post(event("postmark", "clicked", sent))

    assert kinds() == ["machine_clicked"]


@every_kind
def test_events_out_of_order_end_alike(sent, kind, time):
    time.forward(minutes=1)
    for what in ("clicked", "complained", "opened", "delivered", "hard", "delivered"):
        assert post(event(kind, what, sent)) == 200

    sent.refresh_from_db()
    assert sent.status == Status.SENT
    assert kinds() == ["clicked", "complained", "opened", "bounced"]


@every_kind
def test_an_email_is_also_known_by_its_id(doubtful, kind):
    if kind == "postmark":
        Message.objects.update(provider_id="id-1")

    post(event(kind, "delivered", doubtful, tagged=False))

    doubtful.refresh_from_db()
    assert doubtful.status == Status.SENT


@every_kind
def test_what_is_about_no_email_of_ours_is_taken_in_and_ignored(sent, kind):
    stranger = Message(message_id="<0123@example.com>")

    statuses = [
        post(event(kind, "hard", stranger, id_="nobodys-id", tagged=tagged))
        for tagged in (True, False)
    ]

    assert statuses == [200, 200]
    assert kinds() == []


def test_another_accounts_emails_are_out_of_reach(mailbox, sent):
    Mailbox.objects.create(
        address="eve@example.com", username="eve", per_day=1, per_hour=1, gap=mailbox.gap,
        esp={"kind": "postmark", "server_token": "${OTHER}", "webhook_secret": "${ESP_HOOK}"},
    )  # fmt: skip

    status = post(event("postmark", "hard", sent), path="/webhooks/esp/eve@example.com/tracking")

    assert status == 200
    assert not Suppression.objects.exists()


def test_one_webhook_tells_of_all_mailboxes_of_the_account(mailbox, sent):
    Mailbox.objects.create(
        address="bob@example.com", username="bob", per_day=1, per_hour=1, gap=mailbox.gap,
        esp=mailbox.esp,
    )  # fmt: skip

    post(event("postmark", "hard", sent), path="/webhooks/esp/bob@example.com/tracking")

    assert suppression.first(GRACE).kind == Suppression.Kind.HARD_BOUNCE


@pytest.mark.parametrize("what", ["hard", "complained", "unsubscribed"])
def test_in_staging_nothing_is_taken_for_the_leads_word(mailbox, message, what):
    Sender.objects.update(redirect_to="staging@example.com")
    outbox.deliver(mailbox.pk)
    Activity.objects.all().delete()

    post(event("postmark", what, message))

    assert not Suppression.objects.exists()
    assert kinds() == []


@every_kind
def test_what_is_forged_is_refused(doubtful, kind):
    body = event(kind, "delivered", doubtful)
    if kind == "mailgun":
        body["signature"] = signature("token", key="not-the-key")

    status = post(body, headers=authorization("cadenza:wrong"))

    doubtful.refresh_from_db()
    assert (status, doubtful.status) == (401, Status.UNCONFIRMED)


@pytest.mark.parametrize("kind", ["sendgrid"], indirect=True)
def test_sendgrids_signature_is_enough(mailbox, doubtful, monkeypatch):
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    monkeypatch.setenv("VERIFY", b64encode(public).decode())
    mailbox.esp = {"kind": "sendgrid", "api_key": "${ESP_KEY}", "verification_key": "${VERIFY}"}
    mailbox.save()
    body = json.dumps(event("sendgrid", "delivered", doubtful)).encode()
    signed = key.sign(b"1700000000" + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signed).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1700000000",
    }

    changed = post(body.replace(b"OK", b"ok"), headers=headers)
    status = post(body, headers=headers)

    doubtful.refresh_from_db()
    assert (changed, status, doubtful.status) == (401, 200, Status.SENT)


def test_without_a_secret_nobody_is_let_in(mailbox, sent, monkeypatch):
    body = event("postmark", "hard", sent)
    monkeypatch.delenv("ESP_HOOK")
    not_set = post(body)
    mailbox.esp = {"kind": "postmark", "server_token": "${ESP_KEY}"}
    mailbox.save()
    not_given = post(body)
    mailbox.esp = None
    mailbox.save()
    no_esp = post(body)

    assert [not_set, not_given, no_esp] == [404, 404, 404]
    assert post(body, path="/webhooks/esp/nobody@example.com/tracking") == 404
    assert not Suppression.objects.exists()


def test_an_esp_may_ask_whether_anybody_is_there(mailbox):
    assert Client().head(PATH).status_code == 200
    assert Client().get(PATH).status_code == 405


def test_the_inbound_webhooks_posts_are_told_apart(mailbox):
    assert post({"FromFull": {"Email": GRACE}, "Headers": []}) == 400


HOSTILE = [
    b"", b"{", b"null", b"7", b'"x"', b"[]", b"[[]]", b"[7]", b"{}", b"\xff\xfe", b"[" * 100_000,
    b'{"RecordType": {}}', b'{"RecordType": "Bounce", "Type": []}',
    b'{"RecordType": "Delivery", "DeliveredAt": 7}', b'{"RecordType": "Delivery", "Metadata": 7}',
    b'{"RecordType": "Delivery", "MessageID": "\\u0000\\ud800"}',
    b'{"RecordType": "Delivery", "Metadata": {"cadenza": "\\u0000"}}',
    b'{"signature": {"token": "\xc3\xa9", "timestamp": 1, "signature": 2}}',
    b'{"signature": [], "event-data": {}}', b'[{"event": "dropped", "reason": 7}]',
    b'[{"event": "open", "timestamp": 1e308}]', b'[{"event": [], "timestamp": "x"}]',
]  # fmt: skip


@every_kind
@pytest.mark.parametrize("body", HOSTILE)
def test_nothing_that_is_posted_is_a_fault_of_ours(mailbox, sent, kind, body):
    assert post(body) in {200, 400, 401}
    assert post(body, content_type="application/x-www-form-urlencoded") in {200, 400, 401}
    assert kinds() == []


def test_what_is_too_large_is_not_read(mailbox):
    assert post(b" " * (2 << 20 | 1)) == 413


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@every_kind
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_value_in_any_field_is_withstood(sent, kind, data):
    what = data.draw(st.sampled_from(["hard", "deferred", "clicked", "complained"]))
    body = event(kind, what, sent)
    record = {"postmark": body, "mailgun": None, "sendgrid": None}[kind]
    if record is None:
        record = body["event-data"] if kind == "mailgun" else body[0]
    for name in data.draw(st.lists(st.sampled_from(sorted(record)), max_size=3, unique=True)):
        record[name] = data.draw(VALUES)

    assert post(body) in {200, 400}


@pytest.fixture
def told_early(monkeypatch):
    """Let an event arrive while the worker still waits for the API's answer."""

    def tell(body):
        hand = sending.ByApi.hand

        def meanwhile(self, **given):
            outcome = hand(self, **given)
            assert post(body()) == 200
            return outcome

        monkeypatch.setattr(sending.ByApi, "hand", meanwhile)

    return tell


@pytest.mark.parametrize("answer", ["hang up", (200, "null"), None])
@every_kind
def test_an_event_may_come_before_the_answer(mailbox, message, api, kind, answer, told_early):
    api.answers = [answer] if answer else []
    told_early(lambda: event(kind, "delivered", message))

    outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert message.status == Status.SENT
    assert kinds() == ["queued", "email_sent"]
    assert outbox.deliver(mailbox.pk) == {}
    assert len(api.taken) == 1


def test_what_a_person_took_for_not_sent_is_not_sent_again_when_an_event_knows_better(
    mailbox, doubtful, api
):
    confirm(doubtful, sent=False, by="ada")

    post(event("postmark", "delivered", doubtful))

    doubtful.refresh_from_db()
    assert doubtful.status == Status.SENT
    assert outbox.deliver(mailbox.pk) == {}
    assert len(api.taken) == 1


@every_kind
def test_a_bounce_that_the_esp_tells_of_reaches_the_crms_timeline(sent, kind, connection, lead):
    ExternalRecord.objects.create(
        connection=connection, kind="lead", external_id="7", lead=lead, base={}
    )
    post(event(kind, "hard", sent))

    reactions.react()

    touch = Change.objects.get(kind=Change.Kind.TOUCH).value or {}
    assert (touch["kind"], touch["to_email"]) == ("bounce", ADA)
    assert touch["text"] == f"{GRACE}: {Activity.objects.get(kind='bounced').data['words']}"


@every_kind
@pytest.mark.parametrize("what", ["hard", "complained", "unsubscribed", "deferred", "clicked"])
def test_of_a_person_who_was_erased_nothing_is_noted_any_more(sent, kind, what, lead):
    erase(lead, by="ada", reason="asked for it")
    before = kinds(), Suppression.objects.count()

    status = post(event(kind, what, sent))

    assert status == 200
    assert (kinds(), Suppression.objects.count()) == before


@pytest.mark.parametrize(
    ("kind", "what", "counted"),
    [
        *((kind, "hard", (1, 0)) for kind in ("postmark", "mailgun", "sendgrid")),
        *((kind, "complained", (0, 1)) for kind in ("postmark", "mailgun", "sendgrid")),
        *((kind, "soft", (0, 0)) for kind in ("postmark", "mailgun", "sendgrid")),
        ("sendgrid", "dropped", (0, 0)),  # it did not leave
    ],
    indirect=["kind"],
)
def test_what_came_back_counts_once_for_the_mailbox(mailbox, sent, kind, what, counted, time):
    for number in range(2):
        post(event(kind, what, sent, number=number))

    tally = reputation.tally(mailbox, time.now - reputation.WITHIN)
    assert (tally.left, tally.bounced, tally.complained) == (1, *counted)
