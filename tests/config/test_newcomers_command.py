"""`cadenza leads import`, `waiting`, `take` and `drop`: what is told, what is written, what follows."""

import json

import pytest
from typer.testing import CliRunner

from config.cli import newcomers  # noqa: F401 - it adds the commands
from config.cli.app import app
from config.cli.errors import explained
from crm.facts import FIELDS
from crm.models import Activity, Connection, Lead
from crm.pull import pull
from mail.suppression import suppress
from process import apply, blueprint
from process.models import Submission
from runtime import clock
from tests.config.test_privacy_command import folder  # noqa: F401 - a fixture
from workers import reactions

pytestmark = pytest.mark.django_db
FORM = """\
forms:
  demo:
    fields: { email: lead.email, name: lead.first_name, said: message }
    consent: Write to me.
    allowed_origins: [https://www.example.com]
"""
PEOPLE = """\
email,first_name,Title
Alan@customer.example,Alan,CTO
grace@customer.example,Grace,Admiral
ada@customer.example,Ada,
alan@CUSTOMER.example,Alan,
"""


@pytest.fixture
def workspace(db, folder, settings, frozen_clock, monkeypatch):  # noqa: F811 - the fixture
    """Applied, and pulled: Grace is a lead, and Ada asked to be left alone."""
    monkeypatch.setenv("PW", "x")
    settings.WORKSPACE = folder
    team = folder / "cadenza.yaml"
    team.write_text(team.read_text() + FORM)
    apply.configure(blueprint.load(folder, schema=FIELDS))
    synced()
    suppress("ada@customer.example", "unsubscribed", at=clock.now())
    return folder


@pytest.fixture
def run(workspace):
    def run(*words):
        done = CliRunner().invoke(app, ["-w", str(workspace), "leads", *map(str, words)])
        told = explained(done.exception) if done.exit_code == 1 and done.exception else ""
        return done.exit_code, " ".join(f"{done.output}{told}".replace("│", " ").split())

    return run


def synced():
    pulled = pull(Connection.objects.get().pk)
    assert not pulled.error
    while reactions.waiting():
        reactions.react()


def rows(workspace):
    lines = (workspace / "data" / "leads.csv").read_text().splitlines()
    return [line.partition(",")[2] for line in lines]


def test_an_import_tells_everything_and_writes_what_is_new(run, workspace, frozen_clock):
    file = workspace / "people.csv"
    file.write_text(PEOPLE.replace(",Title", ",phone"))
    before = rows(workspace)
    day = f"{clock.now():%Y-%m-%d}"

    shown = run("import", file, "--list", "fair")
    untouched = rows(workspace) == before and not (workspace / "lists" / "fair.csv").exists()
    written = run("import", file, "--list", "fair", "--yes")
    again = run("import", file, "--list", "fair", "--yes")
    synced()
    known = run("import", file)

    told = (
        "people.csv:3: grace@customer.example is known: lead 1 "
        f"people.csv:4: ada@customer.example is suppressed: unsubscribed since {day} "
        "people.csv:5: alan@customer.example is twice: stands in line 2 already "
    ).replace("lead 1", f"lead {Lead.objects.order_by('pk')[0].pk}")
    assert shown == (0, f"{told}1 person would come into events; write it with --yes.")
    assert untouched
    assert written[1].removeprefix(told) == (
        "1 person written into events; `cadenza sync` reads them. "
        "2 addresses put on fair; `cadenza apply` takes the list up."
    )
    assert "0 people written into events" in again[1]
    assert "0 addresses put on fair" in again[1]
    assert rows(workspace) == [*before, "alan@customer.example,Alan,,CTO,"]
    assert (workspace / "lists" / "fair.csv").read_text() == (
        "email\nalan@customer.example\ngrace@customer.example\n"
    )
    assert Lead.objects.get(email="alan@customer.example").phone == "CTO"
    assert known[1].count(" is known: ") == 2


def test_every_mistake_is_told_by_line_and_column_and_nothing_is_written(run, workspace):
    file, before = workspace / "people.csv", rows(workspace)
    file.write_text(
        "email,first_name\nalan@customer.example,Alan\nnobody,Ada\n," + "x" * 201 + "\n"
    )

    wrong = run("import", file, "--yes")
    file.write_text("email,zz\n")
    column = run("import", file)
    file.write_text("first_name\nAda\n")
    missing = run("import", file)

    assert wrong == (
        1,
        'people.csv:3:1: "nobody" is no email address people.csv:4:1: "" is no email address '
        "people.csv:4:2: first_name: 201 characters, where 200 are the most",
    )
    assert column[1].startswith('people.csv:1:2: unknown column "zz"; valid: country, email, ')
    assert missing[1] == 'people.csv:1:1: needs a column "email"; its first line has first_name'
    assert rows(workspace) == before


def test_a_column_that_the_folder_has_not_is_told(run, workspace):
    file = workspace / "people.csv"
    file.write_text(PEOPLE)

    code, told = run("import", file, "--yes")

    assert (code, told.endswith("leads.csv:1:1: lacks the columns title; add them there")) == (
        1,
        True,
    )


def test_a_folder_that_is_not_there_is_told_and_an_empty_one_gets_every_column(run, workspace):
    file, data = workspace / "people.csv", workspace / "data"
    file.write_text("email,first_name,phone\nalan@customer.example,Alan,1\n")
    data.rename(workspace / "away")

    gone = run("import", file, "--yes")
    data.mkdir()
    written = run("import", file, "--yes")

    assert gone == (1, f"there is no folder {data}; make it, and do it again")
    assert written == (0, "1 person written into events; `cadenza sync` reads them.")
    header, person = (data / "leads.csv").read_text().splitlines()
    assert header == "id,email,first_name,phone,status,owner_id,do_not_contact"
    assert person.partition(",")[2] == "alan@customer.example,Alan,1,,,"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../fair", '"../fair" must be lower-case words joined by "-"'),
        ("described", '"described" is a list of process.yaml, which takes people by a condition'),
    ],
)
def test_a_list_that_cannot_be_written_is_refused(run, workspace, name, told):
    file, process = workspace / "people.csv", workspace / "process.yaml"
    file.write_text(PEOPLE)
    process.write_text(
        process.read_text() + '\nlists: { described: { when: lead.country == "DE" } }\n'
    )

    code, said = run("import", file, "--list", name, "--yes")

    assert (code, told in said) == (2, True)


def submitted(email="alan@customer.example"):
    return Submission.objects.create(
        form="demo", email=email, told={"lead.first_name": "Alan", "message": "A demo?"},
        consent="Write to me.", network="", at=clock.now(),
    )  # fmt: skip


def test_whoever_wrote_and_is_taken_comes_with_the_next_pull(run, workspace, frozen_clock):
    row, before = submitted(), rows(workspace)

    listed = json.loads(run("waiting", "--json")[1])
    taken = run("take", row.pk)
    twice = run("take", row.pk)
    synced()

    lead = Lead.objects.get(email="alan@customer.example")
    (activity,) = Activity.objects.filter(kind="form_submitted")
    assert [(one["submission"], one["waits"]) for one in listed] == [
        (row.pk, "no lead has the address")
    ]
    assert taken[1] == (
        "alan@customer.example is written into events; once a pull reads it, submission "
        f"{row.pk} is noted by itself."
    )
    assert "stands already in events" in twice[1]
    assert rows(workspace) == [*before, "alan@customer.example,Alan,,,"]
    assert (activity.lead, lead.first_name, run("waiting")[1]) == (lead, "Alan", "Nothing waits.")
    assert f"submission {row.pk} is noted already" in run("take", row.pk)[1]


def test_a_submission_that_is_dropped(run, workspace):
    row = submitted()

    dropped = run("drop", row.pk, "--why", "spam", "--by", "Ada")
    taken = run("take", row.pk)
    nobodys = run("drop", row.pk + 1, "--why", "spam")

    row.refresh_from_db()
    assert (dropped[0], row.state, row.by, row.why) == (0, "dropped", "Ada", "spam")
    assert (taken[0], f"submission {row.pk} is dropped already" in taken[1]) == (2, True)
    assert (nobodys[0], f"there is no submission {row.pk + 1}" in nobodys[1]) == (2, True)


@pytest.mark.parametrize("columns", [80, 120])
def test_who_waits_is_told_line_by_line(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    row = submitted("a.rather.long.address.of.somebody@customer.example")

    told = run("waiting")[1]

    assert told == (
        f"submission {row.pk} ┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓ "
        "┃ fact ┃ known ┃ "
        "┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩ "
        "form demo at 2026-03-02 06:00 UTC email a.rather.long.address.of.somebody@customer.example "
        "waits no lead has the address lead.first_name Alan message A demo? "
        "└─────────────────┴────────────────────────────────────────────────────┘"
    )
