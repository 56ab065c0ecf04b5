"""The lists of both CRMs against the sandbox, through their own clients."""

from dataclasses import dataclass
from typing import Any

import pytest

from connectors import registry
from connectors.errors import Conflict, Refused
from connectors.lists import Member
from tests.connectors.conftest import start_sandbox

#: A list's object there, and what makes one; the object of those who are on it.
LIST = {
    "hubspot": ("lists", lambda name: {"name": name, "processingType": "MANUAL"}),
    "salesforce": ("Campaign", lambda name: {"Name": name}),
}
PEOPLE = {"hubspot": ("contacts",), "salesforce": ("Lead", "Contact")}
NOBODY = {"hubspot": "1", "salesforce": "00QgK0000099999QAA"}


@dataclass
class Crm:
    name: str
    sandbox: Any
    lists: Any
    connector: Any

    def made(self, name, **values):
        object_, row = LIST[self.name]
        return self.sandbox.hands(
            self.name, "create", object_, rows=[{**row(name), **values}]
        )[0]  # fmt: skip

    @property
    def first(self):
        return PEOPLE[self.name][0]

    def people(self, count):
        """From each of the objects that people stand in."""
        objects = PEOPLE[self.name]
        ids = [list(self.sandbox.records(self.name, o))[: count // len(objects)] for o in objects]
        return [id_ for found in ids for id_ in found]

    def on(self, list_id):
        pages = list(self.lists.members(list_id, ""))
        return {member.external_id for page in pages for member in page.members}

    def calls(self, act):
        before = self.connector.calls
        act()
        return self.connector.calls - before


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Of these tests alone: they convert people and lose answers, and others write to any lead."""
    with start_sandbox(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.fixture(params=["hubspot", "salesforce"])
def crm(request, sandbox, opened):
    settings = {
        "hubspot": {"url": sandbox["hubspot"], "token": sandbox["hubspot_token"]},
        "salesforce": {
            "url": sandbox["salesforce"],
            "client_id": sandbox["salesforce_client_id"],
            "client_secret": sandbox["salesforce_client_secret"],
        },
    }[request.param]
    sandbox.mend()
    connector = opened(request.param, {**settings, "allow_sandbox": True})
    connector.check()
    return Crm(request.param, sandbox, connector.lists, connector)


def test_the_registry_says_who_keeps_lists(crm, opened, tmp_path):
    folder = opened("csv", {"folder": str(tmp_path)})

    kept = {kind: registry.keeps_lists(kind) for kind in ("hubspot", "salesforce", "csv", "tryton")}
    assert kept == {"hubspot": True, "salesforce": True, "csv": False, "tryton": False}
    assert (folder.lists, crm.lists is None) == (None, False)


def test_a_list_is_found_by_its_name_and_by_its_id(crm):
    name = "Sommerfest: 50% & more's \\ to come?"
    id_ = crm.made(name)

    by_name = crm.lists.find(name=name)

    assert (by_name.external_id, by_name.name, by_name.read_only) == (id_, name, "")
    assert crm.lists.find(id_=id_) == by_name


def test_a_list_that_is_not_there_is_refused(crm):
    with pytest.raises(Refused, match="No such list"):
        crm.lists.find(name="No such list")


def test_people_come_and_go_and_once_more_changes_nothing(crm):
    id_, people = crm.made("Comers"), crm.people(4)

    for _ in range(2):
        added = crm.lists.add(id_, people)
        assert [(outcome.external_id, outcome.error) for outcome in added] == [
            (person, None) for person in people
        ]
        assert crm.on(id_) == set(people)
    for _ in range(2):
        removed = crm.lists.remove(id_, people[:3])
        assert [outcome.error for outcome in removed] == [None] * 3
        assert crm.on(id_) == set(people[3:])


def test_a_call_carries_many(crm):
    rows = [{"email": f"many{n}@lists.example", "LastName": "Many"} for n in range(440)]
    id_, people = crm.made("Many"), crm.sandbox.hands(crm.name, "create", crm.first, rows=rows)
    batches = {"hubspot": 2, "salesforce": 3}[crm.name]

    assert crm.calls(lambda: crm.lists.add(id_, people)) == batches
    assert crm.calls(lambda: crm.on(id_)) == {"hubspot": 2, "salesforce": 1}[crm.name]
    # Salesforce's members are looked up first.
    lookups = {"hubspot": 0, "salesforce": batches}[crm.name]
    assert crm.calls(lambda: crm.lists.remove(id_, people)) == batches + lookups
    assert crm.on(id_) == set()


def test_who_is_gone_is_told_apart_from_the_others(crm):
    id_, people = crm.made("Gone"), crm.people(2)
    gone = NOBODY[crm.name]

    added = crm.lists.add(id_, [people[0], gone, "not an id", people[1]])

    ok = [outcome.external_id for outcome in added if outcome.error is None]
    assert (ok, crm.on(id_)) == (people, set(people))
    assert isinstance(added[1].error, Conflict | Refused)
    assert isinstance(added[2].error, Conflict)


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_a_lost_answer_is_no_second_member(crm, verb):
    id_, people = crm.made(f"Lost {verb}"), crm.people(4)
    crm.lists.add(id_, people[:2])
    crm.sandbox.fault(crm.name, "answer_lost", path=_path(crm.name, verb), times=1)

    outcomes = getattr(crm.lists, verb)(id_, people)

    assert [outcome.error for outcome in outcomes] == [None] * len(people)
    assert crm.on(id_) == (set(people) if verb == "add" else set())
    members = {"hubspot": ("memberships", "listId"), "salesforce": ("CampaignMember", "CampaignId")}
    object_, field = members[crm.name]
    rows = crm.sandbox.records(crm.name, object_).values()
    assert sum(row[field] == id_ for row in rows) == (len(people) if verb == "add" else 0)


def _path(crm, verb):
    return f"memberships/{verb}" if crm == "hubspot" else "composite/sobjects"


def test_pages_go_on_behind_a_kept_cursor(crm, monkeypatch):
    id_, people = crm.made("Pages"), crm.people(6)
    crm.lists.add(id_, people)
    monkeypatch.setattr(f"connectors.{crm.name}.lists._PAGE", 2)

    first = next(iter(crm.lists.members(id_, "")))
    rest = list(crm.lists.members(id_, first.cursor))

    pages = [first, *rest]
    assert [len(page.members) for page in pages if page.members] == [2, 2, 2]
    assert {m.external_id for page in pages for m in page.members} == set(people)
    assert (bool(first.cursor), pages[-1].cursor) == (True, "")


@pytest.mark.parametrize("crm", ["hubspot"], indirect=True)
def test_a_name_that_no_path_can_hold_is_told(crm):
    with pytest.raises(Refused) as caught:
        crm.lists.find(name="A/B")

    told = """HubSpot finds no list by a name with "/", 'A/B': name it by its id"""
    assert str(caught.value) == told


@pytest.mark.parametrize("crm", ["hubspot"], indirect=True)
def test_an_active_list_is_read_and_takes_nobody(crm):
    id_, people = crm.made("Active", processingType="DYNAMIC"), crm.people(2)
    rows = [{"listId": id_, "recordId": person} for person in people]
    crm.sandbox.hands("hubspot", "create", "memberships", rows=rows)

    found = crm.lists.find(name="Active")
    outcomes = crm.lists.add(id_, people)

    assert found.read_only == "it is an active list, whose members HubSpot finds itself"
    assert crm.on(id_) == set(people)
    assert [type(outcome.error) for outcome in outcomes] == [Refused, Refused]


@pytest.mark.parametrize("crm", ["salesforce"], indirect=True)
def test_a_campaigns_members_have_a_status(crm):
    id_, people = crm.made("Statuses"), crm.people(4)
    crm.lists.add(id_, people[:1], status="Responded")

    crm.lists.add(id_, people, status="Sent")

    (page,) = crm.lists.members(id_, "")
    known = {member.external_id: member.status for member in page.members}
    assert known == {people[0]: "Responded", **dict.fromkeys(people[1:], "Sent")}


def test_what_status_a_member_may_have_is_asked_of_each_list(crm):
    id_ = crm.made("Choices")

    offered = crm.lists.statuses(id_)

    known = {"hubspot": None, "salesforce": ["Sent", "Registered", "Responded"]}
    assert offered == known[crm.name]


@pytest.mark.parametrize("crm", ["salesforce"], indirect=True)
def test_a_converted_lead_is_on_it_as_its_contact(crm):
    id_ = crm.made("Converted")
    (lead,) = crm.sandbox.hands(
        "salesforce", "create", "Lead", rows=[{"LastName": "Byron", "Company": "Engines"}]
    )
    crm.lists.add(id_, [lead])
    (contact,) = crm.sandbox.hands("salesforce", "convert", "Lead", ids=[lead])

    (page,) = crm.lists.members(id_, "")

    assert page.members == [Member(external_id=contact, status="Sent")]
    assert crm.lists.remove(id_, [contact])[0].error is None
    assert crm.on(id_) == set()


@pytest.mark.parametrize("crm", ["salesforce"], indirect=True)
def test_of_campaigns_that_share_a_name_one_must_be_named_by_its_id(crm):
    ids = [crm.made("Twins"), crm.made("Twins")]

    with pytest.raises(Refused) as caught:
        crm.lists.find(name="Twins")

    told = "several campaigns are called 'Twins'; name one by its id: "
    assert str(caught.value) == told + ", ".join(ids)


def test_all_lists_are_told_page_by_page(crm, monkeypatch):
    names = [f"Told {number}" for number in range(5)]
    ids = [crm.made(name) for name in names]
    monkeypatch.setattr("connectors.hubspot.lists._PAGE", 2)

    told = {one.external_id: one.name for one in crm.lists.all()}

    assert [told.get(id_) for id_ in ids] == names


def test_a_status_is_given_to_whoever_is_on_it_with_the_one_before(crm):
    id_, people = crm.made("Marked"), crm.people(4)
    crm.lists.add(id_, people[:2], status="Sent")
    crm.lists.add(id_, people[2:3], status="Registered")
    given = dict.fromkeys(people, "Sent")

    outcomes = crm.lists.mark(id_, people, given=given, status="Responded")
    again = crm.lists.mark(id_, people[:2], given=given, status="Responded")

    if crm.name == "hubspot":
        assert [type(one.error) for one in outcomes] == [Refused] * 4
        return
    assert [type(one.error) for one in outcomes] == [type(None)] * 2 + [Conflict] * 2
    assert [one.error for one in again] == [None] * 2
    [page] = crm.lists.members(id_, "")
    assert {one.external_id: one.status for one in page.members} == {
        **dict.fromkeys(people[:2], "Responded"),
        people[2]: "Registered",
    }
