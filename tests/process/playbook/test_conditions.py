import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kinds import COMPANY_ANSWERED, EVENTS
from process.exits import EXIT_EVENTS
from process.playbook.conditions import event, said
from process.playbook.words import happens

FACTS = st.sampled_from(
    ["lead.title", "deal.is_won", "event.clicked", "lead.extra.tier", "deal.exists", "task.ask"]
)
VALUES = st.sampled_from(
    ['"DE"', "3", "-1", "none", "true", '["a", "b"]', "lead.country", "lead.title | length"]
)
JOINTS = st.sampled_from(["and", "or"])
CONDITIONS = st.recursive(
    FACTS | st.builds("{} {} {}".format, FACTS, st.sampled_from(["==", "!=", "<", ">=", "in", "not in"]), VALUES),
    lambda inner: st.builds("({} {} {})".format, inner, JOINTS, inner) | inner.map("not ({})".format),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("deal.is_open", "the deal is open"),
        ("not deal.is_closed", "the deal is not closed"),
        ("deal.exists", "there is a deal"),
        ("not deal.exists", "there is no deal"),
        ("lead.title", "the lead's title is known"),
        ("lead.title is none", "the lead's title is not known"),
        ("lead.title == none", "the lead's title is unknown"),
        ("not event.clicked", "there was no click"),
        ("event.webinar_attended", "there was an event “webinar attended”"),
        ("event.company_answered", "there was an answer by somebody else of the company"),
        ("event.called >= 2", "the number of calls is at least 2"),
        ("event.meeting_held < 1", "the number of meetings that took place is below 1"),
        ("company.employees > 10", "the company's employees is above 10"),
        ('lead.stage in ["A", "B", "C"]', "the lead's stage is A, B or C"),
        ('lead.stage not in ["A", "B"]', "the lead's stage is neither A nor B"),
        ('lead.stage not in ["A", "B", "C"]', "the lead's stage is none of A, B and C"),
        ('"emea" in lead.extra.regions', "emea is in the lead's regions"),
        ('"emea" not in lead.extra.regions', "emea is not in the lead's regions"),
        ('task.ask == "connected"', "what came of the task “ask” is connected"),
        ("1 < lead.score <= 9", "1 is below the lead's score, and the lead's score is at most 9"),
        ("lead.title | lower == 'boss'", "the lead's title is boss"),
        ("a.b and (c.d or not e.f)", "the a's b is known, and (the c's d is known, or the e's f is unknown)"),
        ("not (a.b and c.d == 1)", "the a's b is unknown, or the c's d is not 1"),
        ("true", "always"),
    ],
)  # fmt: skip
def test_conditions_in_words(condition, words):
    assert said(condition) == words


@given(CONDITIONS)
def test_no_two_conditions_that_contradict_each_other_read_alike(condition):
    assert said(condition) != said(f"not ({condition})")


def test_every_event_has_words_of_its_own():
    unnamed = [name for name in (*EVENTS, COMPANY_ANSWERED) if event(name).startswith("event ")]
    untold = [name for name in {*EVENTS, *EXIT_EVENTS} if happens(name).startswith("event ")]

    assert (unnamed, untold) == ([], [])
