"""`cadenza privacy` from outside: what stands in the export, and in the bytes of the database's file."""

import json
from io import StringIO

import pytest
from ruamel.yaml import YAML

from tests.config.test_cli import run

LEADS = "id,email,first_name,last_name,phone,do_not_contact\n7,grace@customer.example,Grace,Murray,+1 555 0100,\n"
PERSONAL = (b"grace", b"Murray", b"555 01")
TEAM = """\
timezone: Europe/Berlin
public_url: https://out.example.com
sender: { company: Example GmbH, postal_address: "Musterstraße 1, 10115 Berlin" }
connections: { events: { kind: csv, folder: DATA, pull_every: 1 hour } }
mailboxes:
  - { address: ada@example.com, smtp: "smtp://127.0.0.1:1", imap: "imap://127.0.0.1:1", password: "${PW}" }
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "acme"
    assert run(tmp_path, "init", str(path)).returncode == 0
    (path / "cadenza.yaml").write_text(TEAM.replace("DATA", str(path / "data")))
    process = (path / "process.yaml").read_text()
    (path / "process.yaml").write_text(_on_csv_alone(process))
    (path / "data").mkdir()
    (path / "data" / "leads.csv").write_text(LEADS)
    return path


def _on_csv_alone(process):
    """Each stage with a counterpart in the folder, and in no other CRM."""
    yaml, out = YAML(), StringIO()
    loaded = yaml.load(process)
    for stage in loaded["stages"]:
        stage["counterparts"] = {"events": {"lead_status": [stage["name"]]}}
    yaml.dump(loaded, out)
    return out.getvalue()


def test_an_erased_person_is_in_no_byte_of_the_database_and_does_not_come_back(folder):
    synced = run(folder, "sync", PW="x")
    assert synced.returncode == 0, synced.stderr + synced.stdout
    exported = json.loads(run(folder, "privacy", "export", "grace@customer.example").stdout)
    before = bytes_of(folder)
    unasked = run(folder, "privacy", "erase", "grace@customer.example", "--reason", "a letter")

    erased = run(
        folder, "privacy", "erase", "grace@customer.example", "--reason", "a letter", "--yes"
    )
    again = run(folder, "privacy", "erase", "1", "--reason", "a letter", "--yes")
    (folder / "data" / "leads.csv").write_text(LEADS.replace("0100", "0199"))
    run(folder, "sync", PW="x")

    after = bytes_of(folder)
    assert exported["person"][0]["last_name"] == "Murray"
    assert (unasked.returncode, erased.returncode) == (1, 0)
    assert erased.stdout.startswith("Lead 1 is erased: ")
    assert again.stdout.startswith("Lead 1 was erased on ")
    assert [word for word in PERSONAL if word not in before] == []
    assert [word for word in PERSONAL if word in after] == []


def test_an_address_that_no_lead_has(folder):
    assert run(folder, "suppression", "add", "Alan@customer.example", PW="x").returncode == 0

    exported = run(folder, "privacy", "export", "alan@CUSTOMER.example")
    wrong = run(folder, "privacy", "export", "alan")

    told = json.loads(exported.stdout)
    assert [row["email"] for row in told["suppressions"]] == ["alan@customer.example"]
    assert (told["person"], exported.returncode, wrong.returncode) == ([], 0, 2)


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in (folder / ".cadenza").glob("cadenza.sqlite3*"))
