"""`cadenza tasks` and `cadenza task`: what a rep types, and what it comes to."""

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.config.test_cli import CHECKOUT, folder, made, run  # noqa: F401 - fixtures


@pytest.fixture
def workspace(folder):  # noqa: F811 - the fixture
    """A workspace with two reps, and a call that is a day late."""
    assert run(folder, "tasks").stdout == "Nothing is to be done.\n"
    (database,) = folder.glob("**/*.sqlite3")
    now = datetime.now(UTC)
    with sqlite3.connect(database) as rows:
        insert(rows, "crm_connection", id=1, name="hubspot", kind="hubspot", status="active",
               pull_every=3_600_000_000)  # fmt: skip
        for number, name in ((1, "ada"), (2, "bob")):
            insert(rows, "crm_owner", id=number, email=f"{name}@example.com", name=name, active=1)
        insert(rows, "crm_lead", id=1, email="grace@x.example", first_name="Grace", owner_id=1,
               phone="+44 20 7946 0000", source_id=1, created_at=now)  # fmt: skip
        insert(rows, "process_task", id=1, kind="call", title="Call Grace", lead_id=1, owner_id=1,
               say="Hello Grace.", created_at=now - timedelta(days=2), key="k",
               due_at=now - timedelta(days=1, minutes=5))  # fmt: skip
    rows.close()
    return folder


def insert(rows, table, **values):
    """A row with what is given, and blanks where a column takes no null."""
    ((sql,),) = rows.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table])
    for _, column, type_, required, *_ in rows.execute(f"PRAGMA table_info({table})"):
        if required and column not in values and column != "id":
            blank = "{}" if f'JSON_VALID("{column}")' in sql else ""
            values[column] = blank if type_.startswith(("text", "varchar")) else 0
    texts = [str(v) if isinstance(v, datetime) else v for v in values.values()]
    marks = ", ".join("?" * len(values))
    rows.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", texts)  # noqa: S608


def told(folder, *words):  # noqa: F811 - not the fixture
    done = run(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_queue_says_what_and_why(workspace):
    (task,) = json.loads(told(workspace, "tasks", "--owner", "ADA@example.com", "--json"))

    assert task.pop("due_at")
    assert task == {
        "id": 1,
        "kind": "call",
        "title": "Call Grace",
        "because": ["was due 1 day ago"],
        "lead": "Grace",
        "lead_id": 1,
        "company": "",
        "phone": "+44 20 7946 0000",
        "owner": "ada@example.com",
        "say": "Hello Grace.",
        "last_touches": "",
        "dispositions": [
            "connected", "voicemail", "no_answer", "wrong_number", "not_interested", "meeting_set",
        ],
    }  # fmt: skip
    assert told(workspace, "tasks", "--owner", "bob@example.com") == "Nothing is to be done.\n"


def test_each_deed_is_done_once_and_then_told(workspace):
    assert told(workspace, "task", "give", "1", "--to", "bob@example.com") == (
        "1 Call Grace: is bob@example.com's now.\n"
    )
    assert told(workspace, "task", "snooze", "1", "--until", "2999-01-01") == (
        "1 Call Grace: sleeps until 2999-01-01 00:00.\n"
    )
    assert told(workspace, "tasks") == "Nothing is to be done.\n"
    done = ("task", "done", "1", "--disposition", "voicemail", "--by", "bob")
    assert told(workspace, *done) == "1 Call Grace: is done.\n"
    assert told(workspace, *done).startswith("1 Call Grace: voicemail by bob at ")
    assert told(workspace, "task", "skip", "1", "--why", "late").startswith("1 Call Grace: voicem")
    ended = json.loads(told(workspace, "task", "show", "1", "--json"))
    assert ended["ended"].startswith("voicemail by bob at ")
    assert ended["because"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("task", "done", "1", "--disposition", "bored"), 'unknown disposition "bored"'),
        (("task", "done", "7"), "there is no task 7"),
        (("task", "snooze", "1", "--until", "2001-01-01"), "is over"),
        (("task", "give", "1", "--to", "carl@x.example"), "valid: ada@example.com,"),
        (("tasks", "--owner", "carl@x.example"), "no rep has the address carl@x.example"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_done(workspace, words, said):
    failed = run(workspace, *words)

    assert failed.returncode == 2
    assert said in " ".join(failed.stderr.replace("│", " ").split())
    assert len(json.loads(told(workspace, "tasks", "--json"))) == 1


@pytest.mark.parametrize(
    ("rep", "told"),
    [
        ("Ada@example.com", ""),
        (
            "eve@example.com",
            "no owner in a CRM has this address, so its tasks stay empty until one has\n",
        ),
    ],
)
def test_a_login_for_whom_there_are_no_tasks_is_told(workspace, rep, told):
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "config.cli", "-w", str(workspace), "user", rep, "--rep"],
        input="correct-horse-7\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )

    assert (done.stdout, done.stderr) == (f"{rep} may log in at /tasks now.\n", told)
