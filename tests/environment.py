"""The environment of every test, set before Django reads it: loaded by `-p` in pyproject.toml.

CADENZA_TEST_DATABASE=postgres runs the database tests on a real PostgreSQL; the default is SQLite.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="cadenza-tests-"))
_stack = ExitStack()
os.environ["CADENZA_WORKSPACE"] = str(_folder)
os.environ["CADENZA_MODE"] = "sandbox"
os.environ["CADENZA_SECRET_KEY"] = "for-tests-only"
if os.environ.get("CADENZA_TEST_DATABASE") == "postgres":
    if not os.environ.get("DATABASE_URL"):
        from sandbox import servers

        os.environ["DATABASE_URL"] = _stack.enter_context(servers.postgres(_folder / "postgres"))
else:
    os.environ.pop("DATABASE_URL", None)


def pytest_unconfigure():
    _stack.close()
