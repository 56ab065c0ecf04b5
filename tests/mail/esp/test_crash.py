"""Workers that are killed at any moment, counted by what the API received."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mail.esp.conftest import SECRETS

TOTAL = 40
#: Which of the emails that the API receives are the last that a worker hands over.
FATAL = (5, 25)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def process(tmp_path):
    """Start a process on a database of its own."""
    (tmp_path / ".cadenza").mkdir()
    environment = {**os.environ, **SECRETS, "CADENZA_WORKSPACE": str(tmp_path)}
    environment |= {"CADENZA_MODE": "sandbox", "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "tests.mail.esp.worker", *map(str, arguments)]
        started.append(
            subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own
        )
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def finished(process):
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_send_nothing_twice(process, api):
    finished(process("fill", TOTAL, api.port))

    for fatal in FATAL:
        workers = [process("work"), process("work")]
        api.before_answer = [lambda at=fatal, found=workers: _kill(found, len(api.taken) >= at)]
        for worker in workers:
            worker.wait()
    api.before_answer = []
    finished(process("work"))

    became = json.loads(finished(process("tally")))
    received = Counter(api.recipients())
    doubtful = _are(became, "unconfirmed")
    assert max(received.values()) == 1
    assert _are(became, "sent") == set(became) - doubtful
    assert set(became) == set(received) | doubtful
    assert len(FATAL) <= len(doubtful) <= 2 * len(FATAL)
    assert len(became) == TOTAL

    finished(process("tell", *doubtful & set(received)))

    became = json.loads(finished(process("tally")))
    assert _are(became, "sent") == set(received)


def _kill(workers, is_time):
    for worker in workers if is_time else []:
        worker.kill()


def _are(became, status):
    return {address for address, found in became.items() if found == status}
