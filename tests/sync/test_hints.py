"""Hints of webhooks: read again, in any order and any number, and never news of our own."""

import pytest
from django.db import connection

from crm import hints
from crm.edit import change
from crm.models import Activity, Connection, Hint, Lead


def told(crm, *ids, what="contact.propertyChange"):
    events = [{"objectId": int(id_), "subscriptionType": what} for id_ in ids]
    hints.take_in(crm.connection, events)


def test_a_hint_brings_the_change_at_once(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()
    hubspot.edit(id_, jobtitle="CTO")
    told(hubspot, id_)

    assert hints.reread(hubspot.connection.pk) == 1

    assert hubspot.lead_of(id_).title == "CTO"
    assert not Hint.objects.exists()


def test_a_storm_of_hints_costs_a_call_for_each_hundred_records(hubspot):
    ids = hubspot.create(*({"email": f"p{n}@c.example"} for n in range(200)))
    hubspot.pull()
    for _ in range(25):
        told(hubspot, *reversed(ids))
    before = sum(hubspot.sandbox.calls("hubspot").values())

    hints.reread(hubspot.connection.pk)

    assert sum(hubspot.sandbox.calls("hubspot").values()) - before == 2


def test_case_18_our_own_write_told_by_webhooks_is_no_news(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()
    change(hubspot.lead_of(id_), {"title": "Chief"}, by="ada")
    hubspot.push()
    noted, written = Activity.objects.count(), len(hubspot.writes())

    for _ in range(3):
        told(hubspot, id_, id_)
        hints.reread(hubspot.connection.pk)
        hubspot.sync()

    assert Activity.objects.count() == noted
    assert len(hubspot.writes()) == written


def test_a_failed_reading_keeps_the_hints(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()
    told(hubspot, id_)
    hubspot.fault("error")

    assert hints.reread(hubspot.connection.pk) == 0

    assert Hint.objects.count() == 1


def test_a_connection_that_lost_its_secret_stops_with_a_message(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()
    told(hubspot, id_)
    settings = {**hubspot.connection.settings, "token": "${NOT_THERE}"}
    Connection.objects.filter(pk=hubspot.connection.pk).update(settings=settings)

    assert hints.reread(hubspot.connection.pk) == 0

    hubspot.connection.refresh_from_db()
    assert hubspot.connection.status == "stopped"
    assert "NOT_THERE" in hubspot.connection.last_error
    assert Hint.objects.count() == 1


def test_a_person_who_asked_to_be_forgotten_is_never_written_to(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()
    told(hubspot, id_, what="contact.privacyDeletion")

    hints.reread(hubspot.connection.pk)

    assert Lead.objects.get().deleted_at is not None
    assert Activity.objects.get(kind="lead_deleted").data == {
        "reason": "privacy deletion in the CRM"
    }


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_webhooks_is_taken_in_and_costs_few_calls(crms, live_server, monkeypatch):
    monkeypatch.setenv("WEBHOOK_SECRET", "s3cr3t")
    hubspot = crms("hubspot", webhook_secret="${WEBHOOK_SECRET}")
    ids = hubspot.create(*({"email": f"p{n}@c.example"} for n in range(150)))
    hubspot.pull()
    hubspot.edit(ids[7], jobtitle="CTO")
    url = f"{live_server.url}/webhooks/hubspot/hubspot"
    before = sum(hubspot.sandbox.calls("hubspot").values())

    # In memory, SQLite has one connection for all threads of a test.
    at_once = 10 if connection.vendor == "postgresql" else 1

    statuses = hubspot.sandbox.storm(url, secret="s3cr3t", times=40, at_once=at_once)
    forged = hubspot.sandbox.storm(url, secret="another", times=1, at_once=at_once)

    # 6,000 events in 60 requests; of these 6 came once more, letter by letter.
    assert statuses == {"204": 60, "409": 6}
    assert set(forged) == {"401"}
    assert Hint.objects.count() == 150
    hints.reread(hubspot.connection.pk)
    assert sum(hubspot.sandbox.calls("hubspot").values()) - before == 2
    assert hubspot.lead_of(ids[7]).title == "CTO"
    assert not Hint.objects.exists()
