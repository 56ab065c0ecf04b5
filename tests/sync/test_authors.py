"""Who moved a lead in its CRM, when and why: as the CRM tells it, record by record."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import Refused, Unavailable
from connectors.hubspot.connector import HubSpotConnector
from connectors.salesforce.connector import SalesforceConnector
from crm import stages
from crm.models import Activity, Connection, ExternalRecord, StageCounterpart, StageMove
from runtime import clock
from tests.sync.test_cases import person

STAGES = {
    "hubspot": {"Approach": "NEW", "Presentation": "CONNECTED", "Closing": "OPEN_DEAL"},
    "salesforce": {
        "Approach": "Open - Not Contacted",
        "Presentation": "Qualified",
        "Closing": "Closing",
    },
}
PEOPLE = {"hubspot": ("contacts", "hs_lead_status"), "salesforce": ("Lead", "Status")}
LEAD = {"LastName": "Hopper", "Company": "Navy", "Email": "grace@customer.example"}
CONNECTORS = {"hubspot": HubSpotConnector, "salesforce": SalesforceConnector}
SAID = "moved in the CRM"


class Team:
    """The CRM's users, and a lead in Approach that they move."""

    def __init__(self, crm):
        self.crm, self.values = crm, STAGES[crm.name]
        for stage, value in self.values.items():
            StageCounterpart.objects.create(
                connection=crm.connection, object="lead", value=value, stage=stage, written=True
            )
        self.object, self.field = PEOPLE[crm.name]
        row = person(1) if crm.name == "hubspot" else LEAD
        (self.id,) = crm.create({**row, self.field: self.values["Approach"]}, object_=self.object)
        crm.sync()
        self.users = [rep_of(crm), self._another()]

    def _another(self):
        """A user of whom HubSpot tells no owner, and Salesforce tells all."""
        if self.crm.name == "hubspot":
            return "400000077", "user 900077"
        row = {"Name": "Grace", "Email": "grace@rep.example", "UserType": "Standard"}
        return self.crm.create(row, object_="User")[0], row["Email"]

    def moves_to(self, stage, user=0, by="person"):
        """Five minutes later; when that was, and who it is."""
        self.crm.advance(minutes=5)
        id_, email = self.users[user]
        values = {self.field: self.values[stage]}
        self.crm.hands("edit", self.id, object_=self.object, values=values, user=id_, by=by)
        return clock.now(), f"{email} in {self.crm.name}"

    def pull(self):
        self.crm.advance(minutes=5)
        return self.crm.pull()


@pytest.fixture(params=["hubspot", "salesforce"])
def team(request):
    return Team(request.getfixturevalue(request.param))


@pytest.fixture
def at_hubspot(hubspot):
    return Team(hubspot)


def moved():
    rows = StageMove.objects.order_by("pk")
    return [(m.from_stage, m.to_stage, m.at, m.by, m.who, m.because["why"]) for m in rows]


def test_every_move_between_two_pulls_has_its_user_and_its_moment(team):
    first, ada = team.moves_to("Presentation")
    second, grace = team.moves_to("Closing", user=1)

    team.pull()

    assert moved() == [
        ("Approach", "Presentation", first, "crm", ada, f"{SAID} by hand"),
        ("Presentation", "Closing", second, "crm", grace, f"{SAID} by hand"),
    ]
    assert team.crm.lead_of(team.id).stage_since == second
    noted = Activity.objects.filter(kind="stage_moved").order_by("pk")
    assert [(row.occurred_at, row.data["at"]) for row in noted] == [
        (clock.now(), first.isoformat()),
        (clock.now(), second.isoformat()),
    ]


def test_a_move_that_was_seen_before_is_not_told_again(team):
    team.moves_to("Presentation")
    team.pull()
    team.moves_to("Closing", user=1)
    team.moves_to("Approach")

    team.pull()

    assert [(move[0], move[1]) for move in moved()] == [
        ("Approach", "Presentation"),
        ("Presentation", "Closing"),
        ("Closing", "Approach"),
    ]


def test_what_we_write_ourselves_is_nobodys_move(team):
    lead = team.crm.lead_of(team.id)
    team.crm.advance(minutes=5)
    from_here(lead, "Presentation")
    team.crm.advance(minutes=5)
    team.crm.push()
    at, who = team.moves_to("Closing", user=1)

    team.pull()

    [ours, theirs] = moved()
    assert (ours[3], theirs) == (
        "person",
        ("Presentation", "Closing", at, "crm", who, f"{SAID} by hand"),
    )


def test_quiet_pulls_and_other_edits_ask_nobody(team, monkeypatch):
    asked = []
    connector: Any = CONNECTORS[team.crm.name]
    really = connector.edits

    def edits(self, *what):
        asked.append(what)
        return really(self, *what)

    monkeypatch.setattr(connector, "edits", edits)
    team.pull()
    field = {"hubspot": "jobtitle", "salesforce": "Title"}[team.crm.name]
    team.crm.hands("edit", team.id, object_=team.object, values={field: "Admiral"})
    team.pull()
    assert asked == []

    team.moves_to("Presentation")
    team.pull()

    assert asked == [("lead", "status", [team.id])]


@pytest.mark.parametrize(
    ("by", "who", "why"),
    [
        ("workflow", "a workflow in hubspot", f"{SAID} by a workflow"),
        ("api", "an integration in hubspot", f"{SAID} by an integration"),
        ("import", "ada", f"{SAID} by an import"),
    ],
)
def test_what_no_person_did_by_hand_says_so(by, who, why, at_hubspot):
    _, ada = at_hubspot.moves_to("Presentation", by=by)

    at_hubspot.pull()

    assert [move[4:] for move in moved()] == [(ada if who == "ada" else who, why)]


@pytest.mark.parametrize(("error", "told"), [(Refused("scopes"), 1), (Unavailable("busy"), 0)])
def test_without_a_history_the_move_lands_all_the_same(error, told, at_hubspot, monkeypatch):
    def refuse(*_):
        raise error

    monkeypatch.setattr(HubSpotConnector, "edits", refuse)
    for stage in ("Presentation", "Closing"):
        at_hubspot.moves_to(stage)
        at_hubspot.pull()

    rows = StageMove.objects.order_by("pk").values_list("to_stage", "who", "because__rule")
    assert list(rows) == [("Presentation", "hubspot", SAID), ("Closing", "hubspot", SAID)]
    skipped = Activity.objects.filter(kind="record_skipped").values_list("data__reason", flat=True)
    assert list(skipped) == ["who moves it is not told: scopes"] * told
    assert Connection.objects.get().last_error == ""


def test_a_crm_that_does_not_answer_is_asked_no_more_in_that_pull(at_hubspot, monkeypatch):
    """Each page would wait for it, and a stop on the last one for all of them."""
    crm, asked = at_hubspot.crm, []
    StageCounterpart.objects.create(
        connection=crm.connection, object="deal", value="presentation", stage="Closing"
    )
    deal = {"dealname": "Big", "pipeline": "default", "dealstage": "presentation"}

    def hang(_self, kind, *_):
        asked.append(kind)
        raise Unavailable("no answer")

    monkeypatch.setattr(HubSpotConnector, "edits", hang)
    for stage in ("Presentation", "Closing"):
        at_hubspot.moves_to(stage)
        crm.create(deal, object_="deals")
        at_hubspot.pull()

    assert asked == ["lead", "lead"]


def test_an_untracked_status_names_who_changed_the_record_last(salesforce, monkeypatch):
    team = Team(salesforce)
    monkeypatch.setattr("connectors.salesforce.edits._history", untracked)
    at, who = team.moves_to("Presentation", user=1)

    team.pull()

    how = "by whoever changed the record last, since no history of the field is told"
    assert moved() == [("Approach", "Presentation", at, "crm", who, f"{SAID} {how}")]


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_a_deal_tells_who_moved_it_and_who_closed_it(name, request):
    crm = request.getfixturevalue(name)
    object_, field, stages = {
        "hubspot": ("deals", "dealstage", ["presentation", "lost"]),
        "salesforce": ("Opportunity", "StageName", ["Presentation", "Lost"]),
    }[name]
    StageCounterpart.objects.create(
        connection=crm.connection, object="deal", value=stages[0], stage="Closing", written=True
    )
    named = {"hubspot": {"dealname": "Big", "pipeline": "default"}, "salesforce": {"Name": "Big"}}
    date = {"salesforce": {"CloseDate": "2026-12-31"}}.get(name, {})
    (id_,) = crm.create({**named[name], **date, field: stages[0]}, object_=object_)
    crm.sync()
    user, email = rep_of(crm)
    crm.advance(minutes=5)
    at = clock.now()
    crm.hands("edit", id_, object_=object_, values={field: stages[1]}, user=user)
    crm.advance(minutes=5)

    crm.pull()

    signed = {"who": f"{email} in {name}", "at": at.isoformat()}
    noted = Activity.objects.filter(kind__in=["deal_closed", "deal_moved"]).order_by("kind")
    assert [(row.kind, row.occurred_at, row.data) for row in noted] == [
        ("deal_closed", clock.now(), {"won": False, **signed}),
        ("deal_moved", clock.now(), {"from": stages[0], "to": stages[1], **signed}),
    ]


def test_a_move_that_ours_overruled_is_not_put_before_it(at_hubspot):
    at, who = at_hubspot.moves_to("Presentation")
    at_hubspot.crm.advance(minutes=5)
    from_here(at_hubspot.crm.lead_of(at_hubspot.id), "Closing")
    ours_at = clock.now()

    at_hubspot.pull()

    assert [(move[1], move[2], move[4]) for move in moved()] == [
        ("Closing", ours_at, "ada"),
        ("Presentation", ours_at, who),
    ]
    assert at + timedelta(minutes=5) == ours_at


def rep_of(crm):
    """Id and email of the first owner there."""
    owners = ExternalRecord.objects.filter(connection=crm.connection, kind="owner")
    link = owners.earliest("pk")
    return link.external_id, link.owner.email


def from_here(lead, stage):
    """A person moves the lead in our own program."""
    because: dict[str, object] = {"rule": "by a person", "why": "They asked."}
    stages.move(lead, stage, at=clock.now(), because=because, by="person", who="ada")


def untracked(*_):
    raise Refused("INVALID_TYPE")
