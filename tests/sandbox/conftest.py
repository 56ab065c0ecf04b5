"""A sandbox of our own: these tests delete and fill it."""

import pytest

from tests.connectors.conftest import start_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
