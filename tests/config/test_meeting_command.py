"""`cadenza meeting`: what a person types, and what it comes to."""

import sqlite3

from tests.config.test_cli import folder, made  # noqa: F401 - fixtures
from tests.config.test_tasks_command import told, workspace  # noqa: F401 - a fixture


def test_meetings_are_listed_at_the_time_of_the_lead(workspace):  # noqa: F811 - the fixture
    (database,) = workspace.glob("**/*.sqlite3")
    with sqlite3.connect(database) as rows:
        rows.execute("UPDATE crm_lead SET timezone = 'Asia/Kolkata'")
    rows.close()

    told(workspace, "meeting", "book", "grace@x.example", "--at", "2050-03-05T10:00:00Z")

    listed = told(workspace, "meeting", "list").split()
    assert {"15:30", "(Asia/Kolkata)"} <= set(listed)
    assert "10:00" not in listed
