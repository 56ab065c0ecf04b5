"""HubSpot's webhooks: who is let in, who is not, and what becomes of a hint."""

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from hubspot.utils.signature import Signature

from connectors.hubspot import signature
from crm.models import Connection, Hint
from mail.models import Sender
from runtime import clock

pytestmark = pytest.mark.django_db
SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
PATH = "/webhooks/hubspot/main"
URI = f"https://outreach.example{PATH}"


@pytest.fixture(autouse=True)
def connection(frozen_clock, monkeypatch):
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    Sender.objects.create(
        company="Us", postal_address="Here", public_url="https://outreach.example"
    )
    return Connection.objects.create(
        name="main", kind="hubspot", pull_every=timedelta(hours=1),
        settings={"webhook_secret": "${WEBHOOK_SECRET}"},
    )  # fmt: skip


def event(object_id=7, what="contact.propertyChange", **more):
    return {"objectId": object_id, "subscriptionType": what, "eventId": 1, **more}


def post(body, *, at=None, secret=SECRET, path=PATH, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int((at or clock.now()).timestamp() * 1000))
    signed = signature.sign(
        secret=secret, method="POST", uri=URI, body=content, timestamp=timestamp
    )
    given = {
        "X-HubSpot-Signature-v3": signed,
        "X-HubSpot-Request-Timestamp": timestamp,
        **headers,
    }
    client = Client()
    return client.post(path, content, content_type="application/json", headers=given).status_code


def test_a_signed_event_is_a_hint():
    assert post([event(7), event(8, "deal.creation"), event(9, "company.deletion")]) == 204

    assert sorted(Hint.objects.values_list("kind", "external_id")) == [
        ("company", "9"),
        ("deal", "8"),
        ("lead", "7"),
    ]


def test_the_signature_is_what_the_official_client_takes():
    timestamp = str(int(clock.now().timestamp() * 1000))
    ours = signature.sign(secret=SECRET, method="POST", uri=URI, body=b"[]", timestamp=timestamp)

    theirs = Signature.get_signature(
        client_secret=SECRET,
        request_body="[]",
        signature_version="v3",
        http_uri=URI,
        http_method="POST",
        timestamp=timestamp,
    )

    assert ours == theirs


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"secret": "another"}, 401, "the signature is another one"),
        ({"X-HubSpot-Signature-v3": "é"}, 401, "the signature is another one"),
        ({"X-HubSpot-Signature-v3": ""}, 401, "the signature is another one"),
        ({"X-HubSpot-Request-Timestamp": "now"}, 401, "no timestamp in milliseconds"),
        ({"X-HubSpot-Request-Timestamp": "9" * 30}, 401, "no timestamp in milliseconds"),
        ({"minutes": -6}, 401, "older than 5 minutes"),
        ({"minutes": 2}, 401, "dated in the future"),
        ({"path": "/webhooks/hubspot/nobody"}, 404, "no such connection"),
    ],
)
def test_what_is_not_signed_for_now_is_refused_and_logged(how, status, reason, caplog):
    minutes = how.pop("minutes", 0)

    with caplog.at_level(logging.WARNING):
        answered = post([event()], at=clock.now() + timedelta(minutes=minutes), **how)

    assert answered == status
    assert not Hint.objects.exists()
    assert reason in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("body", [b"{}", b"not json", b"[" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_no_list_of_events_is_refused(body):
    assert post(body) == 400


def test_too_large_a_body_is_refused_before_it_is_read():
    assert post(b" " * (2 << 20)) == 413


def test_the_same_request_again_is_refused_and_the_next_one_is_not(frozen_clock):
    assert post([event()]) == 204
    assert post([event()]) == 409
    frozen_clock.now += timedelta(seconds=1)
    assert post([event()]) == 204


def test_a_connection_without_a_secret_takes_nothing_in(connection):
    connection.settings = {}
    connection.save()

    assert post([event()]) == 404


@pytest.mark.parametrize(
    "odd",
    [None, 7, "x", {}, {"objectId": True, "subscriptionType": "contact.creation"},
     {"objectId": "7", "subscriptionType": "contact.creation"},
     {"objectId": 7, "subscriptionType": "ticket.creation"}],
)  # fmt: skip
def test_odd_events_are_left_aside_and_the_others_are_not(odd):
    assert post([odd, event(5)]) == 204

    assert list(Hint.objects.values_list("external_id", flat=True)) == ["5"]
