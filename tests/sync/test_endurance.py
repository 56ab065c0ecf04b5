"""A bad day: most calls fail, and a backfill still ends, whole and within the account's budget."""

import pytest

from crm.models import Connection, ExternalRecord
from crm.pull import pull
from runtime import clock
from tests.sync.test_cases import contact

PROFESSIONAL = 190  # calls in any ten seconds


@pytest.fixture
def no_waiting():
    """The sandbox counts by real time how often it is called: whoever has to wait does so."""


@pytest.mark.slow
def test_a_backfill_under_fire_ends_whole_and_within_the_budget(crms, frozen_clock):
    crm = crms("hubspot", tier="professional")
    made = []
    for start in range(0, 20_000, 10_000):
        made += crm.create(*({"email": f"p{n}@c.example"} for n in range(start, start + 10_000)))
    crm.fault("rate_limited", share=1 / 3)
    crm.fault("dropped", share=1 / 10)

    attempts = 1
    while crm.pull(expect_error=True).error:
        attempts += 1
        assert attempts < 50
        frozen_clock.now = max(Connection.objects.get().pull_due_at or clock.now(), clock.now())

    told = crm.sandbox.faults()
    held = ExternalRecord.objects.filter(kind="lead").values_list("external_id", flat=True)
    assert sorted(held) == sorted(made)
    assert told["peaks"]["hubspot"] <= PROFESSIONAL
    assert [fault["hit"] > 15 for fault in told["on"]] == [True, True]


def test_a_backfill_goes_on_where_it_was_killed(crms):
    crm = crms("hubspot")
    crm.create(*({"email": f"p{n}@c.example"} for n in range(1_000)))
    pages = []

    class Killed(BaseException):
        """Nothing catches it, as nothing catches kill -9."""

    def progress(_connection, kind, _seen):
        pages.append(kind)
        if pages.count("lead") == 4:
            raise Killed

    with pytest.raises(Killed):
        pull(crm.connection.pk, progress=progress)
    landed = ExternalRecord.objects.filter(kind="lead").count()
    before = _lists(crm)
    crm.pull()

    assert landed == 400
    assert ExternalRecord.objects.filter(kind="lead").count() == 1_000
    assert _lists(crm) - before == 7  # six pages of people, and one of deals


def _lists(crm):
    return crm.sandbox.calls("hubspot").get("GET /crm/v3/objects/{object}", 0)


def test_a_bulk_backfill_goes_on_with_its_job_after_a_failure(crms, monkeypatch):
    monkeypatch.setattr("connectors.retry.rest", lambda _: None)
    monkeypatch.setattr("connectors.salesforce.bulk.PART", 100)
    salesforce = crms("salesforce", bulk_from=1)
    salesforce.create(*(contact(n) for n in range(450)))
    salesforce.fault("error", path="/results", status=503, share=0.9)

    errors = 0
    while salesforce.pull(expect_error=True).error:
        errors += 1
        assert errors < 100

    assert errors
    assert ExternalRecord.objects.filter(kind="lead").count() == 450
    begun = salesforce.sandbox.calls("salesforce")
    assert sum(count for route, count in begun.items() if route.endswith("jobs/query")) <= 4
