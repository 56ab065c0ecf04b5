"""What can be seen in a demo: each of the seven stages at work, and people who say no."""

import pytest

from process.names import STAGES

pytestmark = pytest.mark.timeout(900)

#: Whatever was done with a lead, and where the lead was just before.
DONE = """
WITH moves AS (
  SELECT lead, s, id, data ->> 'from' AS origin, data ->> 'to' AS stage FROM t
  WHERE kind = 'stage_moved'
), done AS (
  SELECT t.lead, coalesce(
    (SELECT stage FROM moves m WHERE m.lead = t.lead AND (m.s, m.id) < (t.s, t.id)
      ORDER BY m.s DESC, m.id DESC LIMIT 1),
    (SELECT origin FROM moves m WHERE m.lead = t.lead ORDER BY m.s, m.id LIMIT 1)) AS stage
  FROM t WHERE kind IN ('task_done', 'email_sent')
)
"""


def test_something_is_done_in_each_stage(lived):
    worked = lived.ask("SELECT DISTINCT stage FROM done WHERE stage IS NOT NULL", tables=DONE)

    assert {stage for (stage,) in worked} == {*STAGES}


def test_prospects_are_looked_at_before_they_are_written_to(lived):
    [(looked_at, early)] = lived.ask(
        """SELECT count(DISTINCT t.lead), count(DISTINCT e.lead) FROM t LEFT JOIN t e
          ON e.lead = t.lead AND e.kind = 'email_sent' AND e.s < t.s
        WHERE t.kind = 'task_done' AND t.sequence = 'prospecting-tasks'"""
    )

    assert looked_at > 0
    assert early == 0


def test_whoever_calls_a_meeting_off_is_offered_another_time(lived):
    """Unless the deal is over, or another time was agreed on at once."""
    off = {
        e["email"] for e in lived.entries("booking.posted") if e["trigger"] == "BOOKING_CANCELLED"
    }
    [(offered,)] = lived.ask(
        """SELECT count(DISTINCT t.lead) FROM t JOIN t c ON c.lead = t.lead AND c.s <= t.s
        WHERE t.kind = 'enrolled' AND t.sequence = 'meeting-canceled' AND c.kind = 'meeting_canceled'"""
    )

    assert 0 < offered <= len(off)
