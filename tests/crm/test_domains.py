"""A domain has one spelling here, whichever a CRM or a person has for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor

from connectors.base import CompanyRecord
from crm import normalize
from crm.land import land
from crm.models import Change, Company, Connection, ExternalRecord
from mail import suppression, targets
from runtime import clock

ASCII = "xn--bcher-kva.example"
SPELLINGS = ["bücher.example", "BÜCHER.Example", "xn--bcher-kva.example", "XN--BCHER-KVA.example."]
DECOMPOSED = "bu\u0308cher.example "
RECORD = CompanyRecord(external_id="1", name="Bücher", domain="bücher.example")


@pytest.fixture
def connect(frozen_clock):
    def named(name):
        every = timedelta(hours=1)
        return Connection.objects.create(name=name, kind="salesforce", pull_every=every)

    return named


def lands(connection, record):
    with transaction.atomic():
        return land(connection, "company", [record], now=clock.now())


@pytest.mark.parametrize("written", [*SPELLINGS, DECOMPOSED])
def test_a_domain_has_one_spelling(written):
    assert normalize.domain(written) == ASCII


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.django_db
def test_a_company_is_one_in_two_crms_that_spell_its_domain_differently(connect, written):
    lands(connect("one"), RECORD)
    lands(connect("other"), replace(RECORD, external_id="2", domain=written))

    assert Company.objects.get().domain == ASCII
    assert ExternalRecord.objects.filter(company=Company.objects.get()).count() == 2
    assert not Change.objects.exists()


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.django_db
def test_it_is_found_and_suppressed_by_any_spelling(connect, written):
    lands(connect("one"), RECORD)

    assert targets.target(written, "company").company == Company.objects.get()
    for address in (f"grace@{spelled}" for spelled in SPELLINGS):
        assert targets.target(written, "domain").email in suppression.keys(address)


@pytest.mark.django_db
def test_another_spelling_is_no_change(connect):
    one = connect("one")
    lands(one, RECORD)

    assert lands(one, replace(RECORD, domain=ASCII)).changed == 0


@pytest.mark.django_db(transaction=True)
def test_one_that_is_here_already_is_respelled_and_no_news_to_its_crm(connect):
    one = connect("one")
    lands(one, RECORD)
    MigrationExecutor(database).migrate([("crm", "0015_words")])
    Company.objects.update(domain="bücher.example")
    record = ExternalRecord.objects.get(kind="company")
    record.base["domain"] = "bücher.example"
    record.save()

    call_command("migrate", verbosity=0)

    record.refresh_from_db()
    assert (Company.objects.get().domain, record.base["domain"]) == (ASCII, ASCII)
    assert lands(one, RECORD).changed == 0
    assert not Change.objects.exists()
