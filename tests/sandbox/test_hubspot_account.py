"""The local HubSpot through HubSpot's own client: what it refuses, and how it pages."""

import json
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from hubspot import HubSpot
from hubspot.crm.contacts.exceptions import ApiException

INVALID = (400, "VALIDATION_ERROR")


@pytest.fixture
def opened(sandbox):
    """Contacts as the holder of a token sees them."""
    with ExitStack() as stack:

        def open_(token):
            found = HubSpot(access_token=token, host=sandbox["hubspot"], retry=False).crm.contacts
            apis = {"basic": found.basic_api, "batch": found.batch_api, "search": found.search_api}
            for api in apis.values():
                stack.callback(api.api_client.close)
                stack.callback(api.api_client.rest_client.pool_manager.clear)
            return SimpleNamespace(**apis)

        yield open_


@pytest.fixture
def contacts(opened, sandbox):
    return opened(sandbox["hubspot_token"])


def searched(contacts, **request):
    return contacts.search.do_search(public_object_search_request=request)


def total(contacts):
    return searched(contacts, limit=1).total


def refusal(call, *arguments, **named):
    """Status and category of what HubSpot answers."""
    with pytest.raises(ApiException) as caught:
        call(*arguments, **named)
    return caught.value.status, json.loads(caught.value.body).get("category")


def filters(count, name="email"):
    return {"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}] * count}


def made(contacts, email):
    body = {"properties": {"email": email}}
    return contacts.basic.create(simple_public_object_input_for_create=body).id


def test_a_wrong_token_is_401(opened):
    contacts = opened("pat-eu1-wrong")

    assert refusal(contacts.basic.get_page) == (401, "INVALID_AUTHENTICATION")
    assert refusal(searched, contacts) == (401, "INVALID_AUTHENTICATION")


def test_search_pages_hold_everybody_once_in_order(contacts):
    ids, after = [], "0"
    while after:
        page = searched(contacts, limit=50, after=after)
        ids += [each.id for each in page.results]
        after = page.paging.next.after if page.paging else ""

    assert len(ids) == page.total > 100
    assert ids == sorted(set(ids))


def test_search_takes_200_a_page(contacts):
    assert len(searched(contacts, limit=200).results) == min(200, total(contacts))
    assert refusal(searched, contacts, limit=201) == INVALID


def test_search_ends_at_the_10_000th_result(contacts):
    assert searched(contacts, limit=200, after="9800").results == []
    assert refusal(searched, contacts, limit=200, after="9801") == INVALID


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ([filters(1)] * 5, [filters(1)] * 6),
        ([filters(6)], [filters(7)]),
        ([filters(6)] * 3, [filters(5)] * 3 + [filters(4)]),
    ],
)
def test_search_takes_so_many_filters_and_no_more(contacts, most, more):
    assert searched(contacts, filterGroups=most).results
    assert refusal(searched, contacts, filterGroups=more) == INVALID


def test_search_refuses_a_property_that_is_not_there(contacts):
    assert refusal(searched, contacts, filterGroups=[filters(1, "shoe_size")]) == INVALID


def test_search_sorts_by_one_property(contacts):
    by_email = {"propertyName": "email", "direction": "DESCENDING"}
    first = searched(contacts, limit=20, filterGroups=[filters(1)], sorts=[by_email])

    emails = [each.properties["email"] for each in first.results]
    assert emails == sorted(emails, reverse=True)
    assert refusal(searched, contacts, sorts=[by_email, by_email]) == INVALID


def test_a_list_takes_100_a_page_and_says_where_to_go_on(contacts):
    first = contacts.basic.get_page(limit=100)
    second = contacts.basic.get_page(limit=100, after=first.paging.next.after)

    ids = [each.id for each in [*first.results, *second.results]]
    assert ids == sorted(set(ids))
    assert len(ids) == min(200, total(contacts))
    assert refusal(contacts.basic.get_page, limit=101) == INVALID


def test_a_batch_of_101_is_refused_as_a_whole(contacts):
    before = total(contacts)
    new = [{"properties": {"email": f"new{number}@x.example"}} for number in range(101)]
    ids = [{"id": str(number)} for number in range(101)]
    updates = [{**each, "properties": {}} for each in ids]
    batch = contacts.batch

    assert refusal(batch.create, {"inputs": new}) == INVALID
    assert refusal(batch.read, {"inputs": ids, "properties": []}) == INVALID
    assert refusal(batch.update, {"inputs": updates}) == INVALID
    assert refusal(batch.archive, {"inputs": ids}) == INVALID
    assert total(contacts) == before

    batch.create({"inputs": new[:100]})
    assert total(contacts) == before + 100


def test_one_bad_input_keeps_the_whole_batch_out(contacts):
    before = total(contacts)
    inputs = [{"properties": {"email": email}} for email in ("fine@x.example", "no address")]

    assert refusal(contacts.batch.create, {"inputs": inputs}) == INVALID
    assert total(contacts) == before


def test_a_batch_with_one_id_twice_is_refused(contacts):
    id_ = made(contacts, "twice@x.example")
    inputs = [{"id": id_, "properties": {"firstname": name}} for name in ("A", "B")]

    assert refusal(contacts.batch.update, {"inputs": inputs}) == INVALID
    assert contacts.basic.get_by_id(id_, properties=["firstname"]).properties["firstname"] is None


def test_a_batch_read_tells_found_and_missing_apart(contacts):
    id_ = made(contacts, "found@x.example")
    inputs = [{"id": id_}, {"id": "10999999999"}]

    answer, status, _ = contacts.batch.read_with_http_info({"inputs": inputs, "properties": []})

    assert status == 207
    assert [each.id for each in answer.results] == [id_]
    assert [error.context for error in answer.errors] == [{"ids": ["10999999999"]}]


def test_an_email_belongs_to_one_contact_whatever_its_case(contacts):
    made(contacts, "taken@x.example")

    assert refusal(made, contacts, "Taken@X.example") == (409, "CONFLICT")


def test_an_archived_contact_is_listed_as_such_only(contacts):
    id_ = made(contacts, "leaving@x.example")
    before = total(contacts)

    contacts.basic.archive(id_)

    assert total(contacts) == before - 1
    assert refusal(contacts.basic.get_by_id, id_) == (404, "OBJECT_NOT_FOUND")
    archived = contacts.basic.get_page(archived="true").results
    assert [(each.id, each.archived) for each in archived] == [(id_, True)]
    assert made(contacts, "leaving@x.example") != id_


def test_a_lifecycle_stage_moves_forward_only(contacts):
    id_ = made(contacts, "forward@x.example")

    def write(stage):
        body = {"properties": {"lifecyclestage": stage}}
        contacts.basic.update(id_, simple_public_object_input=body)
        found = contacts.basic.get_by_id(id_, properties=["lifecyclestage"])
        return found.properties["lifecyclestage"]

    assert [write("opportunity"), write("lead"), write("customer")] == [
        "opportunity",
        "opportunity",
        "customer",
    ]
