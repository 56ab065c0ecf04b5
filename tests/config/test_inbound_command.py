"""`cadenza inbound explain`: one answer per file, whatever the file holds."""

import json

import pytest

from tests.config.test_cli import run
from tests.mail.corpus import CASES

KEYS = [
    "file", "kind", "recipients", "status", "reason", "hard", "sender_fault", "touch", "intent",
    "returns_on", "new_text", "rule",
]  # fmt: skip
INVITATION = (
    b"From: grace@customer.example\nSubject: Accepted: A call\nContent-Type: text/calendar; method=REPLY\n\n"
    b"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1@sender.example\n"
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@customer.example\nEND:VEVENT\nEND:VCALENDAR\n"
)
RAW = {case.id: case.raw for case in CASES}


@pytest.fixture
def explained(tmp_path):
    """What the command says of these bytes, without a workspace unless one is named."""

    def explain(*raws, folder=tmp_path):
        files = [tmp_path / f"{number}.eml" for number in range(len(raws))]
        for file, raw in zip(files, raws, strict=True):
            file.write_bytes(raw)
        done = run(folder, "inbound", "explain", *map(str, files), "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert [each.pop("file") for each in found] == [str(file) for file in files]
        return found

    return explain


def test_each_file_has_its_object(explained, tmp_path):
    (bounce,) = explained(RAW["dsn-postfix-unknown"])

    assert [KEYS[0], *bounce] == KEYS
    assert bounce == {
        "kind": "bounce",
        "recipients": ["grace@customer.example"],
        "status": "5.1.1",
        "reason": "unknown_recipient",
        "hard": True,
        "sender_fault": False,
        "touch": None,
        "intent": None,
        "returns_on": None,
        "new_text": "",
        "rule": "bounce: delivery-status report",
    }
    assert not (tmp_path / ".cadenza").exists()


def test_kinds_bring_what_they_tell(explained):
    names = (
        "dsn-google-unauthenticated",
        "arf-abuse",
        "auto-de-ab",
        "wish-de-abmelden",
        "other-read",
    )

    found = explained(*(RAW[name] for name in names))

    assert [(e["kind"], e["sender_fault"], e["returns_on"], e["intent"]) for e in found] == [
        ("bounce", True, None, None),
        ("complaint", False, None, None),
        ("auto_reply", False, "2026-03-16", None),
        ("unsubscribe", False, None, "unsubscribe"),
        ("other", False, None, None),
    ]


def test_an_answer_has_the_intent_of_the_workspace(explained, tmp_path):
    done = run(tmp_path, "init", str(tmp_path / "acme"))

    alone = explained(RAW["reply-alone"])
    at_home = explained(RAW["reply-alone"], folder=tmp_path / "acme")

    assert done.returncode == 0, done.stderr
    assert [each["intent"] for each in (*alone, *at_home)] == ["interested", "interested"]


def test_what_a_calendar_answers_is_no_answer_of_a_person(explained):
    found = explained(INVITATION)

    assert [(e["kind"], e["intent"], e["rule"]) for e in found] == [
        ("other", None, "calendar: a reply")
    ]


def test_any_bytes_are_something(explained):
    found = explained(b"", b"\x00" * 100, bytes(range(256)) * 20, b"From: \xff\xfe\n\n\xff")

    assert [each["kind"] for each in found] == ["other", "other", "reply", "reply"]


def test_a_byte_order_mark_hides_no_header(explained):
    (found,) = explained(b"\xef\xbb\xbf" + RAW["dsn-postfix-unknown"])

    assert (found["kind"], found["recipients"]) == ("bounce", ["grace@customer.example"])


def test_people_can_read_it(tmp_path):
    file = tmp_path / "a.eml"
    file.write_bytes(RAW["dsn-office-515"])

    done = run(tmp_path, "inbound", "explain", str(file))

    assert done.stdout.splitlines() == [
        f"{file}: bounce: delivery-status report",
        "  recipients: grace@customer.example",
        "  status: 5.7.515",
        "  reason: authentication",
        "  soft, the sender's fault",
    ]


def test_a_missing_file_is_named(tmp_path):
    done = run(tmp_path, "inbound", "explain", str(tmp_path / "no.eml"))

    assert (done.returncode, done.stdout) == (2, "")
    told = "".join(done.stderr.replace("│", "").split())  # a long path is wrapped
    assert str(tmp_path / "no.eml") in told
