"""A person's words in a CRM that is not the source: its own, merged three ways, owed like any value."""

from datetime import timedelta

import pytest

from connectors.base import LeadRecord
from crm import edit, words
from crm.land import land
from crm.models import Activity, Change, Connection, ExternalRecord, Lead
from runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def crms(frozen_clock):
    """HubSpot, the source, and Salesforce, both pulled before."""
    every = {"pull_every": timedelta(minutes=15), "first_pulled_at": clock.now()}
    return [
        Connection.objects.create(name=kind, kind=kind, **every)
        for kind in ("hubspot", "salesforce")
    ]


def record(id_, **values):
    return LeadRecord(external_id=id_, email="grace@customer.example", **values)


def read(connection, **values):
    id_ = {"hubspot": "1", "salesforce": "00Q000000000001AAA"}[connection.kind]
    absent = frozenset({"lifecycle_stage"}) if connection.kind == "salesforce" else frozenset()
    land(connection, "lead", [record(id_, absent=absent, **values)], now=clock.now())


@pytest.fixture
def lead(crms):
    hubspot, salesforce = crms
    read(hubspot, status="NEW", lifecycle_stage="lead")
    read(salesforce, status="Open")
    return Lead.objects.get()


def link(connection):
    return ExternalRecord.objects.get(connection=connection)


def owed(connection):
    rows = Change.objects.filter(connection=connection, status="pending").order_by("field")
    return dict(rows.values_list("field", "value"))


def test_each_crm_is_owed_its_own_word_and_no_other(crms, lead):
    hubspot, salesforce = crms

    words.say(link(hubspot), lead, {"status": "OPEN"}, by="ada")
    words.say(link(salesforce), lead, {"status": "Working", "lifecycle_stage": "sal"}, by="ada")

    assert (owed(hubspot), owed(salesforce)) == ({"status": "OPEN"}, {"status": "Working"})
    lead.refresh_from_db()
    assert lead.status == "OPEN"


def test_another_edit_leaves_what_is_owed(crms, lead):
    words.say(link(crms[1]), lead, {"status": "Working"}, by="ada")

    edit.change(lead, {"title": "CTO"}, by="ada")

    assert owed(crms[1]) == {"status": "Working", "title": "CTO"}


def test_the_sources_word_is_never_written_where_another_stands(crms, lead):
    edit.change(lead, {"status": "OPEN"}, by="ada")

    assert (owed(crms[0]), owed(crms[1])) == ({"status": "OPEN"}, {})


def test_what_another_crm_says_never_becomes_the_sources_word(crms, frozen_clock):
    hubspot, salesforce = crms
    read(hubspot, lifecycle_stage="lead")

    read(salesforce, status="Open")
    read(salesforce, status="Working")

    assert Lead.objects.get().status == ""
    assert (owed(hubspot), owed(salesforce)) == ({}, {})


def test_a_change_there_is_news_and_its_echo_is_none(crms, lead):
    read(crms[1], status="Working")
    read(crms[1], status="Working")

    told = Activity.objects.filter(kind="lead_changed", connection=crms[1]).order_by("pk")
    assert [one.data for one in told] == [{"fields": ["status"]}, {"fields": ["status"]}]
    assert words.of(link(crms[1]), lead)["status"] == "Working"


@pytest.mark.parametrize(("policy", "stands"), [("crm", "Theirs"), ("ours", "Ours")])
def test_who_changed_it_meanwhile_is_judged_by_the_policy(crms, lead, policy, stands):
    salesforce = crms[1]
    salesforce.settings = {"policies": {"lead": {"status": policy}}}
    salesforce.save()
    words.say(link(salesforce), lead, {"status": "Ours"}, by="ada")

    read(salesforce, status="Theirs")

    assert words.of(link(salesforce), lead)["status"] == stands
    assert owed(salesforce) == ({"status": "Ours"} if stands == "Ours" else {})


def test_a_word_that_may_have_arrived_is_taken_back_by_another(crms, lead):
    """Its outcome is unknown: only another write makes sure of what stands there."""
    salesforce = crms[1]
    words.say(link(salesforce), lead, {"status": "Working"}, by="ada")
    Change.objects.filter(connection=salesforce).update(attempted_at=clock.now())

    words.say(link(salesforce), lead, {"status": "Open"}, by="ada")

    assert owed(salesforce) == {"status": "Open"}


def test_what_the_source_has_no_field_for_follows_the_crm_that_has(crms):
    hubspot, salesforce = crms
    read(salesforce, status="Open")
    read(hubspot, lifecycle_stage="marketingqualifiedlead")
    lead = Lead.objects.get()

    words.say(link(hubspot), lead, {"lifecycle_stage": "customer"}, by="ada")

    lead.refresh_from_db()
    assert (lead.source.name, lead.lifecycle_stage) == ("salesforce", "customer")
    assert (owed(hubspot), owed(salesforce)) == ({"lifecycle_stage": "customer"}, {})
