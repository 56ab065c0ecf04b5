"""What Tryton may answer, one by one; the conformance suite runs against the program itself."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Update
from connectors.engagements import Touch
from connectors.errors import (
    Conflict,
    RateLimited,
    Refused,
    SandboxRefused,
    Unauthorized,
    Unavailable,
)
from connectors.tryton import fields

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAMP = dict.fromkeys(("hour", "minute", "second", "microsecond"), 0) | {
    "__class__": "datetime", "year": 2026, "month": 3, "day": 2,
}  # fmt: skip


@pytest.fixture
def connector(scripted, opened):
    return opened("tryton", {"url": scripted.url, "database": "crm", "key": "right"})


def touch(**values):
    return Touch(
        **{
            "message_id": "<1@us.example>",
            "subject": "Hello",
            "text": "Hi",
            "sent_at": NOW,
            "lead_id": "5",
            **values,
        }
    )


def test_a_search_says_what_it_wants(connector, scripted):
    scripted.answer([])

    connector.read("lead", ["7", "x", "8"])

    (asked, headers, _) = scripted.asked[0]
    query = parse_qs(urlsplit(asked.removeprefix("GET ")).query)
    assert asked.startswith("GET /crm/rest/model/party.contact_mechanism?")
    assert json.loads(urlsafe_b64decode(query["d"][0])) == [
        ["type", "=", "email"],
        ["id", "in", [7, 8]],
    ]
    assert {"value", "name", "party", "active"} < set(query["f"])
    assert headers["Authorization"] == "bearer right"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, Refused),
        (409, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (302, Unavailable),
    ],
)
def test_a_status_asks_for_the_next_move(connector, scripted, status, error):
    scripted.answer({"message": "no ada@customer.example", "description": "at all"}, status)

    with pytest.raises(error, match="no <address> at all"):
        connector.check()


def test_a_record_that_is_gone_is_a_conflict(connector, scripted):
    scripted.answer({}, 404)

    outcomes = connector.update([Update(kind="lead", external_id="9", fields={"email": "a@b.c"})])

    assert [type(outcome.error) for outcome in outcomes] == [Conflict]


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"\xff", b"null", b"7", b"[1]", b'{"a": [' * 5000, b'[{"id": {}}]']
)
def test_garbage_is_unavailable_or_skipped(connector, scripted, body):
    scripted.answer(body)

    for attempt in (
        lambda: list(connector.changed("deal", "", now=NOW)),
        lambda: connector.find_touches(["5"]),
        lambda: connector.choices("deal", ["stage"]),
        lambda: connector.count("deal"),
        lambda: connector.log_touches([touch()]),
    ):
        try:
            attempt()
        except Unavailable:
            continue
        assert body in {b"7", b'[{"id": {}}]'}


def test_the_same_page_again_and_again_ends(connector, scripted):
    scripted.answer([{"id": 3, "message": "", "state": "lead"}] * 500)

    for attempt in (
        lambda: list(connector.changed("deal", "", now=NOW)),
        lambda: connector.find_touches(["5"]),
    ):
        with pytest.raises(Unavailable, match="the same records come again"):
            attempt()


def test_a_note_is_never_written_twice(connector, scripted):
    scripted.answer({}, 500)

    with pytest.raises(Unavailable):
        connector.log_touches([touch()])

    assert len(scripted.asked) == 1


def test_a_failure_keeps_the_outcomes_before_it(connector, scripted):
    scripted.answer({"id": 11})
    scripted.answer({}, 500)

    outcomes = connector.log_touches([touch(), touch(message_id="<2@us.example>"), touch()])

    assert [(o.external_id, type(o.error)) for o in outcomes] == [
        ("11", type(None)),
        ("", Unavailable),
        ("", Unavailable),
    ]


def test_tagged_values_are_read(connector, scripted):
    amount = {"__class__": "Decimal", "decimal": "12.50"}
    day = {"__class__": "date", "year": 2026, "month": 4, "day": 1}
    scripted.answer(
        [{"id": 3, "state": "lost", "amount": amount, "end_date": day, "create_date": STAMP}]
    )

    (page,) = connector.changed("deal", "", now=NOW)

    (deal,) = page.records
    assert (str(deal.amount), deal.closed_at) == ("12.50", datetime(2026, 4, 1, tzinfo=UTC))
    assert (deal.is_closed, deal.is_won, deal.modified_at.date().day) == (True, False, 2)
    assert deal.name == "Opportunity 3"


@pytest.mark.parametrize("tag", ["datetime", "date", "Decimal"])
def test_a_torn_tag_is_unavailable(connector, scripted, tag):
    scripted.answer([{"id": 3, "amount": {"__class__": tag, "year": 99999}}])

    with pytest.raises(Unavailable, match="no JSON"):
        list(connector.changed("deal", "", now=NOW))


def test_a_sandbox_is_no_crm_in_production(connector, scripted):
    scripted.answer([], X_Cadenza_Sandbox="1")

    with pytest.raises(SandboxRefused):
        connector.check()


@given(st.text())
def test_a_name_comes_back_together(name):
    first, last = fields.split(name)

    assert f"{first} {last}".split() == name.split()
    assert last or not first
