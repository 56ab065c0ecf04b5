"""Scores as numbers: which rules count, and until when."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config import starter as starters
from crm.facts import FIELDS
from process.blueprint import Invalid, load
from process.prospecting.scoring import Scoring, score

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BIG = {"name": "Big", "kind": "fit", "when": "company.employees >= 100", "points": 30}
CLICKS = {
    "name": "Clicks",
    "kind": "engagement",
    "when": "event.clicked >= 2",
    "points": 20,
    "within": "90 days",
}
LEFT = {"name": "Student", "kind": "fit", "when": 'lead.title == "Student"', "points": -40}


def scoring(*rules, qualified_at=50):
    return Scoring.model_validate({"qualified_at": qualified_at, "rules": rules})


def days_ago(*days):
    return [("clicked", NOW - timedelta(days=day)) for day in days]


def test_score_adds_up_the_rules_that_count_and_tells_of_all():
    facts = {"company": {"employees": 250}, "lead": {"title": "CTO"}}

    found = score(scoring(BIG, CLICKS, LEFT), facts, days_ago(1, 80), NOW)

    assert (found.fit, found.engagement, found.total) == (30, 20, 50)
    assert [(one.rule.name, one.counts, one.facts) for one in found.rules] == [
        ("Big", True, {"company.employees": 250}),
        ("Clicks", True, {"event.clicked": 2}),
        ("Student", False, {"lead.title": "CTO"}),
    ]
    assert found.ages_at == NOW + timedelta(days=10)


def test_the_most_is_what_a_lead_has_of_whom_only_good_is_known():
    facts = {"company": {"employees": 250}, "lead": {"title": "CTO"}}
    rules = scoring(BIG, CLICKS, LEFT)

    assert rules.most == 50 == score(rules, facts, days_ago(1, 80), NOW).total
    assert scoring(LEFT).most == 0


def test_an_event_counts_until_it_is_as_old_as_the_rule_says():
    at = days_ago(90, 1)

    assert score(scoring(CLICKS), {}, at, NOW).total == 0
    assert score(scoring(CLICKS), {}, at, NOW - timedelta(seconds=1)).total == 20


@given(
    st.lists(st.integers(min_value=0, max_value=200), max_size=8),
    st.integers(min_value=1, max_value=400),
)
def test_nothing_changes_before_the_moment_that_is_told(ages, later):
    happened, rules = (
        days_ago(*ages),
        scoring(CLICKS, {**CLICKS, "name": "Any", "when": "event.clicked"}),
    )

    found = score(rules, {}, happened, NOW)
    then = NOW + timedelta(days=later)
    again = score(rules, {}, happened, then)

    if found.ages_at is None or then < found.ages_at:
        assert again.total == found.total
    assert score(rules, {}, happened, NOW + timedelta(days=201)).total == 0


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({**BIG, "when": "event.clicked > 1"}, "fit is who a lead is"),
        ({**BIG, "within": "3 days"}, "belongs to rules that read an event"),
        ({**BIG, "points": 0}, "must not be 0"),
    ],
)
def test_a_rule_that_says_two_things_is_refused(rule, said):
    with pytest.raises(ValidationError, match=said):
        scoring(rule)


def test_what_all_rules_together_give_may_be_asked_for(tmp_path):
    folder = tmp_path / "workspace"
    starters.copy(folder)
    path = folder / "process.yaml"
    section = json.dumps({"qualified_at": 50, "rules": [BIG, CLICKS, LEFT]})
    path.write_text(f"{path.read_text()}\nscoring: {section}\n")

    assert load(folder, schema=FIELDS).process.scoring == scoring(BIG, CLICKS, LEFT)

    path.write_text(path.read_text().replace('"qualified_at": 50', '"qualified_at": 51'))
    with pytest.raises(Invalid, match="nobody comes to 51"):
        load(folder, schema=FIELDS)
