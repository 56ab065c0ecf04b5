"""The fake keeps the contract that the real ones keep."""

from datetime import UTC, datetime

import pytest

from connectors.base import CompanyRecord, DealRecord, LeadRecord, OwnerRecord, Update
from connectors.errors import Unavailable
from tests.connectors.conformance import Account, Conformance
from tests.connectors.fake import SECRET, FakeConnector, FakeCrm


@pytest.fixture
def crm():
    fake = FakeCrm()
    for number in range(1, 4):
        fake.put(
            "owner", OwnerRecord(external_id=f"o{number}", email=f"o{number}@x.example", name="")
        )
        fake.put("company", CompanyRecord(external_id=f"c{number}", name=f"C{number}"))
        fake.put(
            "lead",
            LeadRecord(
                external_id=f"l{number}",
                email=f"l{number}@x.example",
                status="NEW",
                owner_id="o1",
                company_id="c1",
            ),
        )
        fake.put(
            "deal",
            DealRecord(external_id=f"d{number}", name="", stage="open", lead_ids=(f"l{number}",)),
        )

    fake.custom = {"number", "multiselect"}

    def made(*, secret=SECRET, reachable=True, **_mapping):
        return FakeConnector(fake, secret) if reachable else FakeConnector(_lost(), secret)

    return Account(
        connect=made,
        now=lambda: datetime(2026, 3, 2, 6, 0, tzinfo=UTC),
        advance=lambda: None,
        nowhere={"reachable": False},
        wrong_secret={"secret": "wrong"},
        lead_id="l1",
        deal_id="d1",
        status="OPEN",
        stage="won",
        refused=Update(kind="lead", external_id="l2", fields={"status": "NO SUCH"}),
        unknown_id="l99",
        custom={"number": "number", "multiselect": "multiselect"},
        quiet_calls={"owner": 1, "company": 1, "lead": 1, "deal": 1},
    )


class TestFake(Conformance):
    pass


def test_failure_is_raised_once():
    fake = FakeCrm()
    fake.failures.append(Unavailable("just now"))
    connector = fake.connector()

    with pytest.raises(Unavailable):
        connector.check()

    assert connector.check() == "a CRM in memory"


def _lost():
    fake = FakeCrm()
    fake.reachable = False
    return fake
