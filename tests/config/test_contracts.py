"""The contracts that hold the layers bite: a forbidden import fails the check that `make check` runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "bench",
    "config",
    "connectors",
    "console",
    "crm",
    "mail",
    "process",
    "runtime",
    "sandbox",
    "sequences",
    "tests",
    "workers",
    "workspace",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            CHECKOUT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


def lint(folder):
    return subprocess.run(  # noqa: S603 - the linter of this environment
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layers_hold(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "forbidden", "contract"),
    [
        ("crm/merge.py", "import mail.outbox", "Calls go down"),
        ("connectors/base.py", "import django.conf", "Connectors know no Django"),
        ("runtime/bell.py", "import celery", "Workspace and runtime know nothing"),
        ("mail/outbox.py", "import celery", "Only workers import Celery"),
        ("mail/pacing.py", "import django.utils.timezone", "What decides does no I/O"),
        ("sandbox/world.py", "import workspace.zones", "The sandbox shares no code"),
        ("console/health.py", "import sandbox.world", "Only the demo command and tests"),
    ],
)
def test_a_forbidden_import_fails(copy, file, forbidden, contract):
    path = copy / file
    text = path.read_text()
    path.write_text(f"{text}\n{forbidden}\n")
    try:
        done = lint(copy)
    finally:
        path.write_text(text)
    assert done.returncode == 1, done.stdout
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert any(contract in line for line in broken), done.stdout
