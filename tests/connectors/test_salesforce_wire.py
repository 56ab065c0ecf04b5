"""Salesforce's answers, good and bad, one by one: what each becomes, and what is asked."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import DealRecord, Update
from connectors.engagements import Completion, Touch
from connectors.errors import (
    Conflict,
    ConnectorError,
    RateLimited,
    Refused,
    SandboxRefused,
    Unauthorized,
    Unavailable,
)
from connectors.salesforce.fields import domain_of
from connectors.salesforce.writes import message_id_of

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
LOGIN = {"access_token": "t1", "id": "https://login.salesforce.com/id/00D1/0051"}
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
LEAD, CONTACT, DEAL = "00Q000000000001AAA", "003000000000001AAA", "006000000000001AAA"


@pytest.fixture
def salesforce(scripted, opened):
    return opened("salesforce", {"url": scripted.url, "client_id": "c", "client_secret": "s"})


def rows(*items, more=""):
    answer = {"totalSize": len(items), "done": not more, "records": list(items)}
    return answer | ({"nextRecordsUrl": more} if more else {})


def row(id_, stamp="2026-03-02T05:00:00.000+0000", **values):
    return {"Id": id_, "SystemModstamp": stamp, "IsDeleted": False, **values}


def pull(connector, kind="deal", cursor="", now=NOW):
    return list(connector.changed(kind, cursor, now=now))


def queries(scripted):
    return [
        parse_qs(urlsplit(path.partition(" ")[2]).query)["q"][0]
        for path, _, _ in scripted.asked
        if "?q=" in path
    ]


def conditions(scripted):
    return [query.partition(" WHERE ")[2] for query in queries(scripted)]


def test_login_goes_through_the_same_door_and_its_token_is_sent(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer({"DailyApiRequests": {}}, Sforce_Limit_Info="api-usage=18/15000")

    said = salesforce.check()

    assert said == "Salesforce org 00D1, 18 of 15,000 calls used in 24 hours"
    (login, _, form), (limits, headers, _) = scripted.asked
    assert (login, limits) == (
        "POST /services/oauth2/token",
        "GET /services/data/v62.0/limits/",
    )
    assert parse_qs(form.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["c"],
        "client_secret": ["s"],
    }
    assert headers["Authorization"] == "Bearer t1"
    assert salesforce.calls == 2


def test_permanent_401_is_one_refresh_and_one_replay(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer({"DailyApiRequests": {}})
    salesforce.check()
    scripted.answers.clear()
    scripted.answer(EXPIRED, 401)
    scripted.answer(LOGIN)
    scripted.answer(EXPIRED, 401)

    with pytest.raises(Unauthorized):
        salesforce.check()

    assert salesforce.calls == 5


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_client", "error_description": "bad"}, Unauthorized),
        (400, [], Unavailable),
        (200, {}, Unavailable),
        (200, {"access_token": 7}, Unavailable),
        (200, b"<html>", Unavailable),
        (503, {}, Unavailable),
    ],
)
def test_login_that_fails(salesforce, scripted, status, body, error):
    scripted.answer(body, status)

    with pytest.raises(ConnectorError) as caught:
        salesforce.check()

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", RateLimited),
        (403, "API_DISABLED_FOR_ORG", Unauthorized),
        (400, "INVALID_FIELD", Refused),
        (400, "QUERY_TIMEOUT", Unavailable),
        (404, "NOT_FOUND", Refused),
        (412, "PRECONDITION", Conflict),
        (500, "", Unavailable),
        (503, "SERVER_UNAVAILABLE", Unavailable),
    ],
)
def test_answer_becomes_the_next_move(salesforce, scripted, status, code, error):
    scripted.answer(LOGIN)
    scripted.answer([{"errorCode": code, "message": "a@b.example"}], status)

    with pytest.raises(ConnectorError) as caught:
        salesforce.check()

    assert type(caught.value) is error
    assert str(caught.value) == f"Salesforce: {status} {code} <address>"


def test_sandbox_in_production_stops_the_connection(salesforce, scripted):
    scripted.answer(LOGIN, X_Cadenza_Sandbox="1")

    with pytest.raises(SandboxRefused):
        salesforce.check()


def test_answer_leads_to_no_other_host(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(rows(row(DEAL), more="https://elsewhere.example/services/data/v62.0/query/1"))

    with pytest.raises(Unavailable):
        pull(salesforce)

    scripted.answers.clear()
    scripted.answer(b"", 307, Location="http://localhost:1/")
    with pytest.raises(Unavailable):
        pull(salesforce)


def test_rows_of_one_second_are_lost_by_no_crash_between_pages(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(rows(row("006A"), row("006B"), more="/services/data/v62.0/query/1-2"))
    scripted.answer(rows(row("006C")))
    first, second = pull(salesforce)
    scripted.answers.clear()
    scripted.answer(rows(row("006C")))  # the same stamp, behind the last id
    scripted.answer(rows())  # later stamps

    resumed = pull(salesforce, cursor=first.cursor)

    assert [r.external_id for page in (first, second) for r in page.records] == [
        "006A",
        "006B",
        "006C",
    ]
    assert [r.external_id for page in resumed for r in page.records] == ["006C"]
    stamp = "2026-03-02T05:00:00.000Z"
    high = "SystemModstamp < 2026-03-02T06:00:01.000Z"
    assert conditions(scripted) == [
        f"{high} ORDER BY SystemModstamp, Id",
        f"SystemModstamp = {stamp} AND Id > '006B' ORDER BY Id",
        f"SystemModstamp > {stamp} AND {high} ORDER BY SystemModstamp, Id",
    ]
    assert resumed[-1].cursor == second.cursor


def test_delta_reads_from_below_the_last_moment(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(rows())
    (page,) = pull(salesforce)

    pull(salesforce, cursor=page.cursor, now=NOW + timedelta(hours=1))

    assert conditions(scripted)[-1] == (
        "SystemModstamp >= 2026-03-02T05:45:00.000Z AND "
        "SystemModstamp < 2026-03-02T07:00:01.000Z ORDER BY SystemModstamp, Id"
    )


def test_deal_has_its_people_the_primary_one_first(salesforce, scripted):
    roles = {
        "totalSize": 2,
        "done": True,
        "records": [
            {"ContactId": "0031", "IsPrimary": False},
            {"ContactId": "0032", "IsPrimary": True},
        ],
    }
    scripted.answer(LOGIN)
    scripted.answer(
        rows(
            row(DEAL, Name="D", StageName="Won", IsClosed=True, CloseDate="2026-03-01",
                Amount=1054.0, OpportunityContactRoles=roles),
            row("006X", Name="E", StageName="Engaging", IsClosed=False, CloseDate="2026-12-31",
                OpportunityContactRoles=None),
        )
    )  # fmt: skip

    (page,) = pull(salesforce)

    closed, still_open = page.records
    assert isinstance(closed, DealRecord)
    assert isinstance(still_open, DealRecord)
    assert (closed.lead_ids, str(closed.amount)) == (("0032", "0031"), "1054.00")
    assert closed.closed_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert (still_open.lead_ids, still_open.closed_at) == ((), None)


def test_malformed_rows_are_skipped_with_the_reason(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(
        rows(
            row(DEAL, Amount="much"),
            row("006B", OpportunityContactRoles=[]),
            None,
            row(None),
            row("006C"),
        )
    )

    (page,) = pull(salesforce)

    assert [record.external_id for record in page.records] == ["006C"]
    assert [(skipped.external_id, skipped.reason) for skipped in page.skipped] == [
        (DEAL, "amount: 'much' where a number was expected"),
        ("", "a list where an object was expected"),
        ("", "nothing where an object was expected"),
        ("", "a record without id"),
    ]


def test_collection_is_an_outcome_per_row_and_only_locked_rows_are_retried(salesforce, scripted):
    ids = [f"00Q00000000000{n}AAA" for n in range(5)]
    scripted.answer(LOGIN)
    scripted.answer(
        [
            {"id": ids[0], "success": True, "errors": []},
            failed("UNABLE_TO_LOCK_ROW"),
            failed("DUPLICATES_DETECTED"),
            failed("INVALID_EMAIL_ADDRESS", "Email"),
            failed("CANNOT_UPDATE_CONVERTED_LEAD"),
        ]
    )
    scripted.answer([{"id": ids[1], "success": True, "errors": []}])

    outcomes = salesforce.update(
        [Update(kind="lead", external_id=id_, fields={"title": "X"}) for id_ in ids]
    )

    assert [outcome.external_id for outcome in outcomes] == [*ids[:2], "", "", ""]
    assert [type(o.error) for o in outcomes[2:]] == [Refused, Refused, Conflict]
    assert isinstance(outcomes[3].error, Refused)
    assert outcomes[3].error.field == "Email"
    again = json.loads(scripted.asked[-1][2])["records"]
    assert [record["id"] for record in again] == [ids[1]]


def test_a_collection_that_is_refused_whole_is_split_until_the_bad_row_stands_alone(
    salesforce, scripted
):
    ids = [f"00Q00000000000{n}AAA" for n in range(4)]
    no_column = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Gone__c' on Lead"}]
    scripted.answer(LOGIN)
    scripted.answer(no_column, status=400)
    scripted.answer([{"id": id_, "success": True, "errors": []} for id_ in ids[:2]])
    scripted.answer(no_column, status=400)
    scripted.answer([{"id": ids[2], "success": True, "errors": []}])
    scripted.answer(no_column, status=400)

    outcomes = salesforce.update(
        [Update(kind="lead", external_id=id_, fields={"title": "X"}) for id_ in ids]
    )

    assert [outcome.external_id for outcome in outcomes] == [*ids[:3], ""]
    assert isinstance(outcomes[3].error, Refused)


def test_row_locked_twice_is_left_for_later(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer([failed("UNABLE_TO_LOCK_ROW")])

    (outcome,) = salesforce.update([Update(kind="lead", external_id=LEAD, fields={"title": "X"})])

    assert isinstance(outcome.error, RateLimited)
    assert len(scripted.asked) == 3


def test_touch_is_a_task_of_its_contact_and_deal(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer([{"id": "00T1", "success": True}, {"id": "00T2", "success": True}])

    outcomes = salesforce.log_touches([touch(CONTACT), touch(LEAD)])

    assert [outcome.external_id for outcome in outcomes] == ["00T1", "00T2"]
    of_contact, of_lead = json.loads(scripted.asked[-1][2])["records"]
    assert of_contact == {
        "attributes": {"type": "Task"},
        "TaskSubtype": "Email",
        "Status": "Completed",
        "Subject": "s",
        "ActivityDate": "2026-03-02",
        "WhoId": CONTACT,
        "WhatId": DEAL,
        "OwnerId": "005",
        "Description": "t\n\nMessage-ID: <1@x>",
    }
    assert "WhatId" not in of_lead


def test_an_org_without_call_centers_has_its_call_ticked_off_all_the_same(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(
        [{"errorCode": "INVALID_FIELD", "message": "No such column 'CallDisposition' on Task"}],
        status=400,
    )
    scripted.answer([{"id": "00T1", "success": True, "errors": []}])

    (outcome,) = salesforce.complete(
        [Completion(kind="task", external_id="00T1", outcome="No answer")]
    )

    assert (outcome.external_id, outcome.error) == ("00T1", None)
    asked = [json.loads(body)["records"] for _, _, body in scripted.asked[1:]]
    done = {"attributes": {"type": "Task"}, "id": "00T1", "Status": "Completed"}
    assert asked == [[{**done, "CallDisposition": "No answer"}], [done]]


def test_long_text_leaves_room_for_the_message_id(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer([{"id": "00T1", "success": True}])

    salesforce.log_touches([touch(LEAD, text="x" * 40_000)])

    (task,) = json.loads(scripted.asked[-1][2])["records"]
    assert len(task["Description"]) == 32_000
    assert "x\n\n[Cut here: the mailbox has the whole text.]\n\n" in task["Description"]
    assert message_id_of(task["Description"]) == "<1@x>"


def test_values_cannot_leave_their_quotes(salesforce, scripted):
    scripted.answer(LOGIN)
    scripted.answer(rows())

    salesforce.find_touches(["x') OR Id != ('"])

    (query,) = queries(scripted)
    assert query.partition(" WhoId IN ")[2] == r"('x\') OR Id != (\'')"


def test_netrc_does_not_replace_our_token(salesforce, scripted, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    scripted.answer(LOGIN)
    scripted.answer({"DailyApiRequests": {}})

    salesforce.check()

    assert scripted.asked[-1][1]["Authorization"] == "Bearer t1"


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.example.com/about", "example.com"),
        ("Example.com", "example.com"),
        ("example.com:8080/x", "example.com"),
        ("", ""),
    ],
)
def test_domain_of(website, domain):
    assert domain_of(website) == domain


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "records",
                    "done",
                    "nextRecordsUrl",
                    "Id",
                    "SystemModstamp",
                    "access_token",
                    "id",
                    "errors",
                    "success",
                    "statusCode",
                    "errorCode",
                    "message",
                    "fields",
                    "name",
                    "OpportunityContactRoles",
                    "Website",
                    "Description",
                    "picklistValues",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(answer=_JSON, status=st.sampled_from([200, 201, 300, 400, 401, 403, 500]))
def test_any_json_is_a_page_or_a_connector_error(salesforce, scripted, answer, status):
    for use in (
        salesforce.check,
        lambda: salesforce.choices("deal", ["stage"]),
        lambda: salesforce.choices("lead", ["status"]),
        lambda: pull(salesforce, "company"),
        lambda: pull(salesforce, "deal"),
        lambda: salesforce.read("deal", [DEAL]),
        lambda: salesforce.update([Update(kind="lead", external_id=LEAD, fields={"title": "x"})]),
        lambda: salesforce.log_touches([touch(LEAD)]),
        lambda: salesforce.find_touches([LEAD]),
    ):
        scripted.answers.clear()
        salesforce._wire._client = None
        scripted.answer(LOGIN)
        scripted.answer(answer, status)
        try:
            use()
        except ConnectorError:
            continue


def failed(code, *fields):
    error = {"statusCode": code, "message": "no", "fields": list(fields)}
    return {"success": False, "errors": [error]}


def touch(lead_id, text="t"):
    return Touch(
        message_id="<1@x>",
        subject="s",
        text=text,
        sent_at=NOW,
        from_email="a@x",
        to_email="b@x",
        lead_id=lead_id,
        deal_id=DEAL,
        owner_id="005",
    )
