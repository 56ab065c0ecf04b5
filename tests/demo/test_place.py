"""What a demo leaves behind: a folder in which commands go on by the demo's own clock."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from config.demo.place import Place, init_workspace

CHECKOUT = Path(__file__).resolve().parents[2]
LIVED_UNTIL = datetime(2026, 5, 1, 6, tzinfo=UTC)
LIVES = """
from datetime import datetime
from config.cli.django import ready
ready()
from workers import clock
clock.start(datetime.fromisoformat("2026-05-01T06:00:00+00:00"))
"""
ASKS = """
from config.cli.django import ready
ready()
from django.conf import settings
from runtime import clock
print(settings.CADENZA_MODE, clock.now().isoformat())
"""


def test_what_a_demo_leaves_is_told_by_the_demos_clock(tmp_path):
    place = Place(folder=tmp_path)
    init_workspace(place)

    in_process(LIVES, place.workspace)
    told = in_process(ASKS, place.workspace)

    assert told == f"sandbox {LIVED_UNTIL.isoformat()}"


def test_what_the_environment_says_of_the_mode_counts_there_too(tmp_path):
    place = Place(folder=tmp_path)
    init_workspace(place)

    told = in_process(ASKS, place.workspace, CADENZA_MODE="production")

    mode, now = told.split()
    assert mode == "production"
    assert datetime.fromisoformat(now) > LIVED_UNTIL


def in_process(script, workspace, **environment):
    ours = ("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    told = {
        "CADENZA_WORKSPACE": str(workspace),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **environment,
    }
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={**clean, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()
