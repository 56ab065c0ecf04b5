"""Lists in step with HubSpot's lists and Salesforce's campaigns, over HTTP, through their own clients."""

import json

import pytest

from config import starter
from connectors.errors import Unavailable
from crm import brakes, health
from crm.connections import connector_of
from crm.facts import FIELDS
from crm.models import Activity, Change, Connection, Lead, ListCounterpart, Listed, Membership
from mail import mailboxes
from process import apply, blueprint
from process.prospecting import members
from process.simulation import load
from runtime import clock
from sequences.models import Enrollment
from tests.mail.conftest import sink  # noqa: F401 - a fixture
from tests.sync.conftest import Crm
from tests.sync.test_alignment import LETTER, TEAM, _stages
from workers import reactions

OBJECTS = {"hubspot": ("lists", "memberships"), "salesforce": ("Campaign", "CampaignMember")}
OWNERS = """\
assignment:
  on: [lead_created]
  territories: [{ name: Everywhere, owners: [ada@example.com] }]
"""
INVITE = """\
name: invite
stage: Approach
enroll: { when: lead.email != "", list: fair }
steps:
  - { id: first, email: letter }
"""


class World:
    """Both CRMs, the team's files, and what people do to the lists."""

    def __init__(self, folder, sandbox, set_clock):
        self.folder, self.sandbox = folder, sandbox
        found = [Crm(sandbox, row, set_clock) for row in Connection.objects.order_by("name")]
        self.crms = {crm.name: crm for crm in found}
        self.hubspot, self.salesforce = found
        self.in_order = found

    def apply(self, lists, sequence=""):
        process = self.folder / "process.yaml"
        process.write_text(_stages(process) + OWNERS + f"lists:\n{lists}")
        if sequence:
            (self.folder / "sequences" / "invite.yaml").write_text(sequence)
        return apply.apply(blueprint.load(self.folder, schema=FIELDS))

    def settle(self, *crms, minutes=20):
        """A while later everything was read, done and written."""
        self.hubspot.advance(minutes=minutes)
        for crm in crms or self.in_order:
            crm.pull()
            while reactions.waiting():
                reactions.react()
            members.settle_due()
            crm.push()

    def people(self, *names):
        """Name -> (contact in HubSpot, Lead in Salesforce): people that both CRMs know."""
        email = "{}@customer.example".format
        contacts = self.hubspot.create(
            *({"email": email(name), "firstname": name.title()} for name in names)
        )
        leads = self.salesforce.create(
            *({"Email": email(name), "LastName": name, "Company": "Ltd"} for name in names),
            object_="Lead",
        )
        self.settle()
        return dict(zip(names, zip(contacts, leads, strict=True), strict=True))

    def made(self, crm, name, **values):
        """A list there."""
        rows = {
            "hubspot": {"name": name, "processingType": "MANUAL"},
            "salesforce": {"Name": name},
        }
        object_ = OBJECTS[crm][0]
        return self.crms[crm].create({**rows[crm], **values}, object_=object_)[0]

    def put(self, crm, list_id, *ids):
        """What a person does."""
        rows = {
            "hubspot": lambda id_: {"listId": list_id, "recordId": id_},
            "salesforce": lambda id_: {
                "CampaignId": list_id,
                "LeadId" if id_.startswith("00Q") else "ContactId": id_,
            },
        }[crm]
        self.crms[crm].create(*map(rows, ids), object_=OBJECTS[crm][1])

    def take(self, crm, list_id, *ids):
        rows = [
            row for row, (there, id_) in self._rows(crm).items() if there == list_id and id_ in ids
        ]
        self.crms[crm].hands("delete", *rows, object_=OBJECTS[crm][1])

    def on(self, crm, list_id):
        """The people who stand on it there, as the CRM keeps it: each as often as it does."""
        return sorted(id_ for there, id_ in self._rows(crm).values() if there == list_id)

    def _rows(self, crm):
        rows = self.crms[crm].records(OBJECTS[crm][1])
        if crm == "hubspot":
            return {id_: (row["listId"], row["recordId"]) for id_, row in rows.items()}
        return {
            id_: (row["CampaignId"], row.get("ContactId") or row["LeadId"])
            for id_, row in rows.items()
        }

    def listed(self, name="fair"):
        rows = Listed.objects.filter(list=name).order_by("lead__email")
        return [email.partition("@")[0] for email in rows.values_list("lead__email", flat=True)]

    def noted(self):
        rows = Activity.objects.filter(kind__startswith="list_").order_by("pk")
        return [(row.kind, row.lead.email.partition("@")[0], row.data["list"]) for row in rows]

    def writes(self):
        """The calls that changed who is on a list."""
        found = [(crm.name, *write) for crm in self.in_order for write in crm.writes()]
        return [w for w in found if "/memberships/" in w[1] or "CampaignMember" in w[2]]

    def is_quiet(self):
        before = len(self.writes())
        for _ in range(3):
            self.settle()
        return len(self.writes()) == before


@pytest.fixture
def world(sandbox, tmp_path, monkeypatch, sink, frozen_clock, db):  # noqa: F811 - the fixture
    frozen_clock.now = sandbox.now()
    for name in ("hubspot_token", "salesforce_client_id", "salesforce_client_secret"):
        monkeypatch.setenv(name.upper(), sandbox[name])
    monkeypatch.setenv("MAIL_PASSWORD_ADA", "pw")
    folder = tmp_path / "workspace"
    starter.copy(folder)
    for file in (folder / "sequences").glob("*.yaml"):
        file.unlink()
    letter = folder / "templates" / "email" / "letter"
    letter.mkdir()
    (letter / "subject.txt").write_text("A letter")
    (letter / "body.txt").write_text(LETTER)
    (folder / "lists").mkdir(exist_ok=True)
    urls = {name: sandbox[name] for name in ("hubspot", "salesforce")}
    (folder / "cadenza.yaml").write_text(TEAM.format(**urls, smtp=sink.port))
    process = folder / "process.yaml"
    process.write_text(_stages(process) + OWNERS)
    apply.apply(blueprint.load(folder, schema=FIELDS))
    found = World(folder, sandbox, lambda now: setattr(frozen_clock, "now", now))
    found.settle()
    yield found
    mailboxes.close_all()


CRMS = pytest.mark.parametrize(("crm", "side"), [("hubspot", 0), ("salesforce", 1)])


@CRMS
def test_who_is_on_a_list_there_is_on_ours_and_leaves_with_it(world, crm, side):
    ids = {name: both[side] for name, both in world.people("ada", "grace", "alan").items()}
    fair = world.made(crm, "Fair")
    world.put(crm, fair, ids["ada"])
    world.apply(f"  fair: {{ from: {{ {crm}: Fair }} }}\n")
    world.settle()
    # Who was on it before is no news.
    assert (world.listed(), world.noted()) == (["ada"], [])

    world.put(crm, fair, ids["grace"], ids["alan"])
    world.settle()
    assert world.listed() == ["ada", "alan", "grace"]

    world.take(crm, fair, ids["ada"], ids["alan"])
    world.settle()
    assert world.listed() == ["grace"]
    assert sorted(world.noted()) == [
        ("list_joined", "alan", "fair"),
        ("list_joined", "grace", "fair"),
        ("list_left", "ada", "fair"),
        ("list_left", "alan", "fair"),
    ]
    assert world.writes() == []


@CRMS
def test_ours_is_written_there_and_a_persons_word_holds(world, crm, side):
    ids = {n: both[side] for n, both in world.people("ada", "grace", "alan", "eve").items()}
    fair = world.made(crm, "Fair")
    world.put(crm, fair, ids["eve"])
    (world.folder / "lists" / "fair.csv").write_text(
        "email\nada@customer.example\ngrace@customer.example\nalan@customer.example\n"
    )
    world.apply(f"  fair: {{ to: {{ {crm}: Fair }} }}\n")
    world.settle()
    world.settle()
    assert world.on(crm, fair) == sorted(ids.values())

    # A person takes grace out; we take ada off ours; eve was never ours to take out.
    world.take(crm, fair, ids["grace"])
    (world.folder / "lists" / "fair.csv").write_text(
        "email\ngrace@customer.example\nalan@customer.example\n"
    )
    world.apply(f"  fair: {{ to: {{ {crm}: Fair }} }}\n")
    world.settle()

    assert world.on(crm, fair) == sorted([ids["alan"], ids["eve"]])
    assert world.is_quiet()
    assert world.on(crm, fair) == sorted([ids["alan"], ids["eve"]])
    # Only a person brings her back.
    world.put(crm, fair, ids["grace"])
    world.settle()
    assert world.on(crm, fair) == sorted([ids["alan"], ids["eve"], ids["grace"]])
    assert world.is_quiet()


def test_a_list_of_one_crm_fills_that_of_the_other(world):
    people = world.people("ada", "grace")
    fair, guests = world.made("hubspot", "Fair"), world.made("salesforce", "Guests")
    world.put("hubspot", fair, people["ada"][0])
    world.apply(
        "  fair:\n    from: { hubspot: Fair }\n"
        "    to: { salesforce: { name: Guests, status: Responded } }\n"
    )
    world.settle()

    world.put("hubspot", fair, people["grace"][0])
    world.settle()
    assert world.on("salesforce", guests) == sorted(both[1] for both in people.values())
    rows = world.salesforce.records("CampaignMember").values()
    assert {row["Status"] for row in rows} == {"Responded"}

    world.take("hubspot", fair, people["ada"][0])
    world.settle()
    assert world.on("salesforce", guests) == [people["grace"][1]]
    assert world.is_quiet()


IN_STEP = "  fair:\n    from: { hubspot: Fair, salesforce: Fair }\n    to: { hubspot: Fair, salesforce: Fair }\n"


def test_both_lists_come_to_say_what_a_person_said_last_in_either(world):
    people = world.people("ada", "grace", "alan")
    lists = {crm: world.made(crm, "Fair") for crm in ("hubspot", "salesforce")}

    def on():
        by_id = {id_: name for name, both in people.items() for id_ in both}
        return [sorted(by_id[id_] for id_ in world.on(*one)) for one in lists.items()]

    world.put("hubspot", lists["hubspot"], people["ada"][0])
    world.put("salesforce", lists["salesforce"], people["grace"][1])
    world.apply(IN_STEP)
    world.settle()
    world.settle()
    assert on() == [["ada", "grace"]] * 2

    world.take("salesforce", lists["salesforce"], people["ada"][1])
    world.put("hubspot", lists["hubspot"], people["alan"][0])
    world.settle()
    world.settle()
    assert on() == [["alan", "grace"]] * 2
    assert world.listed() == ["alan", "grace"]

    world.put("hubspot", lists["hubspot"], people["ada"][0])
    world.settle()
    assert on() == [["ada", "alan", "grace"]] * 2
    assert world.is_quiet()


def test_a_rule_by_list_lets_in_whoever_joins_it_and_nobody_who_must_not_be_written_to(world):
    people = world.people("ada", "grace", "alan")
    fair = world.made("hubspot", "Fair")
    world.put("hubspot", fair, people["ada"][0])
    world.hubspot.edit(people["alan"][0], hs_email_optout="true")
    world.apply("  fair: { from: { hubspot: Fair } }\n", INVITE)
    world.settle()
    assert not Enrollment.objects.exists()  # the first reading enrolls nobody

    world.put("hubspot", fair, people["grace"][0], people["alan"][0])
    world.settle()

    assert world.listed() == ["ada", "alan", "grace"]
    assert [e.lead.email for e in Enrollment.objects.all()] == ["grace@customer.example"]
    applied = world.apply("  fair: { from: { hubspot: Fair } }\n", INVITE)
    assert applied.enrolled == {"invite": 1}
    scene = load.scene(blueprint.load(world.folder, schema=FIELDS), clock.now())
    assert set(scene.listed) == {"fair"}
    assert len(scene.listed["fair"]) == 3
    enrolled = Enrollment.objects.order_by("lead__email").values_list("lead__email", flat=True)
    assert list(enrolled) == ["ada@customer.example", "grace@customer.example"]


def test_who_must_not_be_written_to_is_put_on_no_list(world):
    people = world.people("ada", "grace")
    world.hubspot.edit(people["ada"][0], hs_email_optout="true")
    fair = world.made("salesforce", "Fair")
    world.settle()

    world.apply('  fair: { when: lead.email != "", to: { salesforce: Fair } }\n')
    world.settle()
    world.settle()

    assert world.on("salesforce", fair) == [people["grace"][1]]


def test_an_active_list_is_read_and_its_error_says_that_nobody_is_put_on_it(world):
    people = world.people("ada", "grace")
    fair = world.made("hubspot", "Fair", processingType="DYNAMIC")
    world.put("hubspot", fair, people["ada"][0])
    world.apply('  fair: { when: lead.email != "", to: { hubspot: Fair } }\n')

    world.settle()
    world.settle()

    row = ListCounterpart.objects.get()
    assert row.last_error == (
        "nobody is put on it: it is an active list, whose members HubSpot finds itself"
    )
    assert (world.writes(), world.on("hubspot", fair)) == ([], [people["ada"][0]])
    assert Connection.objects.get(name="hubspot").status == "active"


def test_whom_an_active_list_holds_stays_on_ours_though_they_left_another(world):
    people = world.people("ada")
    active = world.made("hubspot", "Active", processingType="DYNAMIC")
    fair = world.made("salesforce", "Fair")
    world.put("hubspot", active, people["ada"][0])
    world.apply(
        "  fair:\n    from: { hubspot: Active, salesforce: Fair }\n    to: { salesforce: Fair }\n"
    )
    world.settle()
    world.settle()
    assert world.on("salesforce", fair) == [people["ada"][1]]

    world.take("salesforce", fair, people["ada"][1])
    world.settle()

    assert world.listed() == ["ada"]
    assert world.on("salesforce", fair) == []  # where a person took her off
    assert world.is_quiet()


@CRMS
def test_a_list_that_is_not_there_is_told_and_stops_nothing_else(world, crm, side):
    other = world.made(crm, "Other")
    people = world.people("ada")
    world.put(crm, other, people["ada"][side])
    world.apply(
        f"  absent: {{ from: {{ {crm}: Absent }} }}\n  fair: {{ from: {{ {crm}: Other }} }}\n"
    )

    world.settle()
    world.settle()

    row = ListCounterpart.objects.get(name="absent")
    assert "Absent" in row.last_error
    assert world.listed() == ["ada"]
    skipped = Activity.objects.filter(kind="record_skipped", data__kind="list")
    assert [one.data["id"] for one in skipped] == ["Absent"]


@CRMS
def test_a_login_that_may_not_write_lists_may_write_all_else(world, crm, side):
    people = world.people("ada")
    fair = world.made(crm, "Fair")
    rule = f'  fair: {{ when: lead.email != "", to: {{ {crm}: Fair }} }}\n'
    world.apply(rule)
    world.hubspot.advance(minutes=20)
    world.crms[crm].push()
    world.crms[crm].pull()
    members.settle_due()
    world.crms[crm].fault("expired_token", path=PATHS[crm])

    pushed = world.crms[crm].push()

    assert (pushed.refused, Connection.objects.get(name=crm).status) == (1, "active")
    [refused] = health.refused()
    assert (refused["field"], refused["count"], "401" in refused["reason"]) == (
        "list.fair",
        1,
        True,
    )
    world.sandbox.mend()
    world.settle()
    assert world.on(crm, fair) == []  # a person has to say that it was mended
    health.retry()
    world.settle()
    assert world.on(crm, fair) == [people["ada"][side]]


@CRMS
def test_a_lost_answer_is_no_second_member_and_no_persons_word(world, crm, side):
    ids = [both[side] for both in world.people("ada", "grace").values()]
    fair = world.made(crm, "Fair")
    rule = f'  fair: {{ when: lead.email != "", to: {{ {crm}: Fair }} }}\n'
    world.apply(rule)
    world.settle()
    world.crms[crm].fault("answer_lost", path=PATHS[crm], times=4)

    world.hubspot.advance(minutes=20)
    world.crms[crm].pull()
    members.settle_due()
    world.crms[crm].push(expect_error=True)
    assert world.on(crm, fair) == sorted(ids)
    world.sandbox.mend()
    world.settle()

    assert world.on(crm, fair) == sorted(ids)
    assert set(Membership.objects.values_list("there", "by_us", "taken_out")) == {
        (True, True, False)
    }
    pending = Change.objects.filter(kind="membership", status="pending")
    assert not pending.exists()
    # They are ours still, to be taken off.
    world.apply(rule.replace('!= ""', '== "nobody"'))
    world.settle()
    assert world.on(crm, fair) == []


PATHS = {"hubspot": "/memberships/add", "salesforce": "composite/sobjects"}


@CRMS
def test_a_worker_that_was_killed_behind_its_write_writes_nobody_twice(
    world, crm, side, monkeypatch
):
    ids = [both[side] for both in world.people("ada", "grace").values()]
    fair = world.made(crm, "Fair")
    world.apply(f'  fair: {{ when: lead.email != "", to: {{ {crm}: Fair }} }}\n')
    world.settle(world.salesforce if crm == "hubspot" else world.hubspot)
    world.hubspot.advance(minutes=20)
    world.crms[crm].pull()
    members.settle_due()

    def killed(_, changes, **__):
        if changes:
            raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("crm.listing.agree", killed)
        with pytest.raises(SystemExit):
            world.crms[crm].push()
    assert world.on(crm, fair) == sorted(ids)
    world.crms[crm].push()

    assert world.on(crm, fair) == sorted(ids)
    assert set(Change.objects.filter(kind="membership").values_list("status", flat=True)) == {
        "pushed"
    }
    assert world.is_quiet()


def test_many_people_are_few_calls(world):
    names = [f"p{number}" for number in range(420)]
    email = "{}@customer.example".format
    world.hubspot.create(*({"email": email(n), "firstname": n} for n in names))
    world.salesforce.create(
        *({"Email": email(n), "LastName": n, "Company": "Ltd"} for n in names), object_="Lead"
    )
    world.settle()
    lists = {crm: world.made(crm, "Fair") for crm in ("hubspot", "salesforce")}
    rule = '  fair: { when: lead.email != "", to: { hubspot: Fair, salesforce: Fair } }\n'
    world.apply(rule)
    world.settle()
    world.settle()
    assert [len(world.on(*one)) for one in lists.items()] == [420, 420]
    assert [name for name, _, _ in world.writes()] == ["hubspot"] * 2 + ["salesforce"] * 3

    # A quiet pull reads each list once: HubSpot's 250 to a page, Salesforce's 2,000.
    before = {crm.name: crm.sandbox.calls(crm.name) for crm in world.in_order}
    world.settle()
    after = {crm.name: crm.sandbox.calls(crm.name) for crm in world.in_order}
    page = "GET /crm/v3/lists/{list}/memberships"
    assert after["hubspot"][page] - before["hubspot"][page] == 2
    assert world.is_quiet()


@CRMS
def test_a_reading_that_was_cut_off_goes_on_and_takes_nobody_off(world, crm, side, monkeypatch):
    people = world.people("ada", "grace", "alan", "eve")
    ids = [both[side] for both in people.values()]
    fair = world.made(crm, "Fair")
    world.put(crm, fair, *ids)
    world.apply(f"  fair: {{ from: {{ {crm}: Fair }} }}\n")
    world.settle()
    monkeypatch.setattr(f"connectors.{crm}.lists._PAGE", 2)
    world.hubspot.advance(minutes=20)

    pages = []
    connector = connector_of(world.crms[crm].connection)
    whole = type(connector.lists).members

    def cut(self, list_id, cursor):
        for page in whole(self, list_id, cursor):
            if pages == [""]:
                pages.append("cut")
                raise Unavailable("the line is dead")
            pages.append(cursor)
            yield page

    monkeypatch.setattr(type(connector.lists), "members", cut)
    world.crms[crm].pull(expect_error=True)
    assert world.listed() == ["ada", "alan", "eve", "grace"]
    kept = ListCounterpart.objects.get()
    assert (bool(kept.cursor), bool(kept.reading)) == (True, True)

    world.settle()

    assert world.listed() == ["ada", "alan", "eve", "grace"]
    assert pages[:2] == ["", "cut"]
    assert pages[2] == kept.cursor
    kept.refresh_from_db()
    assert (kept.cursor, kept.reading) == ("", 0)


def test_a_converted_lead_stays_on_the_list(world):
    people = world.people("ada")
    fair = world.made("salesforce", "Fair")
    world.put("salesforce", fair, people["ada"][1])
    world.apply("  fair: { from: { salesforce: Fair } }\n")
    world.settle()

    world.salesforce.hands("convert", people["ada"][1], object_="Lead")
    world.settle()
    world.settle()

    assert (world.listed(), world.noted()) == (["ada"], [])
    assert Lead.objects.filter(deleted_at=None).count() == 1


def test_a_list_that_was_emptied_by_mistake_is_asked_about(world):
    names = [f"p{number}" for number in range(30)]
    people = world.people(*names)
    fair = world.made("hubspot", "Fair")
    world.put("hubspot", fair, *(both[0] for both in people.values()))
    world.apply("  fair: { from: { hubspot: Fair } }\n")
    world.settle()

    world.take("hubspot", fair, *(both[0] for both in people.values()))
    world.hubspot.advance(minutes=20)
    pulled = world.hubspot.pull(expect_error=True)

    assert pulled.error == (
        "this pull would delete 30 fair members or more, and 20 pass without a person; look at the "
        "CRM, then `cadenza sync approve hubspot`"
    )
    assert len(world.listed()) == 30
    world.hubspot.connection.refresh_from_db()
    brakes.approve(world.hubspot.connection, at=clock.now())
    world.settle()
    assert (world.listed(), len(world.noted())) == ([], 30)


def test_a_status_says_who_counts(world):
    people = world.people("ada", "grace")
    fair = world.made("salesforce", "Fair")
    world.put("salesforce", fair, people["ada"][1], people["grace"][1])
    world.apply("  fair: { from: { salesforce: { name: Fair, status: [Responded] } } }\n")
    world.settle()
    assert world.listed() == []

    rows = world.salesforce.records("CampaignMember")
    (grace,) = [id_ for id_, row in rows.items() if row["LeadId"] == people["grace"][1]]
    world.salesforce.edit(grace, object_="CampaignMember", Status="Responded")
    world.settle()

    assert world.listed() == ["grace"]
    assert json.loads(json.dumps(world.noted())) == [["list_joined", "grace", "fair"]]


def given(status):
    return (
        f'  fair:\n    when: lead.email != ""\n    to: {{ salesforce: {{ name: Fair{status} }} }}\n'
    )


@pytest.mark.parametrize("fault", [None, "answer_lost"])
def test_a_status_that_changes_is_written_where_nobody_gave_another(world, fault):
    people = {name: both[1] for name, both in world.people("ada", "grace", "alan").items()}
    fair = world.made("salesforce", "Fair")
    world.put("salesforce", fair, people["alan"])  # by a person
    world.apply(given(", status: Sent"))
    world.settle()
    world.settle()
    world.salesforce.edit(member(world, people["grace"]), object_=MEMBER, Status="Responded")
    world.settle()
    assert statuses(world, people) == {"ada": "Sent", "grace": "Responded", "alan": "Sent"}
    assert world.is_quiet()

    world.apply(given(", status: Responded"))
    world.hubspot.advance(minutes=20)
    world.salesforce.pull()
    members.settle_due()
    if fault:
        world.salesforce.fault(fault, path=PATHS["salesforce"], times=4)
        world.salesforce.push(expect_error=True)
        world.sandbox.mend()
    world.settle()
    assert statuses(world, people) == {"ada": "Responded", "grace": "Responded", "alan": "Sent"}
    assert world.is_quiet()

    world.salesforce.edit(member(world, people["ada"]), object_=MEMBER, Status="Sent")
    world.settle()
    world.apply(given(""))
    world.settle()
    assert statuses(world, people) == {"ada": "Sent", "grace": "Responded", "alan": "Sent"}
    assert world.is_quiet()
    assert not Change.objects.filter(kind="membership", status__in=("pending", "refused")).exists()


def test_a_status_that_a_person_gave_since_the_list_was_read_stays(world):
    people = {name: both[1] for name, both in world.people("ada", "grace").items()}
    world.made("salesforce", "Fair")
    world.apply(given(", status: Sent"))
    world.settle()
    world.settle()
    world.apply(given(", status: Responded"))
    world.hubspot.advance(minutes=20)
    world.salesforce.pull()
    members.settle_due()

    world.salesforce.edit(member(world, people["ada"]), object_=MEMBER, Status="Registered")
    world.salesforce.push(expect_error=True)
    world.settle()

    assert statuses(world, people) == {"ada": "Registered", "grace": "Responded"}
    assert world.is_quiet()
    assert not Change.objects.filter(kind="membership", status__in=("pending", "refused")).exists()


MEMBER = "CampaignMember"


def member(world, lead):
    rows = world.salesforce.records(MEMBER)
    return next(id_ for id_, row in rows.items() if row["LeadId"] == lead)


def statuses(world, people):
    rows = {row["LeadId"]: row["Status"] for row in world.salesforce.records(MEMBER).values()}
    return {name: rows[id_] for name, id_ in people.items()}
