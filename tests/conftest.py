"""What every test stands on: real servers on demand, and a clock that is set."""

import os
from datetime import UTC, datetime
from functools import lru_cache

import pytest
from hypothesis import settings

# On a busy machine an example may take long: how long says nothing about the code.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")


#: Fixtures of the tests in which a database takes part; `told` starts processes on one.
ON_A_DATABASE = {"db", "transactional_db", "told"}


def pytest_collection_modifyitems(config, items):
    """On PostgreSQL the others would only be run twice."""
    if os.environ.get("CADENZA_TEST_DATABASE") != "postgres":
        return
    others = [item for item in items if not _is_on_a_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _is_on_a_database(item)]


def _is_on_a_database(item):
    marked = item.get_closest_marker("django_db") is not None
    return marked or not ON_A_DATABASE.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """Each client of a test has middleware of its own: what the first one's finds serves all."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(middleware):
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def texts():
    """Most tests read the starter with a line changed: what the other files say is known by then."""
    from workspace import source, templating

    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((source, "_compose"), (templating, "_parse")):
            patch.setattr(module, name, lru_cache(maxsize=500)(getattr(module, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords():
    """A password of a test protects nothing."""
    from django.test import override_settings

    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers):
        yield


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
