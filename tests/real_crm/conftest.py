"""A Tryton of this machine: its environment, a fresh database with a few customers, its server."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.connectors.conftest import no_waiting, opened
from tests.real_crm.tryton import Tryton, served

__all__ = ["no_waiting", "opened", "tryton", "tryton_python"]

_SEED = Path(__file__).with_name("seed_tryton.py")


@pytest.fixture(scope="session")
def tryton_python():
    """The Python of the environment that `make test-real-crm` makes for Tryton."""
    python = os.environ.get("CADENZA_TRYTON_PYTHON")
    if not python:
        pytest.skip("needs a Tryton: run `make test-real-crm`")
    return Path(python)


@pytest.fixture(scope="session")
def tryton(tryton_python, tmp_path_factory):
    """The running program, and the key that its user gave us."""
    folder = tmp_path_factory.mktemp("tryton")
    tryton = Tryton.in_folder(folder, tryton_python)
    password = folder / "password"
    password.write_text(os.urandom(12).hex())
    tryton.run(
        "trytond-admin", "-d", tryton.database, "-u", "sale_opportunity",
        "--activate-dependencies", "--email", "admin@us.example",
        environment={"TRYTONPASSFILE": str(password)},
    )  # fmt: skip
    seeded = subprocess.run(  # noqa: S603 - our own script
        [tryton_python, _SEED, tryton.configuration, tryton.database],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    tryton.key = seeded.stdout.split()[-1]
    with served(tryton):
        yield tryton
