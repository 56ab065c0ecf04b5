"""`cadenza status` and `cadenza sync status` as an operator reads them."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from config.cli import operate, sync  # noqa: F401 - they add the commands
from config.cli.app import app
from crm.models import Activity, CallBudget, Change, Connection, ExternalRecord, Lead
from mail.models import EmailTemplate, Mailbox, Message
from runtime import clock

pytestmark = pytest.mark.django_db
NO_STATUS = "a Salesforce Contact has no status: only a Lead that is not converted does"
NEXT = (
    "Refused changes: mend what the reason names, then `cadenza sync retry`; "
    "the console has each under Changes."
)


@pytest.fixture
def cadenza(tmp_path, monkeypatch, frozen_clock):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///of the tests")
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        done = CliRunner().invoke(app, ["-w", str(tmp_path), *words])
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.fixture
def connection(db):
    return Connection.objects.create(
        name="salesforce", kind="csv", status="stopped", pull_every=timedelta(hours=1)
    )


def refuse(connection, external_id, *, field="status", error=NO_STATUS):
    record = ExternalRecord.objects.create(
        connection=connection, kind="lead", external_id=external_id
    )
    Change.objects.create(
        connection=connection, record=record, kind="update", field=field, status="refused",
        last_error=error, created_at=clock.now(), due_at=clock.now(), priority=1,
    )  # fmt: skip


def cells(output):
    return [[cell.strip() for cell in line[1:-1].split("│")] for line in output.splitlines()]


@pytest.mark.parametrize("command", [["status"], ["sync", "status"]])
def test_equal_refusals_are_one_row_with_an_example_and_the_next_move(cadenza, connection, command):
    for number in range(24):
        refuse(connection, f"003{number:02}")
    refuse(connection, "00399", field="title", error="too long")

    told = cadenza(*command)
    rows = json.loads(cadenza(*command, "--json"))["refused_changes"]

    alike = {"connection": "salesforce", "field": "status", "count": 24, "for_example": "00300"}
    other = {"connection": "salesforce", "field": "title", "count": 1, "for_example": "00399"}
    assert rows == [{**alike, "reason": NO_STATUS}, {**other, "reason": "too long"}]
    found = [row for row in cells(told) if row[0] == "salesforce" and row[1] in {"status", "title"}]
    assert [row[:4] for row in found] == [
        ["salesforce", "status", "24", "00300"],
        ["salesforce", "title", "1", "00399"],
    ]
    assert told.splitlines()[-1] in NEXT
    assert NEXT in " ".join(told.split())


@pytest.mark.parametrize("command", [["status"], ["sync", "status"]])
def test_nothing_refused_is_no_move(cadenza, connection, command):
    assert NEXT.split(":", maxsplit=1)[0] not in cadenza(*command)


def test_calls_are_of_the_day_by_which_crms_count_whatever_our_clock_says(
    cadenza, connection, monkeypatch
):
    monkeypatch.setattr(clock, "monotonic", datetime(2026, 11, 27, 9, tzinfo=UTC).timestamp)
    Connection.objects.update(kind="hubspot", calls=107)
    for name, day, used in (("call", date(2026, 11, 27), 7), ("search", date(2026, 11, 26), 100)):
        CallBudget.objects.create(
            connection=connection, name=name, tokens=1, refilled_at=0, day=day, day_used=used,
            day_limit=1000,
        )  # fmt: skip

    rows = dict(row[:2] for row in cells(cadenza("sync", "status")) if len(row) > 1)

    assert (rows["quota day"], rows["calls that day"], rows["left that day"]) == (
        "2026-11-27",
        "7",
        "993",
    )


def test_reactions_that_failed_alike_are_one_row(cadenza, connection):
    for attempts in (1, 3):
        Activity.objects.create(
            kind="answered", occurred_at=clock.now(), connection=connection,
            reaction_attempts=attempts, reaction_error="KeyError: 'x'",
        )  # fmt: skip

    rows = json.loads(cadenza("status", "--json"))["failed_reactions"]

    first = Activity.objects.earliest("pk").pk
    alike = {"activities": 2, "for_example": first, "attempts": 3}
    assert rows == [{"kind": "answered", "error": "KeyError: 'x'", **alike}]


def test_headings_are_words(cadenza, unconfirmed):
    lines = cadenza("status").splitlines()

    names = {cell.strip() for line in lines if line.startswith("┃") for cell in line.split("┃")}
    assert {"email", "to", "handed at (UTC)"} <= names
    assert not {name for name in names if "_" in name or name in {"pk", "id"}}


@pytest.fixture
def unconfirmed(connection):
    now = clock.now()
    template = EmailTemplate.objects.create(name="opening", digest="1", subject="Hello", html="")
    Message.objects.create(
        enrollment_id=1, step_id="opening", token="token", message_id="<1@example.com>", window={},
        lead=Lead.objects.create(email="g@c.example", source=connection, created_at=now),
        mailbox=Mailbox.objects.create(address="ada@example.com", per_day=1, per_hour=1, gap=timedelta()),
        template=template, to_email="g@c.example", status=Message.Status.UNCONFIRMED,
        enrolled_at=now, queued_at=now, due_at=now, handed_at=now,
    )  # fmt: skip
