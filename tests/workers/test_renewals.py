"""Contracts that end: each date is told once, so long before it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crm.models import Activity, Deal
from process import apply
from process.renewal import sweep
from process.renewal.definition import RenewalSettings
from runtime import clock
from sequences.models import Enrollment
from tests.workers.test_life import settle
from workers import schedule, tasks

pytestmark = pytest.mark.django_db
SETTINGS = RenewalSettings(field="deal.extra.ends", before="60 days")


@pytest.fixture
def customer(team, loaded, make_lead):
    """A lead whose deal was won; when it ends is given."""
    process = loaded.process.model_copy(update={"renewal": SETTINGS})
    apply.apply(replace(loaded, process=process))

    def make(ends, **values):
        lead = make_lead(stage="Follow-up")
        return Deal.objects.create(
            **{"name": "first", "lead": lead, "source": lead.source, "is_closed": True,
               "is_won": True, "closed_at": clock.now(), "extra": {"ends": ends}, **values}
        )  # fmt: skip

    return make


def told():
    rows = Activity.objects.filter(kind="renewal_due").order_by("pk")
    return [(row.deal.name, row.data["date"]) for row in rows]


def test_a_date_is_told_when_it_is_so_near(customer, frozen_clock):
    customer("2026-05-02")  # 61 days ahead
    first, before = schedule.next_due(), schedule.due().tell_renewals

    frozen_clock.now = sweep.next_due()
    after = schedule.due().tell_renewals
    tasks.tell_renewals()

    assert (before, after, told()) == (False, True, [("first", "2026-05-02")])
    assert first <= frozen_clock.now
    assert (schedule.due().tell_renewals, sweep.next_due()) == (False, None)


def test_the_reminder_begins(customer, frozen_clock):
    deal = customer("2026-04-01")

    sweep.tell()
    settle(frozen_clock)

    assert Enrollment.objects.get(lead=deal.lead).sequence == "renewal-reminder"


def test_told_again_only_when_the_date_is_another(customer, frozen_clock):
    deal = customer("2026-04-01")
    counts = [sweep.tell(), sweep.tell()]
    Deal.objects.update(extra={"ends": "2026-04-15T00:00:00+00:00"})

    counts.append(sweep.tell())

    assert counts == [1, 0, 1]
    assert told() == [(deal.name, "2026-04-01"), (deal.name, "2026-04-15")]


@pytest.mark.parametrize(
    ("ends", "values"),
    [
        ("2026-03-01", {}),  # it has passed
        ("2026-07-01", {}),
        (None, {}),
        ("soon", {}),
        ("2026-04-01", {"is_won": False}),
        ("2026-04-01", {"deleted_at": "2026-03-01T00:00:00Z"}),
    ],
)
def test_what_does_not_end_soon_is_not_told(customer, frozen_clock, ends, values):
    customer(ends, **values)

    assert (sweep.tell(), told()) == (0, [])
    assert sweep.next_due() is None or ends == "2026-07-01"


def test_without_a_field_nobody_looks(team, make_lead, django_assert_max_num_queries):
    team()

    with django_assert_max_num_queries(3):  # for the process, which is read once
        assert (sweep.is_due(), sweep.next_due()) == (False, None)


def test_with_a_real_clock_one_looks_now_and_then(customer, frozen_clock, monkeypatch):
    customer((clock.now() + timedelta(days=5)).date().isoformat())
    monkeypatch.setattr(clock, "is_real", lambda: True)
    monkeypatch.setattr(sweep.LOOKS, "looked_at", None)

    assert (sweep.is_due(), sweep.is_due()) == (True, False)
