"""khal, from Debian's packages, with our invitations."""

import os
import shutil
import subprocess

import pytest

from tests.mail.calendars.conftest import PLACE, TITLE

KHAL = shutil.which("khal") or ""
CONFIG = """\
[calendars]
[[one]]
path = {folder}/one
[locale]
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
"""
SHOWN = "{start}~{end}~{title}~{location}~{status}~{organizer}~{attendees}~{alarm-symbol}"


@pytest.fixture
def khal(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "config").write_text(CONFIG.format(folder=tmp_path))

    def run(*words):
        command = [KHAL, "--config", str(tmp_path / "config"), *words]
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
        ran = subprocess.run(command, env=own, capture_output=True, text=True, check=True)  # noqa: S603 - from Debian's packages
        return ran.stdout.splitlines()

    return run


@pytest.mark.skipif(not KHAL, reason="no khal here: apt-get install khal")
def test_it_shows_moves_and_marks_a_meeting(khal, told):
    shown = []
    for file in told:
        khal("import", "--batch", str(file))
        _day, *events = khal("list", "--format", SHOWN, "2026-03-25", "20d")
        shown.append([[word.strip() for word in event.split("~")] for event in events])

    people = ["Ada Byron (ada@example.com)", "grace@customer.example"]
    first = ["2026-03-30 15:00", "2026-03-30 15:30", TITLE, PLACE]
    moved = ["2026-03-31 16:00", "2026-03-31 16:30", TITLE, PLACE]
    assert shown == [
        [[*first, "CONFIRMED", *people, "⏰"]],
        [[*moved, "CONFIRMED", *people, "⏰"]],
        [[*moved, "CANCELLED", *people, ""]],
    ]
