"""A copy of the starter that a test may break."""

import pytest

from config import starter as starters


@pytest.fixture
def starter(tmp_path):
    folder = tmp_path / "workspace"
    starters.copy(folder)
    return folder


@pytest.fixture
def mapped(starter):
    """The copy with two fields of a deal that the team mapped: demo_at, a moment, and size."""
    team = starter / "cadenza.yaml"
    written = "      lead: { timezone: Timezone__c }\n"
    fields = "      deal: { demo_at: Demo_At__c, size: Size__c }\n"
    types = "    types:\n      deal: { demo_at: datetime }\n"
    team.write_text(team.read_text().replace(written, written + fields + types, 1))
    return starter
