"""One demo for all who count it again."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.lived import Lived

CHECKOUT = Path(__file__).resolve().parents[2]
DAYS = os.environ.get("CADENZA_DAYS", "20")


@pytest.fixture(scope="session", params=[0, 1], ids=["at the end", "a month later"])
def lived(ended, request):
    return Lived(ended, request.param)


@pytest.fixture(scope="session")
def ended(tmp_path_factory, worker_id):
    """The folder of a demo that has ended, and what was told of it; the same for every worker."""
    if worker_id == "master":
        return _live(tmp_path_factory.mktemp("lived"))
    folder = tmp_path_factory.getbasetemp().parent / "lived"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder if (folder / "told.json").exists() else _live(folder)


def _live(folder):
    _run("tests.demo.recount", folder, DAYS)
    _run("tests.demo.telling", folder / "demo" / "workspace", folder / "told.json")
    return folder


def _run(module, *arguments):
    ours = ("CADENZA_", "DATABASE_", "REDIS_", "DJANGO_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ran = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=CHECKOUT,
        env={**clean, "CADENZA_MODE": "sandbox"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
