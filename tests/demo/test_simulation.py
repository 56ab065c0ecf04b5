"""What `simulate` foretells is what the workers do: the same touches, one by one.

CADENZA_DAYS and CADENZA_TIMES (so many times the company's opportunities) make it longer and larger:
`make test-simulation` has 600 people and 60 days.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DAYS = os.environ.get("CADENZA_DAYS", "6")
TIMES = os.environ.get("CADENZA_TIMES", "1")


@pytest.mark.timeout(3600)  # the demo's days; a busy machine needs several times its usual minute
def test_the_demo_lives_what_was_simulated(tmp_path):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_"))
    }
    command = [sys.executable, "-m", "tests.demo.side_by_side", str(tmp_path), DAYS, TIMES]

    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=CHECKOUT, env=clean, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]
    sides = json.loads((tmp_path / "sides.json").read_text())
    assert sides["simulated"] == sides["lived"]
    emails = [touch for touch in sides["lived"] if touch[-1] == "email"]
    assert len(emails) >= 20 * int(DAYS)
