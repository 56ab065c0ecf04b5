"""Faults on demand: what a client meets, and that it ends when it is switched off."""

import http.client
import json
import urllib.request
from urllib.parse import urlsplit

import pytest

from sandbox.faults import KINDS
from tests.connectors.conftest import start_sandbox

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), "--empty") as running:
        yield running


@pytest.fixture
def sandbox(empty):
    empty.mend()
    yield empty
    empty.mend()


def ask(sandbox, method="GET", path=CONTACTS, body=None, crm="hubspot"):
    connection = http.client.HTTPConnection(urlsplit(sandbox[crm]).netloc, timeout=10)
    try:
        connection.request(
            method,
            path,
            json.dumps(body) if body else None,
            {"Authorization": f"Bearer {sandbox['hubspot_token']}"},
        )
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def test_a_share_of_the_calls_is_met_evenly(sandbox):
    sandbox.fault("hubspot", "rate_limited", share=1 / 3)

    statuses = [ask(sandbox)[0] for _ in range(9)]

    assert statuses == [200, 200, 429] * 3


def test_a_fault_ends_after_its_times_or_when_switched_off(sandbox):
    sandbox.fault("hubspot", "error", status=502, times=1)

    assert [ask(sandbox)[0] for _ in range(2)] == [502, 200]

    sandbox.fault("hubspot", "error")
    assert ask(sandbox)[0] == 503
    sandbox.mend()
    assert ask(sandbox)[0] == 200


def test_html_with_status_200(sandbox):
    sandbox.fault("hubspot", "html")

    status, kind, body = ask(sandbox)

    assert (status, kind.partition(";")[0], body[:9]) == (200, "text/html", b"<!DOCTYPE")


@pytest.mark.parametrize(("kind", "made"), [("dropped", 0), ("answer_lost", 1)])
def test_a_lost_connection_with_and_without_effect(sandbox, kind, made):
    before = len(sandbox.records("hubspot", "contacts"))
    sandbox.fault("hubspot", kind, method="POST", times=1)

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(sandbox, "POST", body={"properties": {"email": f"{kind}@customer.example"}})

    assert len(sandbox.records("hubspot", "contacts")) - before == made


def test_validation_refuses_the_named_field_alone(sandbox):
    sandbox.fault("hubspot", "invalid", field="jobtitle")

    refused, _, body = ask(
        sandbox, "POST", body={"properties": {"email": "a@b.example", "jobtitle": "x"}}
    )
    taken, _, _ = ask(sandbox, "POST", body={"properties": {"email": "c@d.example"}})

    assert (refused, taken) == (400, 201)
    assert json.loads(body)["errors"][0]["context"] == {"propertyName": ["jobtitle"]}


def test_an_unknown_fault_is_refused_with_the_choices(sandbox):
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.fault("hubspot", "flood")

    with caught.value as answer:
        assert json.load(answer)["error"] == f"kind: 'flood' is none of {', '.join(KINDS)}"


def test_the_peak_of_calls_is_counted(sandbox):
    for _ in range(7):
        ask(sandbox)

    assert sandbox.faults()["peaks"] == {"hubspot": 7, "salesforce": 0}


def test_a_merge_makes_a_new_id_and_names_the_old_ones(sandbox):
    first, second = sandbox.hands(
        "hubspot", "create", "contacts", rows=[{"email": "m1@x.example"}, {"email": "m2@x.example"}]
    )

    (made,) = sandbox.hands("hubspot", "merge", "contacts", ids=[first, second])

    living = sandbox.records("hubspot", "contacts")
    assert {first, second}.isdisjoint(living)
    assert living[made]["hs_merged_object_ids"] == f"{second};{first}"
