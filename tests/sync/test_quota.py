"""The last calls of a day are left to what is urgent, the reading before it included."""

import pytest

from crm.edit import change, opt_out
from crm.models import CallBudget
from crm.quota import Budget
from runtime import clock
from tests.sync.test_cases import person


def spend(crm, share):
    rows = CallBudget.objects.filter(connection=crm.connection, name="call")
    rows.update(day_used=int(rows.get().day_limit * share))


def test_the_last_calls_of_a_day_are_for_opt_outs(hubspot):
    stays, leaves = hubspot.create(person(1), person(2))
    hubspot.pull()
    hubspot.advance(minutes=5)
    change(hubspot.lead_of(stays), {"title": "Chief"}, by="ada")
    opt_out(hubspot.lead_of(leaves), at=clock.now())
    spend(hubspot, 0.97)

    report = hubspot.push(expect_error=True)

    assert (report.pushed, report.error) == (1, "the day's API calls are used up")
    assert hubspot.records()[leaves]["hs_email_optout"] == "true"
    assert "jobtitle" not in hubspot.records()[stays]


@pytest.mark.parametrize(("used", "allowed"), [(1, 0), (10**30, 15_000), (1, 10**30)])
def test_numbers_that_are_no_accounts_change_nothing(hubspot, used, allowed):
    budget = Budget(hubspot.connection)
    before = CallBudget.objects.filter(name="call").values_list("day_used", "day_limit").get()

    budget.told(used=used, allowed=allowed)

    after = CallBudget.objects.filter(name="call").values_list("day_used", "day_limit").get()
    assert after == before
    budget.told(used=4_000, allowed=15_000)
    told = CallBudget.objects.filter(name="call").values_list("day_used", "day_limit").get()
    assert told == (4_000, 15_000)
