"""`check --online`: what process.yaml calls things by, held against what the CRMs offer."""

import pytest

from config import starter
from tests.config.test_cli import run

TEAM = """\
timezone: Europe/Berlin
public_url: https://outreach.example.com
sender: {{ company: Example GmbH, postal_address: "Musterstraße 1, 10115 Berlin, Germany" }}
connections:
  hubspot:
    kind: hubspot
    url: {hubspot}
    token: ${{HUBSPOT_TOKEN}}
    pull_every: 15 minutes
    fields:
      lead: {{ why_not: regions }}
      deal: {{ why_lost: closed_lost_reason }}
  salesforce:
    kind: salesforce
    url: {salesforce}
    client_id: ${{SALESFORCE_CLIENT_ID}}
    client_secret: ${{SALESFORCE_CLIENT_SECRET}}
    pull_every: 15 minutes
    fields:
      lead: {{ why_not: {why_not} }}
      deal: {{ why_lost: Loss_Reason__c }}
mailboxes:
  - address: ada@example.com
    name: Ada Byron
    smtp: smtp://127.0.0.1:25
    imap: imap://127.0.0.1:143
    password: ${{MAIL_PASSWORD_ADA}}
"""
RULES = """\
qualification:
  reject_reasons: [apac, emea]
marketing:
  hubspot:
    mql: { lifecycle_stage: marketingqualifiedlead }
    sal: { lead_status: OPEN }
    rejected: { lifecycle_stage: lead, lead_status: UNQUALIFIED, reason_field: why_not }
  salesforce:
    mql: { lead_status: Researching }
    rejected: { lead_status: Unqualified, reason_field: why_not }
loss_reason:
  field: deal.extra.why_lost
  choices: [price]
  deal_stage: { hubspot: lost, salesforce: Lost }
"""


@pytest.fixture
def asks(sandbox, tmp_path):
    """Write the rules at the end of the starter's process.yaml, and ask the CRMs: told, line by line."""
    folder = tmp_path / "workspace"
    starter.copy(folder)
    starters = (folder / "process.yaml").read_text()

    def ask(rules=RULES, *, stages=starters, why_not="Regions__c"):
        urls = {name: sandbox[name] for name in ("hubspot", "salesforce")}
        (folder / "cadenza.yaml").write_text(TEAM.format(**urls, why_not=why_not))
        (folder / "process.yaml").write_text(stages + rules)
        secrets = {
            name.upper(): sandbox[name]
            for name in ("hubspot_token", "salesforce_client_id", "salesforce_client_secret")
        }
        ran = run(folder, "check", "--online", **secrets, CADENZA_MODE="sandbox")
        return ran.returncode, [line for line in ran.stderr.splitlines() if "warning" not in line]

    return ask


def place_of(word):
    """Where a word of the rules stands, behind the starter's own."""
    before = (starter.CHECKOUT / "config" / "process.yaml").read_text() + RULES
    before = before[: before.rindex(word)]
    return f"process.yaml:{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"


def test_words_that_the_crms_offer_are_fine(asks):
    assert asks() == (0, [])


@pytest.mark.parametrize(
    ("word", "wrong", "path", "told"),
    [
        ("marketingqualifiedlead", "mql", "marketing.hubspot.mql.lifecycle_stage",
         'unknown lifecycle_stage of hubspot "mql"; valid: customer, evangelist, lead, '),
        ("OPEN }", "OPEM }", "marketing.hubspot.sal.lead_status",
         'unknown status of hubspot "OPEM"; did you mean "OPEN"? valid: ATTEMPTED_TO_CONTACT, '),
        ("Researching", "Reserching", "marketing.salesforce.mql.lead_status",
         'unknown status of salesforce "Reserching"; did you mean "Researching"? valid: Closing, '),
        ("UNQUALIFIED", "unqualified", "marketing.hubspot.rejected.lead_status",
         'unknown status of hubspot "unqualified"; valid: ATTEMPTED_TO_CONTACT, '),
        ("lost, ", "loss, ", "loss_reason.deal_stage.hubspot",
         'unknown stage of hubspot "loss"; did you mean "lost"? valid: closing, '),
    ],
)  # fmt: skip
def test_a_word_that_a_crm_does_not_offer_is_told_at_its_place(word, wrong, path, told, asks):
    code, [line] = asks(RULES.replace(word, wrong))

    assert (code, line.startswith(f"{place_of(word)}: {path}: {told}")) == (1, True), line


def test_a_reason_must_be_a_choice_of_each_crm_whose_field_has_choices(asks):
    rules = RULES.replace("[apac, emea]", "[apac, too small]")

    offered = asks(rules)
    free = asks(rules, why_not="Reject_Reason__c")

    place = place_of("emea")
    told = [
        f'{place}: qualification.reject_reasons.1: unknown why_not of {name} "too small"; '
        "valid: americas, apac, emea"
        for name in ("hubspot", "salesforce")
    ]
    assert offered == (1, told)
    assert free == (1, told[:1])


def test_a_stage_is_told_at_its_place_and_a_missing_field_by_its_connection(asks):
    starters = (starter.CHECKOUT / "config" / "process.yaml").read_text()

    code, lines = asks(
        stages=starters.replace("[CONNECTED]", "[CONECTED]"), why_not="No_Such_Field__c"
    )

    number = starters[: starters.index("[CONNECTED]")].count("\n") + 1
    assert code == 1
    assert [line.partition(";")[0] for line in lines] == [
        f"process.yaml:{number}:32: stages.3.counterparts.hubspot.lead_status.0: "
        'unknown status of hubspot "CONECTED"',
        "salesforce: no field on Lead or Contact for why_not",
    ]


LISTS = """\
lists:
  fair:
    from: { hubspot: Fair, salesforce: { id: 701000000000000AAA } }
  guests:
    when: lead.stage == "Closing"
    to: { salesforce: Guest }
  closing:
    when: lead.stage == "Closing"
    to: { hubspot: { name: Hot }, salesforce: Twice }
"""


def test_a_list_that_is_not_there_is_told_with_those_that_are(asks, sandbox):
    made = {
        ("hubspot", "lists"): [
            {"name": "Fairs", "processingType": "MANUAL"},
            {"name": "Hot", "processingType": "DYNAMIC"},
        ],
        ("salesforce", "Campaign"): [{"Name": n} for n in ("Guests", "Twice", "Twice")],
    }
    ids = [sandbox.hands(crm, "create", kind, rows=rows) for (crm, kind), rows in made.items()]
    guests, *twice = ids[1]

    code, lines = asks(RULES + LISTS)

    starters = (starter.CHECKOUT / "config" / "process.yaml").read_text() + RULES
    line = starters.count("\n")
    known = ", ".join(sorted([f"{guests} (Guests)", *(f"{id_} (Twice)" for id_ in twice)]))
    assert code == 1
    assert lines == [
        f"process.yaml:{line + 3}:22: lists.fair.from.hubspot: "
        'unknown list of hubspot "Fair"; did you mean "Fairs"? valid: Fairs, Hot',
        f"process.yaml:{line + 9}:28: lists.closing.to.hubspot: nobody is put on it: "
        "it is an active list, whose members HubSpot finds itself",
        f"process.yaml:{line + 3}:46: lists.fair.from.salesforce: "
        f'salesforce has no list with the id "701000000000000AAA"; valid: {known}',
        f"process.yaml:{line + 6}:23: lists.guests.to.salesforce: "
        'unknown list of salesforce "Guest"; did you mean "Guests"? valid: Guests, Twice',
        f"process.yaml:{line + 9}:47: lists.closing.to.salesforce: several campaigns are called "
        f"'Twice'; name one by its id: {', '.join(sorted(twice))}",
    ]


STATUSES = """\
lists:
  fair:
    from: { salesforce: { name: Fair, status: [Responded, Visited] } }
  guests:
    when: lead.stage == "Closing"
    to: { salesforce: { name: Guests, status: Regstered } }
  others:
    when: lead.stage == "Closing"
    to: { salesforce: { name: Guests, status: Sent } }
"""


def test_a_status_that_a_campaigns_members_cannot_have_is_told_at_its_place(asks, sandbox):
    sandbox.hands("salesforce", "create", "Campaign", rows=[{"Name": "Fair"}, {"Name": "Guests"}])

    code, lines = asks(RULES + STATUSES)

    line = ((starter.CHECKOUT / "config" / "process.yaml").read_text() + RULES).count("\n")
    assert code == 1
    assert lines == [
        f"process.yaml:{line + 3}:59: lists.fair.from.salesforce.status.1: unknown member status "
        'of Fair "Visited"; valid: Registered, Responded, Sent',
        f"process.yaml:{line + 6}:47: lists.guests.to.salesforce.status: unknown member status "
        'of Guests "Regstered"; did you mean "Registered"? valid: Registered, Responded, Sent',
    ]
