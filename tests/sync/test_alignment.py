"""Marketing in HubSpot, sales in Salesforce: they agree on a person at every step, in their own words."""

import json
from datetime import date, timedelta

import pytest
from ruamel import yaml

from config import starter
from crm.facts import FIELDS
from crm.models import Connection, Lead
from mail import mailboxes, outbox, pipe
from mail.models import Mailbox
from process import apply, blueprint, moves
from process.models import LeadQualification, Task
from process.prospecting import qualifying
from process.reports import catalog
from process.reports.rates import Rate
from process.reports.report import Scope
from runtime import clock
from sequences import engine
from sequences.models import Enrollment
from tests.mail.conftest import sink  # noqa: F401 - a fixture
from tests.sync.conftest import Crm
from workers import reactions

TEAM = """\
timezone: Europe/Berlin
public_url: https://outreach.example.com
sender: {{ company: Example GmbH, postal_address: "Musterstraße 1, 10115 Berlin, Germany" }}
connections:
  hubspot:
    kind: hubspot
    url: {hubspot}
    token: ${{HUBSPOT_TOKEN}}
    tier: add_on
    pull_every: 15 minutes
    fields: {{ lead: {{ reject_reason: reject_reason }} }}
  salesforce:
    kind: salesforce
    url: {salesforce}
    client_id: ${{SALESFORCE_CLIENT_ID}}
    client_secret: ${{SALESFORCE_CLIENT_SECRET}}
    pull_every: 15 minutes
    fields: {{ lead: {{ reject_reason: Reject_Reason__c }} }}
mailboxes:
  - address: ada@example.com
    name: Ada Byron
    smtp: smtp://127.0.0.1:{smtp}
    username: ada@example.com
    password: ${{MAIL_PASSWORD_ADA}}
    pipe: true
    gap: 1 second
"""
RULES = """\
assignment:
  on: [lead_created]
  territories: [{ name: Everywhere, owners: [ada@example.com] }]
qualification:
  reject_reasons: [too small, no budget]
  sql_from: Presentation
marketing:
  hubspot:
    mql: { lifecycle_stage: marketingqualifiedlead }
    sal: { lead_status: OPEN }
    sql: { lifecycle_stage: salesqualifiedlead }
    opportunity: { lifecycle_stage: opportunity }
    customer: { lifecycle_stage: customer }
    rejected: { lifecycle_stage: lead, lead_status: UNQUALIFIED, reason_field: reject_reason }
  salesforce:
    mql: { lead_status: Researching }
    sal: { lead_status: Working - Contacted }
    sql: { lead_status: Qualified }
    rejected: { lead_status: Unqualified, reason_field: reject_reason }
"""
LETTERS = """\
name: letters
stage: Approach
enroll: { when: lead.first_name == "Grace" }
steps:
  - { id: first, email: letter }
  - { id: pause, wait: 1 day }
  - { id: second, email: letter }
"""
#: The system's time and a person's.
LATE = [timedelta(minutes=20), timedelta(days=2)]
LETTER = "Hello {{ lead.first_name }}\n\n{{ sender.postal_address }}\n{{ unsubscribe_url }}\n"


@pytest.fixture
def workspace(sandbox, tmp_path, monkeypatch, sink, frozen_clock, db):  # noqa: F811 - the fixture
    """The team's files, applied; nothing is pulled yet."""
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
    (folder / "sequences" / "letters.yaml").write_text(LETTERS)
    urls = {name: sandbox[name] for name in ("hubspot", "salesforce")}
    (folder / "cadenza.yaml").write_text(TEAM.format(**urls, smtp=sink.port))
    (folder / "process.yaml").write_text(_stages(folder / "process.yaml") + RULES)
    apply.apply(blueprint.load(folder, schema=FIELDS))
    yield folder
    mailboxes.close_all()


def _stages(file):
    """What the starter says of its stages alone."""
    process = yaml.YAML(typ="safe").load(file.read_text())
    for stage in process["stages"]:
        stage["tactics"].pop("sequences", None)
    return "".join(f"{name}: {json.dumps(process[name])}\n" for name in ("answers", "stages"))


@pytest.fixture(params=["hubspot", "salesforce"])
def both(request, workspace, sandbox, frozen_clock):
    """Both CRMs; the one that the parameter names is read first, and is the source."""
    first, second = sorted(
        (
            Crm(sandbox, connection, lambda now: setattr(frozen_clock, "now", now))
            for connection in Connection.objects.all()
        ),
        key=lambda crm: crm.name != request.param,
    )
    found = Both(first, second)
    found.settle()
    return found


class Both:
    def __init__(self, first, second):
        self.in_order = (first, second)
        self.hubspot, self.salesforce = sorted(self.in_order, key=lambda crm: crm.name)

    def settle(self):
        """A while later everything was read, done and written."""
        self.hubspot.advance(minutes=20)
        for _ in range(2):
            for crm in self.in_order:
                crm.pull()
                while reactions.waiting():
                    reactions.react()
            for crm in self.in_order:
                crm.push()

    def people(self, *names):
        """(contact in HubSpot, Lead in Salesforce) of new people that both CRMs know."""
        email = "{}@customer.example".format
        ids = self.hubspot.create(
            *(
                {"email": email(name), "firstname": "Grace", "lifecyclestage": "lead"}
                for name in names
            )
        )
        others = self.salesforce.create(
            *(
                {
                    "Email": email(name), "FirstName": "Grace", "LastName": name, "Company": "Ltd",
                    "Status": "Open - Not Contacted",
                }
                for name in names
            ),
            object_="Lead",
        )  # fmt: skip
        self.settle()
        assert Lead.objects.count() == len(names)
        return list(zip(ids, others, strict=True))

    def say(self, id_, other):
        """What each CRM says of the person."""
        contact = self.hubspot.records()[id_]
        lead = self.salesforce.records("Lead")[other]
        return (
            contact["lifecyclestage"], contact.get("hs_lead_status"), contact.get("reject_reason"),
            lead["Status"], lead.get("Reject_Reason__c"),
        )  # fmt: skip

    def words(self, id_, other):
        """HubSpot's lifecycle stage, and Salesforce's status."""
        return self.say(id_, other)[0::3][:2]

    def hubspot_received(self):
        """The lifecycle stages that it was told, in order."""
        return list(_values(self.hubspot.writes(), "lifecyclestage"))

    def salesforce_received(self):
        return list(_values(self.salesforce.writes(), "Status", among="Lead"))

    def writes(self):
        return len(self.hubspot.writes()), len(self.salesforce.writes())

    def is_quiet(self):
        """Nothing more is written, however often both are read."""
        before = self.writes()
        for _ in range(3):
            self.settle()
        return self.writes() == before


def _values(writes, name, among="contacts"):
    """What the calls that wrote such records said of a field; the CRM's own record of them."""
    for route, body in writes:
        given = json.loads(body)
        for row in given.get("inputs") or given.get("records") or ():
            said = row.get("properties", row)
            if name in said and among in (route + json.dumps(row.get("attributes"))):
                yield said[name]


def test_an_mql_becomes_sal_sql_opportunity_and_customer_in_both(both):
    ((id_, other),) = both.people("grace")
    lead = Lead.objects.get()

    both.hubspot.edit(id_, lifecyclestage="marketingqualifiedlead")
    both.settle()
    assert both.words(id_, other) == ("marketingqualifiedlead", "Researching")
    assert Task.objects.get(kind="accept").owner.email == "ada@example.com"

    qualifying.accept(lead, by="ada")
    both.settle()
    assert both.words(id_, other) == ("marketingqualifiedlead", "Working - Contacted")
    assert both.hubspot.records()[id_]["hs_lead_status"] == "OPEN"

    lead.refresh_from_db()
    moves.by_person(lead, "Presentation", by="ada", why="a demo is agreed")
    both.settle()
    assert both.words(id_, other) == ("salesqualifiedlead", "Qualified")

    deal = _convert_with_a_deal(both, other)
    both.settle()
    assert both.words(id_, other) == ("opportunity", "Qualified")

    both.salesforce.edit(deal, object_="Opportunity", StageName="Won")
    both.settle()
    assert both.words(id_, other) == ("customer", "Qualified")
    assert both.salesforce.records("Opportunity")[deal]["StageName"] == "Won"
    assert LeadQualification.objects.get().state == "won"
    assert both.is_quiet()
    assert both.hubspot_received() == ["salesqualifiedlead", "opportunity", "customer"]
    assert both.salesforce_received() == ["Researching", "Working - Contacted", "Qualified"]


def _convert_with_a_deal(both, other):
    """What the rep does in Salesforce."""
    (contact,) = both.salesforce.hands("convert", other, object_="Lead")
    closing = (clock.now() + timedelta(days=30)).date()
    deal = {"Name": "Ltd", "StageName": "Presentation", "CloseDate": date.isoformat(closing)}
    (id_,) = both.salesforce.create(deal, object_="Opportunity")
    role = {"OpportunityId": id_, "ContactId": contact, "IsPrimary": True}
    both.salesforce.create(role, object_="OpportunityContactRole")
    return id_


def test_what_sales_rejects_goes_back_with_its_reason_and_may_come_again(both):
    ((id_, other),) = both.people("grace")
    both.hubspot.edit(id_, lifecyclestage="marketingqualifiedlead")
    both.settle()

    qualifying.reject(Lead.objects.get(), "too small", by="ada")
    both.settle()

    assert both.say(id_, other) == ("lead", "UNQUALIFIED", "too small", "Unqualified", "too small")
    assert both.is_quiet()
    states = LeadQualification.objects.order_by("pk").values_list("state", "reason")
    assert list(states) == [("rejected", "too small")]

    both.hubspot.edit(id_, lifecyclestage="marketingqualifiedlead")
    both.settle()

    assert list(states.all()) == [("rejected", "too small"), ("open", "")]
    assert both.say(id_, other)[3] == "Researching"


def test_the_time_that_a_pull_took_is_the_systems_and_the_rest_a_persons(both):
    ((id_, _),) = both.people("grace")
    both.hubspot.edit(id_, lifecyclestage="marketingqualifiedlead")
    both.settle()  # which begins 20 minutes later

    both.hubspot.advance(days=2)
    qualifying.accept(Lead.objects.get(), by="ada")

    [row] = catalog.REPORTS["handoff"](Scope(now=clock.now())).rows[:-1]
    assert row == ["ada@example.com", 1, 1, 0, 0, 0, Rate(hits=0, of=1), *LATE]


def test_what_somebody_said_meanwhile_in_the_other_crm_stays(both):
    ((id_, other),) = both.people("grace")
    both.hubspot.edit(id_, lifecyclestage="marketingqualifiedlead")
    both.settle()

    qualifying.accept(Lead.objects.get(), by="ada")
    both.hubspot.advance(minutes=1)
    both.salesforce.edit(other, object_="Lead", Status="Unqualified")
    both.hubspot.edit(id_, hs_lead_status="BAD_TIMING")
    both.settle()

    assert both.say(id_, other)[1::2] == ("BAD_TIMING", "Unqualified")
    assert both.is_quiet()


def test_a_customer_who_is_qualified_anew_stays_a_customer(both):
    ((id_, other),) = both.people("grace")
    both.hubspot.edit(id_, lifecyclestage="customer")
    both.settle()

    lead = Lead.objects.get()
    qualifying.note_qualified(lead, {"score": 80}, at=clock.now())
    both.settle()

    assert both.say(id_, other)[0::3] == ("customer", "Researching")


def test_an_opt_out_in_either_stops_mail_in_both(both, sink):  # noqa: F811 - the fixture
    people = both.people("in-hubspot", "in-salesforce", "in-none")
    (id_, _), (_, other), _ = people
    _write(both)
    assert sorted(sink.recipients) == [
        "in-hubspot@customer.example", "in-none@customer.example", "in-salesforce@customer.example",
    ]  # fmt: skip

    both.hubspot.edit(id_, hs_email_optout="true")
    both.salesforce.edit(other, object_="Lead", HasOptedOutOfEmail=True)
    both.settle()
    sink.recipients.clear()
    both.hubspot.advance(days=1)
    _write(both)

    assert sink.recipients == ["in-none@customer.example"]
    contacts, leads = both.hubspot.records(), both.salesforce.records("Lead")
    assert [contacts[one].get("hs_email_optout") for one, _ in people] == ["true", "true", None]
    assert [leads[two].get("HasOptedOutOfEmail") for _, two in people] == [True, True, None]
    ended = Enrollment.objects.filter(lead__email__startswith="in-", status="stopped")
    assert set(ended.values_list("reason", flat=True)) == {"do not contact"}


def _write(both):
    """What is due leaves."""
    for _ in range(24):
        engine.advance_due()
        for mailbox in Mailbox.objects.all():
            pipe.nothing_waits(mailbox)
            outbox.deliver(mailbox.pk)
        while reactions.waiting():
            reactions.react()
        both.hubspot.advance(hours=1)
