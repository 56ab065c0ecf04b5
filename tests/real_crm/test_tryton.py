"""The conformance suite, and the product's own pull and push, against a running Tryton."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Update
from connectors.errors import Refused
from crm import edit, engage, ledger
from crm.connections import forget
from crm.models import Change, Connection, Deal, ExternalRecord
from crm.pull import pull
from crm.push import push
from runtime import clock
from tests.connectors.conformance import Account, Conformance


@pytest.fixture
def settings(tryton):
    return {
        "url": tryton.url,
        "database": tryton.database,
        "key": tryton.key,
        # Tryton's address of a person has no title; a comment it has.
        "fields": {"lead": {"title": "comment"}},
    }


@pytest.fixture
def crm(tryton, settings, opened):
    def made(**others):
        return opened("tryton", {**settings, **others})

    def now():
        return datetime.now(UTC)

    probe = made()
    (deals,) = ([*page.records] for page in probe.changed("deal", "", now=now()))
    deal = next(deal for deal in deals if deal.stage == "lead")
    return Account(
        connect=made,
        now=now,
        advance=lambda: tryton.age(timedelta(hours=1)),
        nowhere={"url": "http://127.0.0.1:1"},
        wrong_secret={"key": "wrong"},
        lead_id=deal.lead_ids[0],
        deal_id=deal.external_id,
        status="",
        stage="opportunity",
        refused=Update(kind="lead", external_id=deals[-1].lead_ids[0], fields={"email": ""}),
        unknown_id="99999999",
        tasks_are_nobodys=True,
        quiet_calls={"owner": 1, "company": 1, "lead": 1, "deal": 1},
        texts=("title", "last_name"),
        custom={"date": "end_date", "text": "comment"},
        custom_of="deal",
    )


class TestTryton(Conformance):
    pass


def test_a_name_is_one_field_there(crm):
    connector = crm.connect()

    connector.update(
        [Update(kind="lead", external_id=crm.lead_id, fields={"first_name": "Grace Brewster"})]
    )
    connector.update([Update(kind="lead", external_id=crm.lead_id, fields={"last_name": "Hopper"})])

    (lead,) = connector.read("lead", [crm.lead_id])
    assert (lead.first_name, lead.last_name) == ("Grace Brewster", "Hopper")


@pytest.mark.parametrize("stage", ["won", "converted"])
def test_what_tryton_decides_itself_is_refused(crm, stage):
    connector = crm.connect()

    (outcome,) = connector.update(
        [Update(kind="deal", external_id=crm.deal_id, fields={"stage": stage})]
    )

    assert isinstance(outcome.error, Refused)
    assert "lead, opportunity, lost, cancelled" in str(outcome.error)


def test_a_move_that_the_workflow_forbids_is_refused(crm):
    connector = crm.connect()
    for stage in ("lost", "opportunity"):
        (outcome,) = connector.update(
            [Update(kind="deal", external_id=crm.deal_id, fields={"stage": stage})]
        )

    assert isinstance(outcome.error, Refused)
    assert outcome.error.field == "stage"
    assert connector.read("deal", [crm.deal_id])[0].stage == "lost"


def test_the_product_keeps_a_mirror_and_writes_back(tryton, settings, opened, db):
    connection = Connection.objects.create(
        name="tryton",
        kind="tryton",
        settings=settings,
        pull_every=timedelta(minutes=15),
    )
    pulled = pull(connection.pk)
    assert not pulled.error
    deal = Deal.objects.filter(stage_value="lead").select_related("lead__owner").order_by("pk")[0]
    assert deal.lead is not None
    assert deal.lead.company.name.startswith("Customer ")
    assert deal.lead.owner.email.endswith("@us.example")
    assert deal.owner == deal.lead.owner

    engage.log(
        deal.lead,
        deal,
        message_id="<hello@us.example>",
        touch={
            "kind": "email",
            "subject": "Hello",
            "text": "Hello!",
            "sent_at": clock.now().isoformat(),
            "from_email": deal.lead.owner.email,
            "to_email": deal.lead.email,
        },
        at=clock.now(),
    )
    assert edit.change(deal.lead, {"title": "Chief"}, by="ada")
    record = ExternalRecord.objects.get(kind="deal", deal=deal)
    ledger.owe_update(record, "stage_value", "opportunity", at=clock.now())
    Change.objects.update(due_at=clock.now())
    pushed = push(connection.pk)

    assert (pushed.error, pushed.pushed) == ("", 3)
    connector = opened("tryton", settings)
    lead_id = ExternalRecord.objects.get(kind="lead", lead=deal.lead).external_id
    assert "<hello@us.example>" in connector.find_touches([lead_id])
    assert connector.read("deal", [record.external_id])[0].stage == "opportunity"
    assert connector.read("lead", [lead_id])[0].title == "Chief"
    for _ in range(2):
        tryton.age(timedelta(hours=1))
        assert not pull(connection.pk).error
        assert push(connection.pk).pushed == 0
    forget()
