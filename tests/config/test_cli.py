"""The command line as a person meets it: exit codes, words, and nothing done on bad input."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from imapclient import IMAPClient
from ruamel.yaml import YAML

from tests.connectors.conftest import start_sandbox

CHECKOUT = Path(__file__).resolve().parents[2]


def run(folder, *words, **environment):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_"))
    }
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "config.cli", "-w", str(folder), *words],
        cwd=CHECKOUT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """What `init` makes, and the database that the first question finds missing."""
    path = tmp_path_factory.mktemp("made") / "acme"
    for words in (("init", str(path)), ("report", "experiments")):
        done = run(path if path.exists() else path.parent, *words)
        assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "acme")


def test_the_starter_is_fine(folder):
    done = run(folder, "check")
    assert done.returncode == 0, done.stderr
    assert "fine" in done.stdout


def test_check_reads_the_tests_of_sequences_too(folder):
    bad = "sequence: nowhere\ntests: [{ name: It is told, expect: [] }]\n"
    (folder / "tests" / "bad.yaml").write_text(bad)

    done = run(folder, "check", "--json")

    assert done.returncode == 1
    problems = json.loads(done.stdout)["problems"]
    assert [problem.partition("; ")[0] for problem in problems] == [
        'tests/bad.yaml:1:11: sequence: unknown sequence "nowhere"'
    ]


def test_init_overwrites_nothing(folder):
    before = (folder / "cadenza.yaml").read_text()
    done = run(folder, "init", str(folder))
    assert done.returncode != 0
    assert "nothing was written" in " ".join(re.findall(r"[\w.]+", done.stderr))
    assert (folder / "cadenza.yaml").read_text() == before


@pytest.mark.parametrize(
    ("file", "written", "instead", "place", "words"),
    [
        (
            "sequences/approach-cold.yaml",
            "email: approach-cold-reminder",
            "email: aproach-cold-reminder",
            "sequences/approach-cold.yaml:51:12",
            ["aproach-cold-reminder", "approach-cold-reminder", "won-handoff-thanks"],
        ),
        (
            "sequences/approach-cold.yaml",
            "lead.stage in",
            "lead.stagge in",
            "sequences/approach-cold.yaml:7:9",
            ["stagge", "stage"],
        ),
        (
            "sequences/approach-cold.yaml",
            "wait: 3 business days",
            "wait: 3 fortnights",
            "sequences/approach-cold.yaml:49:11",
            ["3 fortnights", "days", "business"],
        ),
        (
            "sequences/approach-cold.yaml",
            "steps:",
            "steps: [",
            "sequences/approach-cold.yaml:",
            [],
        ),
        (
            "sequences/approach-cold.yaml",
            "stage: Approach",
            "stage: Aproach",
            "sequences/approach-cold.yaml:4:8",
            ["Aproach", "Prospecting", "Follow-up"],
        ),
        (
            "cadenza.yaml",
            "postal_address:",
            "postal_adress:",
            "cadenza.yaml:10:3",
            ["postal_adress", "postal_address"],
        ),
        (
            "templates/email/approach-cold-opening/body.txt",
            "{{ lead.first_name",
            "{{ lead.frist_name",
            "templates/email/approach-cold-opening/body.txt:1:",
            ["frist_name", "first_name"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_valid(
    folder, file, written, instead, place, words
):
    path = folder / file
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead, 1))
    done = run(folder, "check")
    assert done.returncode == 1
    assert place in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    told = json.loads(run(folder, "check", "--json").stdout)
    assert told["problems"]


def test_nothing_is_applied_while_a_mistake_is_left(folder):
    path = folder / "sequences" / "approach-cold.yaml"
    path.write_text(path.read_text().replace("3 business days", "3 fortnights"))
    for command in ("plan", "apply", "sync"):
        done = run(folder, command, HUBSPOT_TOKEN="t")
        assert done.returncode == 1, (command, done.stdout)
        assert "3 fortnights" in done.stderr, command


def test_a_blank_fact_without_a_default_is_an_error_when_it_is_checked_or_planned(folder):
    path = folder / "templates" / "email" / "approach-cold-opening" / "body.txt"
    path.write_text(path.read_text() + "\n{{ company.nonsense }}\n")
    done = run(folder, "check")
    assert done.returncode == 1
    assert "nonsense" in done.stderr


def test_without_variants_there_is_no_experiment_to_report(folder):
    done = run(folder, "report", "experiments")
    assert done.returncode == 0, done.stderr
    assert "No applied sequence has an email with variants" in done.stdout
    assert json.loads(run(folder, "report", "experiments", "--json").stdout) == []
    [header] = run(folder, "report", "experiments", "--csv").stdout.splitlines()
    assert header.startswith("sequence,step,at,measure,base,smallest,since,verdict,winner,")


def test_a_report_has_one_form(folder):
    header = run(folder, "report", "improve", "--csv").stdout

    assert header == (
        "what,name,within,before_hits,before_of,before_rate,before_low,before_high,"
        "now_hits,now_of,now_rate,now_low,now_high,change,low,high,verdict\n"
    )
    for name in ("improve", "experiments", "stages"):
        done = run(folder, "report", name, "--csv", "--json")
        assert done.returncode == 2, name
        assert "say one of --csv and --json, not both" in done.stderr, name


def test_a_shared_database_wants_a_key_of_its_own(folder):
    done = run(folder, "status", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert done.returncode != 0
    assert "CADENZA_SECRET_KEY" in done.stderr


def test_a_database_that_is_down_is_told(folder):
    environment = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "CADENZA_SECRET_KEY": "for-tests-only",
    }
    done = run(folder, "status", **environment)
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def connected(folder, sandbox):
    """The starter at the sandbox; its environment."""
    return _connect(folder, sandbox)


@pytest.fixture(scope="module")
def synced(made, sandbox, tmp_path_factory):
    """A folder that was synced once, with its environment, for those who are refused there."""
    folder = shutil.copytree(made, tmp_path_factory.mktemp("synced") / "acme")
    environment = _connect(folder, sandbox)
    assert run(folder, "sync", **environment).returncode == 0
    return folder, environment


def _connect(folder, sandbox):
    yaml, path = YAML(), folder / "cadenza.yaml"
    document = yaml.load(path.read_text())
    document["connections"]["hubspot"]["url"] = sandbox["hubspot"]
    document["connections"]["salesforce"]["url"] = sandbox["salesforce"]
    document["mailboxes"] = [
        {
            "address": rep["email"],
            "name": rep["name"],
            "smtp": sandbox["smtp"],
            "imap": sandbox["imap"],
            "password": "${MAIL_PASSWORD}",
        }
        for rep in sandbox["reps"]
    ]
    with path.open("w") as file:
        yaml.dump(document, file)
    return {
        "CADENZA_MODE": "sandbox",
        "HUBSPOT_TOKEN": sandbox["hubspot_token"],
        "SALESFORCE_CLIENT_ID": sandbox["salesforce_client_id"],
        "SALESFORCE_CLIENT_SECRET": sandbox["salesforce_client_secret"],
        "MAIL_PASSWORD": sandbox["mail_password"],
    }


def test_a_wrong_token_is_told_and_the_other_connection_goes_on(folder, connected):
    done = run(folder, "sync", "--json", **{**connected, "HUBSPOT_TOKEN": "wrong-token"})
    assert done.returncode != 0
    assert "wrong-token" not in done.stdout + done.stderr
    reports = {report["connection"]: report for report in json.loads(done.stdout)}
    assert "401" in reports["hubspot"]["error"]
    assert not reports["salesforce"]["error"]


def test_a_plan_before_anybody_was_pulled_says_to_sync(folder):
    done = run(folder, "plan", HUBSPOT_TOKEN="t")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("Next: cadenza sync, since no lead is here yet")


def test_doubtful_people_are_left_out_and_told(folder, connected):
    done = run(folder, "sync", **connected)
    assert done.returncode == 0, done.stderr
    plan = run(folder, "plan", **connected)
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.splitlines()[-1].endswith("Next: cadenza apply")
    assert "has the same email address as" in plan.stdout
    assert "has no email address" in plan.stdout
    assert "asked not to be contacted" in plan.stdout
    asked = run(folder, "explain", "nobody@nowhere.example", **connected)
    assert asked.returncode != 0
    assert "nobody@nowhere.example" in asked.stderr


@pytest.mark.parametrize("command", [["worker"], ["run"], ["listen"], ["sync"]])
def test_production_refuses_a_sandbox(synced, command):
    folder, connected = synced
    production = {"CADENZA_MODE": "production", "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = run(folder, *command, **{**connected, **production})
    assert done.returncode != 0
    assert "sandbox" in done.stdout + done.stderr


def test_the_sync_tells_how_it_stands_what_it_costs_and_what_differs(folder, connected):
    costs = json.loads(run(folder, "sync", "plan", "--json", **connected).stdout)["calls"]
    assert run(folder, "sync", **connected).returncode == 0
    status = json.loads(run(folder, "sync", "status", "--json", **connected).stdout)
    used = {row["connection"]: row["calls_that_day"] for row in status["connections"]}
    differs = run(folder, "sync", "diff", "1", "--json", **connected)
    fields = json.loads(differs.stdout)["fields"]

    for cost in costs:
        # What a backfill cost in the end, beside the counting and a login: never more than told.
        assert cost["records"] > 400
        assert used[cost["connection"]] - 6 <= cost["pull_calls"] + 6
    assert {row["status"] for row in status["connections"]} == {"active"}
    assert all(row["ours"] == row["theirs"] == row["base"] for row in fields if row["base"])
    assert {row["policy"] for row in fields} == {"crm_unless_blank", "opt_out"}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["sync", "approve", "hubspot"], "nothing of hubspot is braked"),
        (["sync", "approve", "pipedrive"], "valid: hubspot, salesforce"),
        (["sync", "retry", "pipedrive"], "valid: hubspot, salesforce"),
        (["sync", "diff", "nobody@nowhere.example"], "nobody@nowhere.example"),
    ],
)
def test_the_sync_commands_refuse_what_is_not_there(synced, command, says):
    folder, connected = synced

    done = run(folder, *command, **connected)

    assert done.returncode != 0
    assert says in " ".join(done.stderr.replace("│", " ").split())


def test_a_secret_that_is_not_set_is_named(synced):
    folder, connected = synced

    done = run(folder, "sync", "diff", "1", **{**connected, "HUBSPOT_TOKEN": ""})

    assert done.returncode == 1
    assert "HUBSPOT_TOKEN is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_policy_that_is_none_is_refused_with_the_choices(folder):
    path = folder / "cadenza.yaml"
    text = path.read_text().replace(
        "    pull_every: 15 minutes\n",
        "    pull_every: 15 minutes\n    policies: {lead: {title: mine}}\n", 1,
    )  # fmt: skip
    path.write_text(text)

    done = run(folder, "check")

    assert done.returncode == 1
    assert "cadenza.yaml:" in done.stdout + done.stderr
    assert "crm_unless_blank" in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["sync status", "check", "test"])
def test_a_folder_without_a_workspace_is_no_healthy_one(tmp_path, command):
    done = run(tmp_path, *command.split())

    assert done.returncode == 1
    assert done.stderr == (
        f"{tmp_path} has no cadenza.yaml. `cadenza init` makes a workspace; -w or "
        "CADENZA_WORKSPACE names another folder.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    ["preview approach-cold --out no/such/mail.eml", "simulate --sample 9 --touches no/such.csv"],
)
def test_a_file_that_cannot_be_written_is_named(folder, command):
    done = run(folder, *command.split())

    assert done.returncode == 1
    assert done.stderr.startswith("no/such")
    assert done.stderr.endswith(": No such file or directory\n")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nobody", "'nobody' is no lead's number and no email address"),
        ("nobody@example.com", "no lead has the email address nobody@example.com"),
        ("4711", "no lead has the number 4711"),
    ],
)
def test_a_lead_that_there_is_not(folder, connected, name, says):
    # somebody without an address is nobody's answer to a blank one
    assert run(folder, "sync", **connected).returncode == 0

    done = run(folder, "explain", name, **connected, COLUMNS="200")

    assert done.returncode == 2
    assert says in done.stderr


def test_what_the_program_keeps_is_not_for_git(folder):
    assert run(folder, "status").returncode == 0

    assert (folder / ".cadenza/.gitignore").read_text() == "*\n"


def test_a_plan_is_kept_applied_once_and_refused_when_the_files_change(folder, connected):
    assert run(folder, "sync", **connected).returncode == 0
    early = run(folder, "apply", **connected)
    assert early.returncode != 0
    assert "cadenza plan" in " ".join(re.findall(r"[\w-]+", early.stderr))
    planned = json.loads(run(folder, "plan", "--json", **connected).stdout)
    assert {entry["sequence"] for entry in planned["sequences"]} >= {"approach-cold"}
    template = folder / "templates/email/approach-cold-opening/body.txt"
    before = template.read_text()
    template.write_text(before + "P.S.\n")
    refused = run(folder, "apply", **connected)
    assert refused.returncode == 1
    assert "approach-cold: its file, a template of it or process.yaml has changed" in refused.stderr
    refused = run(folder, "apply", "--json", **connected)
    assert (refused.returncode, json.loads(refused.stdout)["moved"]) == (
        1,
        [{"sequence": "approach-cold", "what": "files", "lead": None, "name": "", "why": ""}],
    )
    template.write_text(before)
    assert run(folder, "apply", "--json", **connected).returncode == 0
    assert run(folder, "apply", **connected).returncode != 0


def test_an_event_is_noted_or_told_with_the_valid_ones(folder, connected):
    assert run(folder, "sync", **connected).returncode == 0
    assert run(folder, "apply", "--unplanned", **connected).returncode == 0
    noted = run(folder, "event", "3", "meeting_booked", **connected)
    assert noted.returncode == 0, noted.stderr
    assert "meeting_booked is noted" in noted.stdout
    wrong = run(folder, "event", "3", "meeting_boked", **connected)
    assert "meeting_booked" in wrong.stderr
    assert wrong.returncode != 0


def test_a_preview_is_shown_kept_and_opened_and_its_problems_are_told(folder, tmp_path):
    body = folder / "templates/email/approach-cold-opening/body.txt"
    body.write_text("{{ lead.extra.nope }}" + body.read_text())
    refused = run(folder, "preview", "approach-cold")
    body.write_text(body.read_text().replace("{{ lead.extra.nope }}", ""))
    html = folder / "templates/email/approach-cold-opening/body.html"
    html.write_text("<script>alert(1)</script>" + html.read_text())

    done = run(
        folder, "preview", "approach-cold", "--json", "--open", "--out", str(tmp_path / "a.eml"),
        BROWSER="true",
    )  # fmt: skip

    assert refused.returncode == 1
    assert (
        "templates/email/approach-cold-opening/body.txt:1:4: lead.extra has no fields"
        in refused.stderr
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["lead"], told["problems"]) == (0, 0, [])
    assert [email["step"] for email in told["emails"]] == [
        "opening", "opening", "reminder", "closing-note",
    ]  # fmt: skip
    kept = (tmp_path / "a-1-approach-cold-opening.eml").read_bytes()
    assert kept.startswith(b'From: "Ada Byron" <ada@example.com>\r\nTo: grace.hopper@')
    page = (folder / ".cadenza/preview.html").read_text()
    assert "default-src 'none'" in page
    assert page.count('<iframe sandbox=""') == 4
    assert "<script" not in page


def test_a_proof_leaves_through_the_mailbox(folder, connected, sandbox):
    people = requests.get(f"{sandbox['control']}/people", timeout=10).json()
    to = next(person["email"] for person in people if person["persona"] == "silent")
    words = ("preview", "approach-cold-opening", "--sample", "--json", "--send-to")

    done = run(folder, *words, to, **connected)
    unknown = run(folder, *words, "nobody@nowhere.example", **connected)
    refused = run(folder, *words, to, **{**connected, "MAIL_PASSWORD": "wrong"})
    status = run(folder, "status", "--json", **connected)

    url = urlsplit(sandbox["imap"])
    with IMAPClient(url.hostname, url.port, ssl=False) as mailbox:
        mailbox.login(sandbox["reps"][0]["email"], sandbox["mail_password"])
        mailbox.select_folder("Sent", readonly=True)
        found = mailbox.search(["SUBJECT", "[Proof for grace.hopper@hopper.example]", "TO", to])
    email = "opening (approach-cold-opening, 50 %)"
    assert (done.returncode, json.loads(done.stdout)["problems"]) == (0, [])
    assert done.stderr == f"Sent to {to}: {email}\n"
    assert len(found) == 1
    [told] = json.loads(unknown.stdout)["problems"]
    assert told.startswith(f"{email}: not sent to nobody@nowhere.example (gone): 550 5.1.1")
    assert "refused: 535" in json.loads(refused.stdout)["problems"][0]
    assert (unknown.returncode, refused.returncode) == (1, 1)
    assert json.loads(status.stdout)["emails"] == []


def test_a_preview_of_what_there_is_not(folder):
    unknown = run(folder, "preview", "approach-cool")
    both = run(folder, "preview", "approach-cold", "--sample", "--lead", "1")

    assert (unknown.returncode, both.returncode) == (2, 2)
    assert "unknown sequence or template" in unknown.stderr
    assert "exclude each other" in both.stderr


def test_sending_is_paused_and_resumed_by_a_person(folder, connected):
    assert run(folder, "sync", **connected).returncode == 0
    assert run(folder, "apply", "--unplanned", **connected).returncode == 0

    paused = run(folder, "pause", "--all", "--reason", "a wrong price", **connected)
    one = run(folder, "pause", "--sequence", "Approach-Cold", **connected)
    status = run(folder, "status", "--json", **connected)
    resumed = run(folder, "resume", "--all", **connected)
    again = run(folder, "resume", "--all", **connected)

    assert paused.stdout.startswith("Paused: all sending; 0 queued emails held.")
    assert one.stdout.startswith("Paused: sequence approach-cold; 0 queued emails held.")
    told = json.loads(status.stdout)["paused"]
    assert [(row["paused"], row["reason"], bool(row["since"] and row["by"])) for row in told] == [
        ("all sending", "a wrong price", True),
        ("sequence approach-cold", "", True),
    ]
    assert resumed.stdout.endswith("Still paused: sequence approach-cold.\n")
    assert (again.returncode, again.stderr) == (
        1,
        "That is not paused; paused: sequence approach-cold.\n",
    )


def test_one_leads_enrollment_is_paused_and_resumed(folder, connected):
    assert run(folder, "sync", **connected).returncode == 0
    assert run(folder, "apply", "--unplanned", **connected).returncode == 0
    shown = run(folder, "preview", "approach-cold", "--json", **connected)
    lead = str(json.loads(shown.stdout)["lead"])

    done = [run(folder, word, lead, **connected) for word in ("resume", "pause", "resume")]

    assert [one.returncode for one in done] == [1, 0, 0]
    assert [one.stdout.partition(": ")[2] for one in done[1:]] == [
        "approach-cold is paused.\n",
        "approach-cold goes on.\n",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name one: a lead, --all, --mailbox ADDRESS or --sequence NAME"),
        (["3", "--all"], "name one: a lead, --all, --mailbox ADDRESS or --sequence NAME"),
        (["3", "--reason", "x"], "--reason goes with --all, --mailbox or --sequence"),
        (["--mailbox", "nobody@example.com"], "valid: none is applied yet"),
        (["--sequence", "nothing"], "valid: none is applied yet"),
    ],
)
def test_a_pause_of_what_there_is_not(folder, words, says):
    done = run(folder, "pause", *words)

    assert done.returncode == 2
    assert says in " ".join(done.stderr.replace("│", " ").split())


def test_a_status_with_nothing_in_it(folder):
    shown = run(folder, "status")

    assert shown.stdout == (
        "Nothing was pulled or applied yet. Next: cadenza sync, then cadenza plan\n"
    )


def test_an_outbox_tells_when_the_next_step_comes_due(folder, connected):
    for words in (["sync"], ["apply", "--unplanned"], ["outbox"]):
        done = run(folder, *words, **connected)
        assert done.returncode == 0, done.stderr

    at = r"[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC"
    assert re.fullmatch(
        rf"Nothing waits, nothing failed\. (The next step comes due {at}\.|"
        rf"A step is due since {at}; `cadenza run` takes it\.)\n",
        done.stdout,
    )


def test_an_outbox_with_nothing_in_it(folder, connected):
    assert run(folder, "sync", **connected).returncode == 0

    shown = run(folder, "outbox")
    told = run(folder, "outbox", "--json")
    wrong = run(folder, "outbox", "--mailbox", "nobody@example.com")

    assert shown.stdout == "Nothing waits, nothing failed.\n"
    assert json.loads(told.stdout) == {"queued": [], "sending": [], "unconfirmed": [], "failed": []}
    assert wrong.returncode == 2
    assert "no applied mailbox is called 'nobody@example.com'" in wrong.stderr.replace("\n", " ")


def test_staging_is_said_loudly(folder, connected):
    path = folder / "cadenza.yaml"
    path.write_text(f"{path.read_text()}\nredirect_to: staging@example.com\n")
    assert run(folder, "sync", **connected).returncode == 0

    checked = run(folder, "check")
    strict = run(folder, "check", "--strict")
    status = run(folder, "status")
    told = run(folder, "status", "--json")

    assert "warning: redirect_to: every email goes to staging@example.com" in checked.stderr
    assert (checked.returncode, strict.returncode) == (0, 1)
    assert status.stdout.startswith("STAGING: every email goes to staging@example.com")
    assert json.loads(told.stdout)["redirected"] == [{"redirect_to": "staging@example.com"}]
