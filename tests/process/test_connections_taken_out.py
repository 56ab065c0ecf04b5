"""A connection that is taken out of cadenza.yaml: forgotten while nothing was read from it."""

import re

import pytest

from crm.facts import FIELDS
from crm.models import Connection, ExternalRecord, StageCounterpart
from process import apply
from process.blueprint import load
from runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_salesforce(starter):
    """Both CRMs are configured; the returned function takes Salesforce out and configures again."""
    apply.configure(load(starter, schema=FIELDS))

    def take_out():
        team = starter / "cadenza.yaml"
        block = re.compile(r"^  salesforce:\n(?:    .*\n)+", re.MULTILINE)
        team.write_text(block.sub("", team.read_text(), count=1))
        process = starter / "process.yaml"
        counterpart = re.compile(r"^ +salesforce: .*\n", re.MULTILINE)
        process.write_text(counterpart.sub("", process.read_text()))
        apply.configure(load(starter, schema=FIELDS))

    return take_out


def test_one_that_was_never_read_is_forgotten(without_salesforce):
    Connection.objects.update(status=Connection.Status.STOPPED, last_error="no token")
    assert _names() == ["hubspot", "salesforce"]

    without_salesforce()

    assert _names() == ["hubspot"]
    counterparts = StageCounterpart.objects.values_list("connection__name", flat=True)
    assert set(counterparts) == {"hubspot"}


def test_one_that_the_files_name_stays_though_it_was_never_read(without_salesforce):
    kept = Connection.objects.get(name="hubspot")

    without_salesforce()

    assert Connection.objects.get() == kept


@pytest.mark.parametrize(
    "values",
    [
        {"first_pulled_at": clock.now()},
        {"pull_claimed_until": clock.monotonic() + 1_000_000},
    ],
    ids=["pulled", "being pulled"],
)
def test_one_that_was_read_or_is_being_read_stays(without_salesforce, values):
    Connection.objects.filter(name="salesforce").update(**values)

    without_salesforce()

    assert _names() == ["hubspot", "salesforce"]


def test_one_whose_first_pull_broke_off_halfway_stays(without_salesforce):
    salesforce = Connection.objects.get(name="salesforce")
    ExternalRecord.objects.create(connection=salesforce, kind="owner", external_id="005")

    without_salesforce()

    assert _names() == ["hubspot", "salesforce"]


def _names():
    return sorted(Connection.objects.values_list("name", flat=True))
