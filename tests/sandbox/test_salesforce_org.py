"""The local Salesforce through simple-salesforce: queries, collections, what is gone, what is left."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError


class Plain(HTTPAdapter):
    """simple-salesforce knows https only."""

    def send(self, request, *arguments, **named):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *arguments, **named)


@pytest.fixture
def opened(sandbox):
    """The org as the holder of a token sees it."""
    with requests.Session() as session:
        session.mount("https://", Plain())

        def open_(token):
            return Salesforce(
                session_id=token,
                instance_url=sandbox["salesforce"],
                version="62.0",
                session=session,
            )

        yield open_


@pytest.fixture
def org(opened, sandbox):
    credentials = {name: sandbox[f"salesforce_{name}"] for name in ("client_id", "client_secret")}
    answer = requests.post(
        f"{sandbox['salesforce']}/services/oauth2/token",
        data={"grant_type": "client_credentials", **credentials},
        timeout=10,
    )
    return opened(answer.json()["access_token"])


def refusal(call, *arguments, **named):
    """Status and code of what Salesforce answers."""
    with pytest.raises(SalesforceError) as caught:
        call(*arguments, **named)
    content: Any = caught.value.content
    return caught.value.status, content[0]["errorCode"]


def collection(org, rows, method="POST", **others):
    body = {"allOrNone": False, "records": rows, **others}
    return org.restful("composite/sobjects", method=method, json=body)


def tasks(subject, count):
    return [{"attributes": {"type": "Task"}, "Subject": subject} for _ in range(count)]


def how_many(org, kind, **named):
    return org.query(f"SELECT Id FROM {kind}", **named)["totalSize"]  # noqa: S608 - our own kind


def lead(org, **others):
    return org.Lead.create({"LastName": "Hopper", "Company": "Customer", **others})["id"]


def test_a_wrong_token_is_401(opened):
    org = opened("00DgK!wrong")

    assert refusal(org.query, "SELECT Id FROM Lead") == (401, "INVALID_SESSION_ID")
    assert refusal(org.limits) == (401, "INVALID_SESSION_ID")
    assert refusal(org.Lead.describe) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id, Shoe_Size__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Shoe_Size__c = 42", "INVALID_FIELD"),
        ("SELECT Id FROM Lead ORDER BY Shoe_Size__c", "INVALID_FIELD"),
        ("SELECT Id, Manager.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Shoe", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Shoes) FROM Opportunity", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Email = 'open", "MALFORMED_QUERY"),
        ("SELECT FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead LIMIT 1 LIMIT 2", "MALFORMED_QUERY"),
    ],
)
def test_a_bad_query_is_refused_with_its_code(org, soql, code):
    assert refusal(org.query, soql) == (400, code)


def test_an_unknown_field_is_named_with_its_place(org):
    with pytest.raises(SalesforceError) as caught:
        org.query("SELECT Id, Shoe_Size__c FROM Lead")

    content: Any = caught.value.content
    assert content[0]["message"] == (
        "ERROR at Row:1:Column:12\nNo such column 'Shoe_Size__c' on entity 'Lead'."
    )


def test_a_query_ignores_case_and_answers_as_the_schema_spells(org):
    id_ = lead(org, Email="Grace@Customer.example")

    answer = org.query("select id, lastname from lead where email = 'grace@customer.EXAMPLE'")

    assert [(row["Id"], row["LastName"]) for row in answer["records"]] == [(id_, "Hopper")]


def test_a_query_answers_2_000_rows_a_page(org):
    for size in [200] * 10 + [1]:
        collection(org, tasks("paged", size))
    soql = "SELECT Id FROM Task WHERE Subject = 'paged' ORDER BY Id"

    first = org.query(soql)
    rest = org.query_more(first["nextRecordsUrl"], identifier_is_url=True)

    assert (first["totalSize"], len(first["records"]), first["done"]) == (2001, 2000, False)
    assert (rest["totalSize"], len(rest["records"]), rest["done"]) == (2001, 1, True)
    assert len({row["Id"] for row in org.query_all(soql)["records"]}) == 2001


def test_a_locator_of_nobody_is_refused(org):
    assert refusal(org.query_more, "01gnobody-2000") == (400, "INVALID_QUERY_LOCATOR")


def test_a_collection_of_201_is_refused_as_a_whole(org):
    before = how_many(org, "Task")

    assert refusal(collection, org, tasks("many", 201)) == (400, "EXCEEDED_ID_LIMIT")
    assert how_many(org, "Task") == before

    collection(org, tasks("many", 200))
    assert how_many(org, "Task") == before + 200


def test_a_collection_that_would_roll_back_is_refused(org):
    before = how_many(org, "Task")

    code = refusal(collection, org, tasks("all", 1), allOrNone=True)

    assert code == (400, "UNSUPPORTED_OPERATION")
    assert how_many(org, "Task") == before


def test_a_bad_row_of_a_collection_holds_up_no_other(org):
    bad = {"attributes": {"type": "Task"}, "Shoe_Size__c": 42}

    outcomes = collection(org, [*tasks("one", 1), bad, *tasks("two", 1)])

    assert [row["success"] for row in outcomes] == [True, False, True]
    assert [error["statusCode"] for error in outcomes[1]["errors"]] == ["INVALID_FIELD"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Company": None}, "REQUIRED_FIELD_MISSING"),
        ({"Status": "Sleeping"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Email": "no address"}, "INVALID_EMAIL_ADDRESS"),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OwnerId": "005nobody"}, "MALFORMED_ID"),
    ],
)
def test_a_value_that_the_field_does_not_take_changes_nothing(org, values, code):
    id_ = lead(org)
    before = org.Lead.get(id_)

    assert refusal(org.Lead.update, id_, {"LastName": "Lovelace", **values}) == (400, code)
    assert org.Lead.get(id_) == before


def test_what_was_deleted_is_seen_by_query_all_alone(org):
    id_ = lead(org)
    soql = f"SELECT Id, IsDeleted FROM Lead WHERE Id = '{id_}'"  # noqa: S608 - our own id
    before = how_many(org, "Lead"), how_many(org, "Lead", include_deleted=True)

    org.Lead.delete(id_)

    assert org.query(soql)["records"] == []
    found = org.query(soql, include_deleted=True)["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in found] == [(id_, True)]
    after = how_many(org, "Lead"), how_many(org, "Lead", include_deleted=True)
    assert after == (before[0] - 1, before[1])
    assert refusal(org.Lead.get, id_) == (404, "ENTITY_IS_DELETED")


def test_deleted_and_updated_tell_the_ids_of_a_span(org, sandbox):
    sandbox.advance(timedelta(hours=2))
    now = sandbox.now()
    span = (now - timedelta(hours=1), now + timedelta(hours=1))
    kept, gone = lead(org), lead(org)

    org.Lead.delete(gone)

    assert [each["id"] for each in org.Lead.deleted(*span)["deletedRecords"]] == [gone]
    assert org.Lead.updated(*span)["ids"] == [kept]


def test_an_id_of_15_characters_is_the_same_record(org):
    id_ = lead(org)

    assert (len(id_), org.Lead.get(id_[:15])["Id"]) == (18, id_)


def test_every_call_takes_one_from_the_limit(org):
    first = org.limits()["DailyApiRequests"]
    org.query("SELECT Id FROM User")
    second = org.limits()["DailyApiRequests"]

    assert first["Max"] - first["Remaining"] > 0
    assert second == {"Max": first["Max"], "Remaining": first["Remaining"] - 2}
    assert org.api_usage["api-usage"].used == second["Max"] - second["Remaining"]


def test_describe_tells_what_each_field_takes(org):
    fields = {field["name"]: field for field in org.Lead.describe()["fields"]}

    assert [choice["value"] for choice in fields["Status"]["picklistValues"]] == [
        "Open - Not Contacted",
        "Researching",
        "Working - Contacted",
        "Qualified",
        "Objections",
        "Closing",
        "Unqualified",
    ]
    told = {
        name: tuple(fields[name][key] for key in ("type", "updateable", "nillable", "custom"))
        for name in ("Id", "Company", "Email", "Timezone__c", "SystemModstamp")
    }
    assert told == {
        "Id": ("id", False, True, False),
        "Company": ("string", True, False, False),
        "Email": ("email", True, True, False),
        "Timezone__c": ("string", True, True, True),
        "SystemModstamp": ("datetime", False, True, False),
    }


def test_describe_of_an_unknown_object_is_404(org):
    assert refusal(org.Shoe.describe) == (404, "NOT_FOUND")
