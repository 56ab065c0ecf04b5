"""Evolution's calendar server, from Debian's packages, with our invitations."""

import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.mail.calendars.conftest import LATER, PLACE, START, TITLE

PYTHON = "/usr/bin/python3"  # gi is built for it
IS_HERE = (
    bool(shutil.which("dbus-run-session"))
    and bool(list(Path("/usr/libexec").glob("evolution-calendar-factory")))
    and bool(list(Path("/usr/lib").glob("*/girepository-1.0/ECal-2.0.typelib")))
    and Path("/usr/lib/python3/dist-packages/gi").exists()
)
PACKAGES = "evolution-data-server gir1.2-ecal-2.0 python3-gi dbus-daemon"


@pytest.mark.skipif(not IS_HERE, reason=f"no Evolution here: apt-get install {PACKAGES}")
def test_it_enters_moves_and_removes_a_meeting(told, tmp_path):
    script = Path(__file__).with_name("evolution.py")
    command = ["dbus-run-session", "--", PYTHON, str(script), *map(str, told)]
    own = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "GSETTINGS_BACKEND": "memory",
        "LANG": "C.UTF-8",
    }

    ran = subprocess.run(command, env=own, capture_output=True, text=True, check=True)  # noqa: S603 - from Debian's packages

    def event(start, sequence):
        return {
            "title": TITLE,
            "location": PLACE,
            "start": start.timestamp(),
            "end": (start + timedelta(minutes=30)).timestamp(),
            "sequence": sequence,
            "attendee": "mailto:grace@customer.example",
            "name": 'Grace Höpper, "CTO"',
            "reminders": ["-PT15M"],
        }

    calendars = [json.loads(line) for line in ran.stdout.splitlines()]
    assert calendars == [[event(START, 0)], [event(LATER, 1)], []]
