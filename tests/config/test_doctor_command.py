"""`cadenza doctor`: which mailboxes it looks at, and how it ends."""

import json

import pytest

from tests.config.test_cli import run

SECRETS = {"MAIL_PASSWORD_ADA": "wrong"}


@pytest.fixture
def applied(tmp_path):
    """A workspace whose only mailbox has nobody behind it."""
    assert run(tmp_path, "init", str(tmp_path)).returncode == 0
    path = tmp_path / "cadenza.yaml"
    text = path.read_text().replace("smtp.example.com:587", "127.0.0.1:1")
    text = text.replace("imap.example.com:993", "127.0.0.1:1")
    path.write_text(text.replace("https://outreach.example.com", "http://127.0.0.1:1"))
    done = run(tmp_path, "apply", "--unplanned", CADENZA_MODE="sandbox")
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_faults_are_told_and_end_with_one(applied):
    done = run(applied, "doctor", "--json", CADENZA_MODE="sandbox", **SECRETS)

    assert done.returncode == 1, done.stderr
    faults = [found for found in json.loads(done.stdout) if found["grade"] == "fault"]
    assert [found["check"] for found in faults] == ["smtp", "imap", "web"]
    assert all(found["fix"] for found in faults)


def test_what_was_found_is_counted_in_words(applied):
    done = run(applied, "doctor", CADENZA_MODE="sandbox", **SECRETS)

    assert done.stdout.splitlines()[-1] == "4 unknown, 3 faults"


def test_a_public_address_that_is_none_is_told_at_its_place(applied):
    path = applied / "cadenza.yaml"
    path.write_text(path.read_text().replace("http://127.0.0.1:1", "https://out.example:port"))

    for command in ("check", "doctor"):
        done = run(applied, command)

        assert done.returncode == 1
        assert done.stderr.splitlines()[0] == (
            'cadenza.yaml:7:13: public_url: "https://out.example:port" is no web address: its port '
            "must be a number from 1 to 65535"
        )


def test_a_mailbox_that_is_not_there(applied):
    done = run(applied, "doctor", "nobody@example.com")

    assert done.returncode == 2
    assert "ada@example.com" in done.stderr


def test_nothing_is_applied_yet(tmp_path):
    assert run(tmp_path, "init", str(tmp_path)).returncode == 0
    path = tmp_path / "cadenza.yaml"
    path.write_text(path.read_text().replace("https://outreach.example.com", "http://127.0.0.1:1"))

    done = run(tmp_path, "doctor", "--json", CADENZA_MODE="sandbox", **SECRETS)

    assert done.returncode == 1, done.stderr
    faults = [found for found in json.loads(done.stdout) if found["grade"] == "fault"]
    assert [(found["subject"], found["check"]) for found in faults] == [
        ("ada@example.com", "smtp"), ("ada@example.com", "imap"), ("public_url", "web"),
    ]  # fmt: skip


def test_what_is_applied_is_looked_at_though_the_files_name_it_no_more(applied):
    path = applied / "cadenza.yaml"
    path.write_text(path.read_text().replace("ada@example.com", "bob@example.com"))

    done = run(applied, "doctor", "--json", CADENZA_MODE="sandbox", **SECRETS)

    subjects = [found["subject"] for found in json.loads(done.stdout) if found["check"] == "smtp"]
    assert subjects == ["bob@example.com", "ada@example.com"]


def test_files_that_are_wrong(applied):
    path = applied / "cadenza.yaml"
    path.write_text(path.read_text().replace("smtp:", "smpt:", 1))

    done = run(applied, "doctor")

    assert done.returncode == 1
    assert 'unknown field "smpt"' in done.stderr


def test_without_files_what_is_applied_is_looked_at(applied, tmp_path_factory):
    inside = {
        "CADENZA_MODE": "sandbox",
        "CADENZA_SECRET_KEY": "k" * 50,
        "DATABASE_URL": f"sqlite:///{applied / '.cadenza' / 'cadenza.sqlite3'}",
    }

    done = run(tmp_path_factory.mktemp("elsewhere"), "doctor", "--json", **inside, **SECRETS)

    assert done.returncode == 1, done.stderr
    assert {found["check"] for found in json.loads(done.stdout)} >= {"smtp", "imap", "web"}
