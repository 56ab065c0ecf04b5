"""Whom the demo names at its end."""

import pytest

from config.demo import examples
from config.demo.examples import Example
from crm.timeline import note
from runtime import clock
from tests.workers.conftest import loaded, make_lead, team  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
STAGES = ("Prospecting", "Preparation", "Approach", "Presentation", "Closing", "Follow-up")


@pytest.fixture
def live(make_lead, team):  # noqa: F811 - the fixtures
    """A lead that comes to these stages, has something done in each, and whose deal closes."""
    team()

    def begin(email, stages, *, won, is_worked=True):
        lead = make_lead(email=email, stage=stages[-1])
        for here, there in zip(stages, [*stages[1:], None], strict=True):
            if is_worked:
                note("task_done", lead=lead, occurred_at=clock.now())
            if there is not None:
                moved = {"from": here, "to": there}
                note("stage_moved", lead=lead, occurred_at=clock.now(), data=moved)
        note("deal_closed", lead=lead, occurred_at=clock.now(), data={"won": won})
        return lead

    return begin


def test_the_lead_with_tactics_of_most_stages_is_named(live):
    live("few@x.example", STAGES[:3], won=True)
    most = live("most@x.example", STAGES, won=True)
    live("moved@x.example", (*STAGES, "Approach"), won=True, is_worked=False)
    lost = live("lost@x.example", STAGES[:2], won=False)

    found = examples.found()

    assert found == [
        Example(outcome="won", lead=most.pk, stages=6),
        Example(outcome="lost", lead=lost.pk, stages=2),
    ]


def test_nobody_is_named_where_no_deal_has_closed(make_lead):  # noqa: F811 - the fixture
    note("task_done", lead=make_lead(), occurred_at=clock.now())

    assert examples.found() == []
