"""Salesforce against the sandbox."""

import pytest

from connectors.base import Update
from connectors.errors import Refused
from tests.connectors.conformance import Account, Conformance


@pytest.fixture
def crm(sandbox, opened):
    def made(**others):
        settings = {
            "url": sandbox["salesforce"],
            "client_id": sandbox["salesforce_client_id"],
            "client_secret": sandbox["salesforce_client_secret"],
            "fields": {"lead": {"timezone": "Timezone__c"}, "deal": {"product": "Product__c"}},
        }
        return opened("salesforce", {**settings, "allow_sandbox": True, **others})

    probe = made()
    leads = [r for page in probe.changed("lead", "", now=sandbox.now()) for r in page.records]
    deals = [r for page in probe.changed("deal", "", now=sandbox.now()) for r in page.records]
    lead = next(r.external_id for r in leads if r.external_id.startswith("00Q"))
    other = next(r.external_id for r in reversed(leads) if r.external_id.startswith("00Q"))
    deal = next(deal for deal in deals if not deal.is_closed).external_id
    rep = next(iter(probe.changed("owner", "", now=sandbox.now()))).records[1]

    def by_hand(kind, field, value):
        object_, id_ = {"lead": ("Lead", lead), "deal": ("Opportunity", deal)}[kind]
        values = {{"status": "Status", "stage": "StageName"}[field]: value}
        sandbox.hands("salesforce", "edit", object_, ids=[id_], values=values, user=rep.external_id)
        return rep.email

    return Account(
        by_hand=by_hand,
        connect=made,
        now=sandbox.now,
        advance=sandbox.advance,
        nowhere={"url": "http://127.0.0.1:1"},
        wrong_secret={"client_secret": "wrong"},
        lead_id=lead,
        deal_id=deal,
        status="Qualified",
        stage="Presentation",
        refused=Update(kind="lead", external_id=other, fields={"status": "No such status"}),
        unknown_id="00QgK0000099999QAA",
        custom={
            "number": "Seats__c",
            "bool": "Is_Partner__c",
            "date": "Renewal_Date__c",
            "datetime": "Last_Demo__c",
            "multiselect": "Regions__c",
        },
        # Leads stand in two objects.
        quiet_calls={"owner": 1, "company": 1, "lead": 2, "deal": 1},
    )


class TestSalesforce(Conformance):
    pass


def test_contact_has_no_status(crm):
    connector = crm.connect()
    leads, _ = crm.pull(connector, "lead")
    contact = next(id_ for id_ in leads if id_.startswith("003"))

    (outcome,) = connector.update(
        [Update(kind="lead", external_id=contact, fields={"status": "Qualified"})]
    )

    assert isinstance(outcome.error, Refused)
    assert (outcome.error.field, str(outcome.error)) == (
        "status",
        "a Salesforce Contact has no status: only a Lead that is not converted does",
    )


def test_mapped_fields_are_read_where_the_object_has_them(crm):
    connector = crm.connect()

    leads, _ = crm.pull(connector, "lead")
    deals, _ = crm.pull(connector, "deal")

    assert {lead.timezone for lead in leads.values()} - {""}
    assert {tuple(deal.extra) for deal in deals.values()} == {("product",)}


def test_field_that_no_object_has_is_told_and_all_else_is_read(crm):
    connector = crm.connect(fields={"lead": {"timezone": "Timezon__c"}})

    pages = list(connector.changed("lead", "", now=crm.now()))

    assert [skipped.reason for page in pages for skipped in page.skipped] == [
        "fields.lead.timezone: no field 'Timezon__c' on Lead or Contact: not read"
    ]
    assert sum(len(page.records) for page in pages) == connector.count("lead")


def test_expired_session_is_logged_in_again_once(crm):
    connector = crm.connect()
    connector.check()
    connector._wire._client.session_id = "expired"
    connector._wire._client.headers["Authorization"] = "Bearer expired"
    before = connector.calls

    connector.check()

    assert connector.calls - before == 3  # refused, login, replay
