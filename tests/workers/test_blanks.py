"""`check` tells which facts an email needs and some of the leads lack."""

from dataclasses import replace

import pytest

from process import blanks
from process.emails import Template
from sequences.definition import Sequence

pytestmark = pytest.mark.django_db

FOOT = "\n{{ unsubscribe_url }} {{ sender.postal_address }}"
TEXT = "Hello {{ lead.first_name }},\n{% if lead.phone %}{{ lead.phone }}{% endif %}" + FOOT


def team_with(loaded, text, **values):
    rule = {"when": "lead.email is defined", **values.pop("enroll", {})}
    sequence = Sequence.model_validate(
        {
            "name": "any",
            "stage": "Approach",
            "enroll": rule,
            "steps": [{"id": "a", "email": "hello"}],
            **values,
        }
    )
    template = Template(name="hello", subject="Hello", text=text)
    return replace(loaded, sequences={"any": sequence}, templates={"hello": template})


def test_a_needed_fact_that_some_lack_is_told_at_its_place(loaded, make_lead):
    make_lead("a@x.example", first_name="")
    make_lead("b@x.example")
    make_lead("", first_name="")

    told = [str(one) for one in blanks.lints(team_with(loaded, TEXT))]

    assert told == [
        "templates/email/hello/body.txt:1:10: warning: lead.first_name is blank for 1 of 2 leads, "
        'not enrolled for it; give another text: lead.first_name | default("..."), or say '
        "requires: [lead.first_name] (blank_fact)"
    ]


def test_a_fact_that_has_another_text_or_a_guard_is_fine(loaded, make_lead):
    make_lead(first_name="", phone="")
    text = TEXT.replace("lead.first_name", 'lead.first_name | default("there")')

    assert list(blanks.lints(team_with(loaded, text))) == []


def test_a_fact_that_the_rule_requires_is_fine(loaded, make_lead):
    make_lead(first_name="")

    required = team_with(loaded, TEXT, enroll={"requires": ["lead.first_name"]})

    assert list(blanks.lints(required)) == []


def test_a_sequence_may_ignore_it(loaded, make_lead):
    make_lead(first_name="")

    assert list(blanks.lints(team_with(loaded, TEXT, ignore=["blank_fact"]))) == []


@pytest.mark.parametrize(("on", "told"), [(["meeting_booked"], 0), (["form_submitted"], 1)])
def test_whoever_enters_by_a_meeting_has_one(loaded, make_lead, on, told):
    make_lead()
    text = TEXT.replace("lead.first_name", "meeting.timezone")

    found = list(blanks.lints(team_with(loaded, text, enroll={"on": on})))

    assert len(found) == told
