"""`cadenza suppression` as a person types it: words and exit codes."""

import json
import stat
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from config.cli import suppression  # noqa: F401 - it adds the command
from config.cli.app import app
from crm.models import Activity, Connection, Lead
from mail.models import Suppression
from runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cadenza(tmp_path, monkeypatch, frozen_clock):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///of the tests")
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    def run(*words):
        done = CliRunner().invoke(app, ["-w", str(tmp_path), "suppression", *words])
        plain = " ".join(done.output.replace("│", " ").split())
        return done.exit_code, plain

    return run


@pytest.fixture
def lead():
    source = Connection.objects.create(
        name="csv", kind="csv", status="stopped", last_error="no folder", pull_every=timedelta(1)
    )
    return Lead.objects.create(
        email="grace@customer.example", source=source, created_at=clock.now()
    )


def test_a_domain_is_added_listed_and_removed(cadenza, lead):
    added = cadenza("add", "customer.example", "--domain", "--reason", "a letter")
    again = cadenza("add", "customer.example", "--domain")
    code, listed = cadenza("list", "--json")
    removed = cadenza("remove", "customer.example", "--domain")

    assert added == (0, "@customer.example is suppressed; it covers 1 lead.")
    assert again == (0, "@customer.example was suppressed by hand already.")
    assert (code, json.loads(listed)) == (
        0,
        [
            {
                "scope": "domain",
                "value": "customer.example",
                "kind": "manual",
                "since": "2026-03-02 06:00:00+00:00",
                "by": "ada",
                "reason": "a letter",
            }
        ],
    )
    assert removed == (
        0,
        "@customer.example is no longer suppressed; 1 lead may be written to.",
    )


def test_what_a_person_asked_for_is_taken_back_with_consent_and_a_reason_alone(cadenza, lead):
    Suppression.objects.create(email=lead.email, kind="unsubscribed", at=clock.now())

    refused = cadenza("remove", lead.email)
    unexplained = cadenza("remove", lead.email, "--consented")
    removed = cadenza("remove", lead.email, "--consented", "--reason", "a form of today")

    assert (refused[0], unexplained[0], removed[0]) == (2, 2, 0)
    assert "is suppressed for: unsubscribed. Only who has the person's new consent" in refused[1]
    assert "--consented needs a --reason" in unexplained[1]
    assert Activity.objects.get(kind="suppression_removed").data["reason"] == "a form of today"


def test_a_file_is_imported_as_a_whole_and_exported(cadenza, tmp_path, lead):
    file, out = tmp_path / "list.csv", tmp_path / "out.csv"
    file.write_text("email\ngrace@customer.example\nnobody\n")
    bad = cadenza("import", str(file))
    count = Suppression.objects.count()
    file.write_text("email\ngrace@customer.example\n")

    dry = cadenza("import", str(file), "--dry-run")
    done = [cadenza("import", str(file))[1] for _ in range(2)]
    exported = cadenza("export", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    assert (bad[0], count) == (1, 0)
    assert dry == (0, "1 would be suppressed, 0 were already; they stop 1 lead.")
    assert done == [
        "1 suppressed, 0 were already; they stop 1 lead.",
        "0 suppressed, 1 were already; they stop 0 leads.",
    ]
    assert exported == (0, f"1 suppression in {out}.")
    assert out.read_text().splitlines()[1] == (
        "address,grace@customer.example,imported,2026-03-02T06:00:00+00:00,ada,import of list.csv"
    )


def test_the_audit_fails_with_a_line_for_each_discrepancy(cadenza, lead):
    cadenza("add", lead.email)

    code, told = cadenza("audit")
    json_code, as_json = cadenza("audit", "--json")

    found = json.loads(as_json)["discrepancies"]
    assert (code, json_code) == (1, 1)
    assert [one["what"] for one in found] == ["not_flagged", "not_asked"]
    assert "csv: its opt-outs are not known: no folder; cadenza sync" in told
    assert told.endswith("asked: no CRM. 2 discrepancies.")
