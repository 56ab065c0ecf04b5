"""Whose word counts: the model's, the team's phrases, the rules that ship."""

import pytest

from process import meanings
from process.definition import Process
from workspace.source import read_yaml
from workspace.validation import validate


@pytest.fixture
def process(starter):
    found = validate(Process, read_yaml(starter / "process.yaml", "process.yaml"))
    assert isinstance(found, Process)
    return found


def told(process, text, **data):
    found = meanings.of(process, text, data)
    return found.settled, found.by, found.is_doubtful


def hook(intent="", confidence=0.9, error=""):
    return {"intent": intent, "confidence": confidence, "error": error}


def test_the_teams_phrases_come_first(process):
    assert told(process, "I am happy to meet.") == ("interested", "process.yaml", False)


def test_the_rules_read_what_no_phrase_names(process):
    assert told(process, "Das ist uns zu teuer.") == ("price", "rules", False)


def test_a_phrase_of_interest_in_a_refusal_is_doubtful(process):
    found = told(process, "Nobody here is no longer interested.")

    assert found == ("other", "process.yaml", True)


def test_a_referral_counts_as_the_wrong_person_and_keeps_its_contact(process):
    found = meanings.of(process, "Please contact Jane Doe (jane@other.example) instead.")

    assert (found.settled, str(found.contact)) == ("wrong_person", "Jane Doe <jane@other.example>")


def test_a_hint_is_left_to_a_person(process):
    assert told(process, "Which provider are you?") == ("other", "rules", True)


def test_the_model_decides(process):
    found = told(process, "Das ist uns zu teuer.", hook=hook("timing"))

    assert found == ("timing", "hook", False)


def test_a_model_that_is_unsure_leaves_it_to_a_person(process):
    found = told(process, "Das ist uns zu teuer.", hook=hook("price", 0.3))

    assert found == ("other", "hook", True)


@pytest.mark.parametrize("said", [hook(error="Timeout"), hook("sells_shoes"), hook("")])
def test_where_the_model_says_nothing_the_rules_decide(process, said):
    assert told(process, "Das ist uns zu teuer.", hook=said) == ("price", "rules", False)
