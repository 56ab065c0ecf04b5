"""A copy of the starter that a test may break."""

import shutil
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def starter(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    for file in ("cadenza.yaml", "process.yaml"):
        shutil.copy(CHECKOUT / "config" / file, folder / file)
    shutil.copytree(CHECKOUT / "sequences" / "library", folder / "sequences")
    shutil.copytree(CHECKOUT / "templates" / "email", folder / "templates" / "email")
    return folder
