"""HubSpot against the sandbox."""

import pytest

from connectors.base import Update
from tests.connectors.conformance import Account, Conformance


@pytest.fixture
def crm(sandbox, opened):
    def made(**others):
        settings = {"url": sandbox["hubspot"], "token": sandbox["hubspot_token"]}
        return opened("hubspot", {**settings, "allow_sandbox": True, **others})

    probe = made()
    leads = [r for page in probe.changed("lead", "", now=sandbox.now()) for r in page.records]
    deals = [r for page in probe.changed("deal", "", now=sandbox.now()) for r in page.records]
    deal = next(deal for deal in deals if not deal.is_closed)
    ids = {"lead": leads[0].external_id, "deal": deal.external_id}
    rep = next(iter(probe.changed("owner", "", now=sandbox.now()))).records[1]

    def by_hand(kind, field, value):
        object_ = {"lead": "contacts", "deal": "deals"}[kind]
        values = {{"status": "hs_lead_status", "stage": "dealstage"}[field]: value}
        sandbox.hands(
            "hubspot", "edit", object_, ids=[ids[kind]], values=values, user=rep.external_id
        )
        return rep.email

    return Account(
        by_hand=by_hand,
        connect=made,
        now=sandbox.now,
        advance=sandbox.advance,
        nowhere={"url": "http://127.0.0.1:1"},
        wrong_secret={"token": "pat-eu1-wrong"},
        lead_id=leads[0].external_id,
        deal_id=deal.external_id,
        status="CONNECTED",
        stage="presentation",
        refused=Update(
            kind="lead", external_id=leads[1].external_id, fields={"status": "NO_SUCH_STATUS"}
        ),
        unknown_id="10999999999",
        custom={
            "number": "seats",
            "bool": "is_partner",
            "date": "renewal_date",
            "datetime": "last_demo_at",
            "multiselect": "regions",
        },
        # A search for what is new, and one for what the index learned late.
        quiet_calls={"owner": 1, "company": 2, "lead": 2, "deal": 2},
    )


class TestHubSpot(Conformance):
    pass
