"""Who changed a field, by the CRMs' own answers, good and bad."""

from datetime import UTC, datetime

import pytest

from connectors.edits import Edit, in_order
from connectors.errors import Unauthorized, Unavailable

AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
LOGIN = {"access_token": "t1", "id": "https://login.salesforce.com/id/00D1/0051"}
LEAD = "00Q000000000001AAA"
OWNERS = {"results": [{"id": "7", "userId": 70, "email": "ada@rep.example"}]}


@pytest.fixture
def hubspot(scripted, opened):
    return opened("hubspot", {"url": scripted.url, "token": "t"})


@pytest.fixture
def salesforce(scripted, opened):
    return opened("salesforce", {"url": scripted.url, "client_id": "c", "client_secret": "s"})


def past(*entries):
    return {"results": [{"id": "1", "propertiesWithHistory": {"dealstage": list(entries)}}]}


def entry(value, source="CRM_UI", user=None, at="2026-03-02T06:00:00.000Z"):
    return {"value": value, "timestamp": at, "sourceType": source, "updatedByUserId": user}


@pytest.mark.parametrize(
    ("source", "user", "said"),
    [
        ("CRM_UI", 70, ("person", "ada@rep.example")),
        ("MOBILE_IOS", 71, ("person", "user 71")),
        ("IMPORT", 70, ("import", "ada@rep.example")),
        ("INTEGRATION", 70, ("integration", "")),
        ("AUTOMATION_PLATFORM", 70, ("automation", "")),
        ("OF_TOMORROW", 70, ("unknown", "")),
        ("CRM_UI", None, ("person", "")),
    ],
)
def test_hubspot_names_a_person_where_one_did_it(source, user, said, hubspot, scripted):
    scripted.answer(past(entry("won", source, user)))
    scripted.answer(OWNERS)

    [edit] = hubspot.edits("deal", "stage", ["1"])["1"]

    assert (edit.value, edit.at, edit.source, edit.who) == ("won", AT, *said)


def test_hubspot_lists_its_users_once(hubspot, scripted):
    scripted.answer(past(entry("won", user=70), entry("lost", user=71)))
    scripted.answer(OWNERS)
    scripted.answer(past(entry("won", user=70), entry("lost", user=71)))

    for _ in range(3):
        hubspot.edits("deal", "stage", ["1"])

    paths = [path.partition("?")[0] for path, _, _ in scripted.asked]
    read = "POST /crm/v3/objects/deals/batch/read"
    assert paths == [read, "GET /crm/v3/owners", read, read]


def test_hubspot_credits_nobody_with_what_no_user_did(hubspot, scripted):
    """An owner who is a user no more has no user id, as a workflow has none."""
    gone = {"id": "8", "userId": None, "email": "gone@rep.example"}
    scripted.answer(past(entry("won", "WORKFLOWS"), entry("lost", user=70)))
    scripted.answer({"results": [*OWNERS["results"], gone]})

    edits = hubspot.edits("deal", "stage", ["1"])["1"]

    assert [edit.who for edit in edits] == ["ada@rep.example", ""]


@pytest.mark.parametrize("odd", [{"userId": []}, {"email": {}}])
def test_hubspot_owner_who_is_none_keeps_nobody_from_being_read(odd, hubspot, scripted):
    scripted.answer({"results": [{**OWNERS["results"][0], "userId": 71, **odd}, 5]})
    scripted.answer(OWNERS)

    [page] = hubspot.changed("owner", "", now=AT)

    assert page.records[-1].email == "ada@rep.example"


@pytest.mark.parametrize(
    "answer",
    [{}, {"results": [5]}, past({"value": "won"}), past(5), past(entry("won", at="soon"))],
    ids=["nothing", "no object", "no moment", "no entry", "no such moment"],
)
def test_hubspot_that_tells_nonsense_is_unavailable(answer, hubspot, scripted):
    scripted.answer(answer)

    with pytest.raises(Unavailable):
        hubspot.edits("deal", "stage", ["1"])


def test_hubspot_that_may_not_tell_refuses(hubspot, scripted):
    scripted.answer({"message": "scopes"}, status=403)

    with pytest.raises(Unauthorized):
        hubspot.edits("deal", "stage", ["1"])


def changed_last(user, kind="Standard"):
    by = {"Name": "Ada", "Email": "ada@rep.example", "UserType": kind}
    row = {"Id": LEAD, "Status": "Open", "LastModifiedDate": "2026-03-02T06:00:00.000+0000"}
    rows = [{**row, "LastModifiedById": user, "LastModifiedBy": by}]
    return {"totalSize": 1, "done": True, "records": rows}


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (changed_last("0052"), ("record", "ada@rep.example", False)),
        (changed_last("0051"), ("integration", "", True)),
        (changed_last("0053", "AutomatedProcess"), ("automation", "", False)),
    ],
    ids=["a person", "we ourselves", "a process"],
)
@pytest.mark.parametrize("is_kept", [True, False], ids=["not tracked", "no such object"])
def test_salesforce_without_a_history_tells_who_changed_the_record_last(
    is_kept, last, said, salesforce, scripted
):
    scripted.answer(LOGIN)
    if is_kept:
        scripted.answer({"totalSize": 0, "done": True, "records": []})
    else:
        scripted.answer([{"errorCode": "INVALID_TYPE", "message": "no such"}], status=400)
    scripted.answer(last)

    [edit] = salesforce.edits("lead", "status", [LEAD])[LEAD]

    assert (edit.value, edit.at) == ("Open", AT)
    assert (edit.source, edit.who, edit.is_ours) == said


def test_salesforce_asks_who_we_are_where_a_kept_token_does_not_say(salesforce, scripted):
    scripted.answer({"access_token": "t1"})
    scripted.answer({"totalSize": 0, "done": True, "records": []})
    scripted.answer(changed_last("0051"))
    scripted.answer({"identity": "https://login.salesforce.com/id/00D1/0051"})

    [edit] = salesforce.edits("lead", "status", [LEAD])[LEAD]

    assert edit.is_ours
    assert scripted.asked[-1][0] == "GET /services/data/v62.0/"


def test_salesforce_that_does_not_say_who_we_are_is_asked_once(salesforce, scripted):
    scripted.answer({"access_token": "t1"})
    scripted.answer({"totalSize": 0, "done": True, "records": []})
    rows = [*changed_last("0051")["records"], *changed_last("")["records"]]
    scripted.answer({"totalSize": 2, "done": True, "records": rows})
    scripted.answer({"identity": None})

    with pytest.raises(Unavailable, match="whose login"):
        salesforce.edits("lead", "status", [LEAD])

    asked = [path for path, _, _ in scripted.asked]
    assert asked.count("GET /services/data/v62.0/") == 1


def test_salesforce_keeps_no_status_of_a_contact(salesforce, scripted):
    scripted.answer(LOGIN)

    assert salesforce.edits("lead", "status", ["003000000000001AAA"]) == {}


def test_edits_stand_in_their_order_without_those_that_changed_nothing():
    edits = [
        Edit(value=value, at=AT.replace(minute=minute), source="person")
        for minute, value in [(3, "b"), (1, "a"), (2, "a"), (4, "a")]
    ]

    ordered = in_order(edits)

    assert [(edit.at.minute, edit.value) for edit in ordered] == [(1, "a"), (3, "b"), (4, "a")]
