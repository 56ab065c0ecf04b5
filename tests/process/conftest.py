"""A copy of the starter that a test may break."""

import pytest

from config import starter as starters


@pytest.fixture
def starter(tmp_path):
    folder = tmp_path / "workspace"
    starters.copy(folder)
    return folder
