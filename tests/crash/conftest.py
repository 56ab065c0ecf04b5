"""A workspace and a database of their own, as production has them, for processes beside pytest's."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox import servers

CHECKOUT = Path(__file__).resolve().parents[2]
START = "import django; django.setup(); from tests.crash import {0}; {0}.main()"


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """What `tests/crash/<module>.py` prints, run on a database of its own."""
    with ExitStack() as stack:

        def run(module, *arguments, durable=False):
            folder = tmp_path_factory.mktemp("crash")
            (folder / ".cadenza").mkdir()
            environment = {**os.environ, "CADENZA_WORKSPACE": str(folder)}
            if environment.pop("DATABASE_URL", None):
                database = servers.postgres(folder / "postgres", durable=durable)
                environment["DATABASE_URL"] = stack.enter_context(database)
            command = [sys.executable, "-c", START.format(module), str(folder)]
            done = subprocess.run(  # noqa: S603 - our own module
                [*command, *map(str, arguments)], cwd=CHECKOUT, env=environment,
                stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
            return json.loads(done.stdout)

        yield run
