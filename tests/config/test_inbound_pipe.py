"""`cadenza inbound receive`, as a local mail server runs it: by its exit codes and the rows."""

import json
import os
import subprocess
import sys

import pytest

from tests.config.test_cli import CHECKOUT, run

EMAIL = b"""\
From: Grace Hopper <grace@customer.example>
To: ada@example.com
Subject: Hello
Message-ID: <1@customer.example>

That sounds interesting.
"""


def piped(folder, *words, raw=EMAIL, **environment):
    """Exit code and words of the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CADENZA_")}
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "config.cli", "-w", str(folder), "inbound", "receive", *words],
        cwd=CHECKOUT,
        env={**clean, "DATABASE_URL": "", **environment},
        input=raw,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr.decode().strip()


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """A workspace whose one mailbox is fed by a pipe, with Grace in its database."""
    folder = tmp_path_factory.mktemp("pipe") / "acme"
    assert run(folder.parent, "init", str(folder)).returncode == 0
    file = folder / "cadenza.yaml"
    text = file.read_text()
    assert "    imap: imaps://imap.example.com:993\n" in text
    file.write_text(text.replace("    imap: imaps://imap.example.com:993\n", "    pipe: true\n"))
    (folder / ".cadenza").mkdir(exist_ok=True)
    _within(folder, SEED)
    return folder


SEED = """
from pathlib import Path
from django.utils import timezone
from crm.facts import FIELDS
from crm.models import Connection, Lead
from process import apply, blueprint
apply.configure(blueprint.load(Path(settings.WORKSPACE), schema=FIELDS))
source = Connection.objects.first()
Lead.objects.create(email="grace@customer.example", source=source, created_at=timezone.now())
"""
READ = """
import json
from mail.models import Inbound, Mailbox
kept = [[i.kind, i.text] for i in Inbound.objects.order_by("pk")]
print(json.dumps([kept, Mailbox.objects.get().read_at is not None]))
"""


def _within(folder, code):
    before = "from config.cli.django import ready\nready()\nfrom django.conf import settings\n"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", before + code],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "CADENZA_WORKSPACE": str(folder),
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_email_is_taken_once_and_the_server_says_when_none_is_left(acme):
    first = piped(acme, "--mailbox", "ada@example.com")
    retried = piped(
        acme, "ada+token@example.com", raw=b"From grace Thu Mar  5 10:00:00 2026\n" + EMAIL
    )
    before = json.loads(_within(acme, READ))
    told = piped(acme, "--nothing-waits", "--recipient", "Ada@Example.com", raw=b"")
    after = json.loads(_within(acme, READ))

    assert [first, retried, told] == [(0, ""), (0, ""), (0, "")]
    assert before == [[["reply", "That sounds interesting."]], False]
    assert after == [[["reply", "That sounds interesting."]], True]


@pytest.mark.parametrize(
    ("words", "raw", "expected"),
    [
        (["--mailbox", "eve@example.com"], EMAIL, (67, "cadenza: no mailbox has the address eve@example.com")),
        (["ada@example.com"], b" \n", (65, "cadenza: there is no email on standard input")),
        ([], EMAIL, (64, "cadenza: one mailbox is wanted, not none")),
        (["--mailbx", "ada@x.example"], EMAIL, (64, "cadenza: one mailbox is wanted, not --mailbx ada@x.example")),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_says_why(acme, words, raw, expected):
    assert piped(acme, *words, raw=raw) == expected


def test_without_its_database_the_server_keeps_the_email(acme):
    code, why = piped(acme, "ada@example.com", DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")

    assert code == 75
    assert why.startswith("cadenza: ")


def test_without_a_workspace_the_server_keeps_the_email(tmp_path):
    assert piped(tmp_path, "ada@example.com")[0] == 75
