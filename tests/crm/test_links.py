"""What refers to a record that lands later refers to it then."""

import itertools

import pytest

from connectors.base import CompanyRecord, DealRecord, LeadRecord, OwnerRecord
from crm.models import Company, Deal, ExternalRecord, Lead, Owner, StageCounterpart
from crm.pull import pull
from tests.crm.test_pull_and_push import connection, crm  # noqa: F401 - the fixtures

pytestmark = pytest.mark.django_db
RECORDS = {
    "owner": OwnerRecord(external_id="o1", name="Ada", email="ada@us.example"),
    "company": CompanyRecord(external_id="c1", name="Acme", owner_id="o1"),
    "lead": LeadRecord(external_id="l1", email="g@c.example", company_id="c1", owner_id="o1"),
    "deal": DealRecord(
        external_id="d1",
        name="Halo",
        stage="open",
        lead_ids=("l1", "l2"),
        company_id="c1",
        owner_id="o1",
    ),
}


@pytest.mark.parametrize("order", list(itertools.permutations(RECORDS)))
def test_whatever_lands_first_all_are_linked(crm, connection, order):  # noqa: F811 - likewise
    StageCounterpart.objects.create(
        connection=connection, object="deal", value="open", stage="Closing", written=True
    )

    for kind in order:
        crm.put(kind, RECORDS[kind])
        pull(connection.pk)

    owner, company, lead, deal = (m.objects.get() for m in (Owner, Company, Lead, Deal))
    assert (deal.lead, deal.company, deal.owner) == (lead, company, owner)
    assert (lead.company, lead.owner, company.owner) == (company, owner, owner)
    assert lead.stage == "Closing"
    assert not ExternalRecord.objects.filter(dangling=True).exists()


def test_what_never_lands_stays_open(crm, connection):  # noqa: F811 - likewise
    crm.put("deal", RECORDS["deal"])
    pull(connection.pk)
    crm.put("owner", RECORDS["owner"])
    pull(connection.pk)

    deal = Deal.objects.get()
    assert (deal.lead, deal.company, deal.owner) == (None, None, Owner.objects.get())
    assert ExternalRecord.objects.get(dangling=True).kind == "deal"
