"""Marketing's workspace and sales' own, each with its database and its mailbox, over both CRMs.

Marketing is at home in HubSpot, sales in Salesforce. What is asserted stands in the CRMs and came to
the mail servers; nothing of either database is looked at but who is known from where.
"""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from config import starter
from tests.mail.conftest import Server, Sink, free_port
from tests.sync.test_alignment import LETTER, LETTERS, RULES, TEAM, _stages

CHECKOUT = Path(__file__).resolve().parents[2]
#: Of the rep whom the empty sandbox has.
OWNER, OWNER_ID = "ada@brightwell-hardware.example", "400000001"
SECRETS = ("hubspot_token", "salesforce_client_id", "salesforce_client_secret")

#: Two teams' commands and databases, in processes of their own.
pytestmark = pytest.mark.timeout(600)


class Team:
    """A workspace at work in a process of its own, and the server that its mail leaves by."""

    def __init__(self, folder, sandbox, *, address, rules):
        self.sandbox, self.mail = sandbox, Sink()
        self.mail.port = free_port()
        self.server = Server(self.mail, hostname="127.0.0.1", port=self.mail.port)
        team = TEAM.format(
            hubspot=sandbox["hubspot"], salesforce=sandbox["salesforce"], smtp=self.mail.port
        )
        _write_workspace(folder, team.replace("ada@example.com", address), rules)
        ours = ("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.team"],
            cwd=CHECKOUT,
            env={
                **clean,
                **{name.upper(): sandbox[name] for name in SECRETS},
                "MAIL_PASSWORD_ADA": "pw",
                "CADENZA_MODE": "sandbox",
                "CADENZA_WORKSPACE": str(folder),
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.server.stop()

    def __call__(self, do, **told):
        told = {"do": do, "now": self.sandbox.now().isoformat(), **told}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def _write_workspace(folder, team, rules):
    starter.copy(folder)
    for file in (folder / "sequences").glob("*.yaml"):
        file.unlink()
    letter = folder / "templates" / "email" / "letter"
    letter.mkdir()
    (letter / "subject.txt").write_text("A letter")
    (letter / "body.txt").write_text(LETTER)
    (folder / "sequences" / "letters.yaml").write_text(LETTERS)
    (folder / "cadenza.yaml").write_text(team)
    (folder / "process.yaml").write_text(_stages(folder / "process.yaml") + rules)


@pytest.fixture
def teams(sandbox, tmp_path):
    """Marketing writes for the owner in HubSpot and assigns nobody; sales assigns whom it gets."""
    _, _, shared = RULES.partition("qualification:")
    with ExitStack() as stack:
        found = [
            stack.enter_context(Team(tmp_path / name, sandbox, address=address, rules=rules))
            for name, address, rules in (
                ("marketing", OWNER, f"qualification:{shared}"),
                ("sales", "ada@example.com", RULES),
            )
        ]
        for team in found:
            team("apply")
        both = Teams(sandbox, *found)
        both.settle()  # a first pull enrolls nobody
        yield both


class Teams:
    def __init__(self, sandbox, marketing, sales):
        self.sandbox, self.marketing, self.sales = sandbox, marketing, sales

    def settle(self):
        """A while later both have read, done and written, and read what the other wrote."""
        self.sandbox.advance(timedelta(minutes=20))
        for _ in range(2):
            self.marketing("settle")
            self.sales("settle")

    def write(self, days):
        """What is due in these days leaves from both."""
        for _ in range(12 * days):
            for team in (self.marketing, self.sales):
                team("write")
            self.sandbox.advance(timedelta(hours=2))

    def hand(self, crm, do, object_, **how):
        return self.sandbox.hands(crm, do, object_, **how)

    def people(self, *names):
        """(contact in HubSpot, Lead in Salesforce) of new people, whom each team has from its own CRM."""
        email = "{}@customer.example".format
        contacts = self.hand("hubspot", "create", "contacts", rows=[
            {"email": email(name), "firstname": "Grace", "lifecyclestage": "lead",
 "hubspot_owner_id": OWNER_ID} for name in names
        ])  # fmt: skip
        self.sandbox.advance(timedelta(minutes=20))
        self.marketing("settle", only="hubspot")
        leads = self.hand("salesforce", "create", "Lead", rows=[
            {
                "Email": email(name), "FirstName": "Grace", "LastName": name, "Company": "Ltd",
                "Status": "Open - Not Contacted",
            }
            for name in names
        ])  # fmt: skip
        self.sandbox.advance(timedelta(minutes=20))
        self.sales("settle", only="salesforce")
        self.settle()
        known = {email(name): ["hubspot", "salesforce"] for name in names}
        assert self.marketing("know") == {one: ["hubspot", *crms] for one, crms in known.items()}
        assert self.sales("know") == {one: ["salesforce", *crms] for one, crms in known.items()}
        return list(zip(contacts, leads, strict=True))

    def say(self, contact, lead):
        """Lifecycle stage, status and reason in HubSpot; status and reason in Salesforce."""
        there = self.sandbox.records("hubspot", "contacts")[contact]
        here = self.sandbox.records("salesforce", "Lead")[lead]
        return (
            there["lifecyclestage"], there.get("hs_lead_status"), there.get("reject_reason"),
            here["Status"], here.get("Reject_Reason__c"),
        )  # fmt: skip

    def is_quiet(self):
        """Neither writes anything more, however often both read what the other wrote."""
        before = self.writes()
        for _ in range(3):
            self.settle()
        return self.writes() == before

    def writes(self):
        """What either CRM was told so far."""
        crms = ("hubspot", "salesforce")
        return [e["body"] for crm in crms for e in self.sandbox.journal(f"{crm}.write")]


def test_an_mql_of_marketings_becomes_sales_customer_in_both_crms(teams):
    ((contact, lead),) = teams.people("grace")
    grace = "grace@customer.example"

    teams.hand(
        "hubspot",
        "edit",
        "contacts",
        ids=[contact],
        values={"lifecyclestage": "marketingqualifiedlead"},
    )
    teams.settle()
    assert teams.say(contact, lead)[0::3] == ("marketingqualifiedlead", "Researching")

    teams.sales("answer", email=grace)
    teams.settle()
    accepted = teams.say(contact, lead)
    assert accepted == ("marketingqualifiedlead", "OPEN", None, "Working - Contacted", None)
    assert [team("handoff") for team in (teams.marketing, teams.sales)] == [[1, 1, 0, 0, []]] * 2

    teams.sales("move", email=grace, to="Presentation")
    teams.settle()
    assert teams.say(contact, lead)[0::3] == ("salesqualifiedlead", "Qualified")

    deal = _convert_with_a_deal(teams, lead)
    teams.settle()
    assert teams.say(contact, lead)[0::3] == ("opportunity", "Qualified")

    teams.hand("salesforce", "edit", "Opportunity", ids=[deal], values={"StageName": "Won"})
    teams.settle()
    assert teams.say(contact, lead)[0::3] == ("customer", "Qualified")
    assert teams.sandbox.records("salesforce", "Opportunity")[deal]["StageName"] == "Won"
    assert teams.is_quiet()


def _convert_with_a_deal(teams, lead):
    """What the rep does in Salesforce."""
    (contact,) = teams.hand("salesforce", "convert", "Lead", ids=[lead])
    closing = (teams.sandbox.now() + timedelta(days=30)).date()
    deal = {"Name": "Ltd", "StageName": "Presentation", "CloseDate": closing.isoformat()}
    (id_,) = teams.hand("salesforce", "create", "Opportunity", rows=[deal])
    role = {"OpportunityId": id_, "ContactId": contact, "IsPrimary": True}
    teams.hand("salesforce", "create", "OpportunityContactRole", rows=[role])
    return id_


def test_what_sales_rejects_goes_back_to_marketing_with_its_reason_and_may_come_again(teams):
    ((contact, lead),) = teams.people("grace")
    mql = {"ids": [contact], "values": {"lifecyclestage": "marketingqualifiedlead"}}
    teams.hand("hubspot", "edit", "contacts", **mql)
    teams.settle()

    teams.sales("answer", email="grace@customer.example", reject="too small")
    teams.settle()

    assert teams.say(contact, lead) == (
        "lead",
        "UNQUALIFIED",
        "too small",
        "Unqualified",
        "too small",
    )
    teams.settle()  # both teams' tasks are ticked off at the next quarter of an hour
    assert teams.is_quiet()
    both = teams.marketing, teams.sales
    assert [team("handoff") for team in both] == [[1, 0, 1, 0, ["too small"]]] * 2

    teams.hand("hubspot", "edit", "contacts", **mql)
    teams.settle()

    assert [team("handoff") for team in both] == [[2, 0, 1, 1, ["too small"]]] * 2
    assert teams.say(contact, lead)[0::3] == ("marketingqualifiedlead", "Researching")
    teams.settle()  # sales' task waits for the next quarter of an hour
    assert teams.is_quiet()


def test_an_opt_out_in_either_crm_stops_the_mail_of_both_teams(teams):
    names = ("in-hubspot", "in-none", "in-salesforce")
    (contact, _), _, (_, lead) = people = teams.people(*names)
    everybody = [f"{name}@customer.example" for name in names]
    mails = teams.marketing.mail, teams.sales.mail
    teams.write(days=1)
    before = [sorted(mail.recipients) for mail in mails]

    teams.hand("hubspot", "edit", "contacts", ids=[contact], values={"hs_email_optout": "true"})
    teams.hand("salesforce", "edit", "Lead", ids=[lead], values={"HasOptedOutOfEmail": True})
    teams.settle()
    for mail in mails:
        mail.recipients.clear()
    teams.write(days=2)

    assert before == [everybody, everybody]
    assert [mail.recipients for mail in mails] == [["in-none@customer.example"]] * 2
    assert [set(mail.senders) for mail in mails] == [{OWNER}, {"ada@example.com"}]
    contacts = teams.sandbox.records("hubspot", "contacts")
    leads = teams.sandbox.records("salesforce", "Lead")
    assert [contacts[one].get("hs_email_optout") for one, _ in people] == ["true", None, "true"]
    assert [leads[two].get("HasOptedOutOfEmail") for _, two in people] == [True, None, True]
