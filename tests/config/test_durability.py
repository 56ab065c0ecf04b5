"""What a power cut may take back: with SQLite nothing that was committed, unless it is asked for."""

import os
import subprocess
import sys

import pytest

from config.settings import CHECKOUT

ASK = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    print(cursor.execute("PRAGMA synchronous").fetchone()[0])
"""


@pytest.mark.parametrize(("setting", "said"), [({}, "2"), ({"CADENZA_SQLITE_SYNC": "normal"}, "1")])
def test_commits_are_on_disk(tmp_path, setting, said):
    done = _ask(tmp_path, setting)

    assert done.stdout.strip() == said, done.stderr


def test_another_word_is_refused(tmp_path):
    done = _ask(tmp_path, {"CADENZA_SQLITE_SYNC": "off"})

    assert "CADENZA_SQLITE_SYNC is 'off'; valid: full, normal" in done.stderr


def _ask(folder, setting):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"CADENZA_WORKSPACE": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", ASK],
        cwd=CHECKOUT,
        env={**kept, **own, **setting},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
