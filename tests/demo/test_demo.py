"""The main job from outside: the command line, killed in the middle, and what the witness counted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = (
    "after_stop",
    "sent_twice",
    "stage_mismatches",
    "touches_missing",
    "touches_extra",
    "outside_window",
    "stage_disagreements",
    "stuck",
)
PATIENCE = 240


def start(folder, *options):
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_"))
    }
    command = [sys.executable, "-m", "config.cli", "demo", "--dir", str(folder), "--json"]
    return subprocess.Popen(  # noqa: S603 - our own command line
        [*command, *options],
        cwd=CHECKOUT,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err[-3000:] + out
    figures = json.loads(out)
    assert {name: figures[name] for name in KEPT} == dict.fromkeys(KEPT, 0)
    return figures


def received(folder):
    """Emails in the witness's journal."""
    journal = folder / "sandbox" / "journal.jsonl"
    return journal.read_text().count('"kind": "mail.received"') if journal.exists() else 0


def until(condition, process):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[1][-3000:]
        assert time.monotonic() < deadline, "nothing came in time"
        time.sleep(0.05)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_killed_in_the_middle_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "demo"
    for emails in (20, 60):
        process = start(folder, "--days", "3")
        until(lambda emails=emails: received(folder) >= emails, process)
        os.kill(process.pid, signal.SIGKILL)
        _, err = process.communicate()
    figures = finish(start(folder, "--days", "3"))
    assert "Going on with the demo" in err
    assert figures["emails"] >= 100
    assert figures["replies"] > 0
    assert figures["leads"] > 0
    pids = json.loads((folder / "run.json").read_text())["pids"]
    deadline = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "they outlive the demo"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_distributed_survives_the_death_of_a_worker(tmp_path):
    folder = tmp_path / "demo"
    process = start(folder, "--days", "2", "--distributed")
    until(lambda: received(folder) >= 10, process)
    workers = json.loads((folder / "run.json").read_text())["workers"]
    os.kill(workers[0], signal.SIGKILL)
    figures = finish(process)
    assert figures["emails"] >= 50
