"""What every test stands on: real servers on demand, and a clock that is set."""

import os
from datetime import UTC, datetime

import pytest
from hypothesis import settings

# On a busy machine an example may take long: how long says nothing about the code.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")


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
