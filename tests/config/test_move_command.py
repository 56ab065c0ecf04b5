"""`cadenza move`: what it says to people and to programs."""

import json

from tests.config.test_cli import folder, made  # noqa: F401 - fixtures
from tests.config.test_tasks_command import told, workspace  # noqa: F401 - a fixture


def test_a_move_is_told_to_people_and_to_programs(workspace):  # noqa: F811 - the fixture
    said = told(workspace, "move", "1", "Approach", "--why", "They met at the fair.")
    again = told(workspace, "move", "1", "Presentation", "--why", "Calls.", "--by", "ada", "--json")

    assert said == "Grace: from no stage to Approach.\n"
    assert json.loads(again) == {
        "lead": 1,
        "from": "Approach",
        "to": "Presentation",
        "by": "ada",
        "why": "Calls.",
    }
