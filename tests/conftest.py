"""What every test stands on: a workspace of its own, real servers on demand, a clock that is set.

CADENZA_TEST_DATABASE=postgres runs the database tests on a real PostgreSQL; the default is SQLite.
"""

import os
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

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


class SettableClock:
    """Business time that stands until it is set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def frozen_clock():
    """Monday 2026-03-02 06:00 UTC until the test sets `.now`."""
    from runtime import clock

    settable = SettableClock(datetime(2026, 3, 2, 6, 0, tzinfo=UTC))
    clock.install(settable)
    yield settable
    clock.install(None)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    if os.environ.get("REDIS_URL"):
        yield os.environ["REDIS_URL"]
        return
    from sandbox import servers

    with servers.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory):
    from sandbox import servers

    with servers.postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url
