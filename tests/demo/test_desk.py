"""When the demo's reps are at their desks."""

from datetime import UTC, datetime, timedelta

import pytest

from config.demo import marketing
from config.demo.desk import Desk
from crm.models import Deal, ExternalRecord, Lead
from process import standstill
from tests.sync.conftest import crms, hubspot, no_waiting, sandbox  # noqa: F401 - fixtures
from tests.workers.conftest import loaded, make_lead, team  # noqa: F401 - fixtures

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def desk():
    return Desk(control="", ends_at=at(10, 6))


def test_reps_look_every_working_day_and_when_it_ends(desk):
    now, looks = MONDAY, []
    while (now := desk.next_due(now)) is not None:
        looks.append(now)

    assert looks == [*(at(day, 9, 30) for day in (2, 3, 4, 5, 6, 9)), at(10, 6)]


def test_they_work_at_those_moments_and_no_others(desk):
    assert [desk.is_due(at(2, 9, 30)), desk.is_due(at(10, 6))] == [True, True]
    assert [desk.is_due(MONDAY), desk.is_due(at(7, 9, 30))] == [False, False]


def test_a_deal_that_a_rep_makes_in_the_crm_is_the_reps(
    hubspot,  # noqa: F811 - the fixture
    frozen_clock,
    monkeypatch,
):
    rep = ExternalRecord.objects.get(connection=hubspot.connection, kind="owner")
    hubspot.create({"email": "grace@customer.example", "hubspot_owner_id": rep.external_id})
    hubspot.advance(minutes=10)
    hubspot.pull()
    Lead.objects.update(stage="Presentation")
    monkeypatch.setattr(standstill, "leads", lambda now, ahead: list(Lead.objects.all()))

    Desk(control=hubspot.sandbox["control"], ends_at=MONDAY).work(frozen_clock.now)
    hubspot.advance(minutes=10)
    hubspot.pull()

    deal = Deal.objects.get()
    assert (deal.name, deal.owner) == ("Demo for grace@customer.example", rep.owner)


def test_marketing_names_each_early_lead_once_in_thirty_days(make_lead):  # noqa: F811 - the fixture
    early = [make_lead(f"{n}@x.example", stage="Prospecting") for n in range(3)]
    make_lead("late@x.example", stage="Closing")
    make_lead("", stage="Prospecting")

    named = [id_ for day in range(30) for id_ in marketing.named(MONDAY + timedelta(days=day))]

    assert sorted(named) == sorted(str(lead.pk) for lead in early)
    assert len(marketing.named(MONDAY)) < len(early)
