"""First pulls as bulk queries: the same records as by paging, wherever they are interrupted."""

import json
from dataclasses import replace
from functools import partial

import pytest

from connectors.errors import Refused, Unavailable
from connectors.salesforce import bulk
from tests.connectors.conformance import Conformance
from tests.connectors.test_salesforce import crm  # noqa: F401 - the fixture


@pytest.fixture
def paged(crm):  # noqa: F811 - likewise
    return crm


@pytest.fixture
def in_bulk(paged):
    """The same account; whatever is pulled for the first time comes in bulk."""
    return replace(paged, connect=partial(paged.connect, bulk_from=1))


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(bulk, "PART", 60)
    monkeypatch.setattr(bulk, "PAGE", 25)


class TestSalesforceInBulk(Conformance):
    @pytest.fixture
    def crm(self, in_bulk):
        return in_bulk


@pytest.mark.parametrize("kind", ["owner", "company", "lead", "deal"])
def test_bulk_and_paging_read_the_same(paged, in_bulk, small_parts, kind):
    by_page, _ = paged.pull(paged.connect(), kind)

    found, cursor = in_bulk.pull(in_bulk.connect(), kind)

    assert found == by_page
    assert found
    assert json.loads(cursor)["since"]


def test_a_bulk_pull_goes_on_behind_every_part(in_bulk, small_parts):
    connector = in_bulk.connect()
    pages = list(connector.changed("lead", "", now=in_bulk.now()))
    everything = {record.external_id for page in pages for record in page.records}
    assert len(pages) > 8

    for number, page in enumerate(pages[:-1], start=1):
        before = connector.calls
        landed = {record.external_id for done in pages[:number] for record in done.records}
        rest, _ = in_bulk.pull(connector, "lead", page.cursor)
        assert landed | set(rest) == everything
        assert connector.calls - before <= 20


def test_results_that_are_kept_no_more_are_asked_for_anew(in_bulk, small_parts):
    connector = in_bulk.connect()
    everything, _ = in_bulk.pull(connector, "company")
    began = next(iter(connector.changed("company", "", now=in_bulk.now()))).cursor
    forgotten = json.loads(began)
    forgotten["place"] |= {"job": "750gone", "locator": "60"}

    found, _ = in_bulk.pull(connector, "company", json.dumps(forgotten))

    assert found == everything


def test_a_query_that_fails_is_refused_with_its_reason(in_bulk):
    connector = in_bulk.connect()

    with pytest.raises(Refused, match="bulk query: INVALID_FIELD: (?s:.)*Nam"):
        list(connector._changes._bulk.parts("SELECT Nam FROM Account", job="", locator=""))


def test_a_field_that_the_org_no_longer_has_is_told_and_left_out(in_bulk):
    connector = in_bulk.connect()
    known = dict(connector._changes.names("Account"))
    connector._changes._names["Account"] = {**known, "industry": "Industri"}

    pages = list(connector.changed("company", "", now=in_bulk.now()))

    assert [skipped.reason for page in pages for skipped in page.skipped] == [
        "Account has no field Industri any more: not read"
    ]
    assert sum(len(page.records) for page in pages) == 20


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Id,Name\n1\n", "not as wide"),
        ("Id,Name\n1,2,3\n", "not as wide"),
        ('Id,Name\n1,"2\n', "no CSV"),
    ],
)
def test_torn_results_are_unavailable(in_bulk, monkeypatch, content, said):
    connector = in_bulk.connect()
    monkeypatch.setattr(connector._wire, "bulk_results", lambda *_: (content, ""))

    with pytest.raises(Unavailable, match=said):
        in_bulk.pull(connector, "company")


def test_a_job_that_never_ends_is_left_for_the_next_pull(in_bulk, monkeypatch, no_waiting):
    connector = in_bulk.connect()
    monkeypatch.setattr(connector._changes._bulk, "_is_done", lambda _: False)
    pages = connector.changed("company", "", now=in_bulk.now())
    seen = []

    with pytest.raises(Unavailable, match="still works on the bulk query 750"):
        seen.extend(pages)

    assert len(no_waiting) == 60
    assert sum(no_waiting) < 500
