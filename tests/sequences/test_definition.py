import json

import pytest

from sequences.definition import EmailStep, Enroll, Sequence, TaskStep, WaitStep
from workspace.durations import Duration
from workspace.problems import Problem
from workspace.source import parse_yaml
from workspace.validation import validate

VALID = """\
name: approach-cold
stage: Approach
enroll:
  when: lead.stage == "Approach"
window:
  days: [mon, fri]
  from: "09:00"
  to: 17:30
steps:
  - id: research
    task: research
    title: Look them up
    due: 1 business day
  - id: breathe
    wait: 3 business days
  - id: opening
    email: approach-cold-opening
"""


def read(text: str) -> Sequence | list[Problem]:
    return validate(Sequence, parse_yaml(text, "s.yaml"))


def test_a_sequence_is_read():
    sequence = read(VALID)

    assert isinstance(sequence, Sequence)
    assert sequence.steps == (
        TaskStep(
            id="research",
            task="research",
            title="Look them up",
            due=Duration(amount=1, unit="business day"),
        ),
        WaitStep(id="breathe", wait=Duration(amount=3, unit="business day")),
        EmailStep(id="opening", email="approach-cold-opening"),
    )
    assert sequence.window.model_dump(mode="json", by_alias=True) == {
        "days": ["mon", "fri"],
        "from": "09:00",
        "to": "17:30",
        "timezone": None,
        "holidays": None,
    }
    assert sequence.enroll == Enroll(when='lead.stage == "Approach"', existing=True)


def test_a_sequence_survives_the_database():
    sequence = read(VALID)

    assert isinstance(sequence, Sequence)
    assert Sequence.model_validate(sequence.model_dump(mode="json", by_alias=True)) == sequence


def test_variants_keep_their_order_in_a_database_that_sorts_keys():
    sequence = read(VALID.replace("email: approach-cold-opening", "email: {zebra: 2, ant: 1}"))

    assert isinstance(sequence, Sequence)
    stored = json.dumps(sequence.model_dump(mode="json", by_alias=True), sort_keys=True)
    again = Sequence.model_validate(json.loads(stored))
    assert [list(step.email.items()) for step in again.steps if isinstance(step, EmailStep)] == [
        [("zebra", 2), ("ant", 1)]
    ]


@pytest.mark.parametrize(
    ("written", "instead", "expected"),
    [
        (
            "stage: Approach\n",
            "stag: Approach\n",
            [
                's.yaml:1:1: the field "stage" is missing',
                (
                    's.yaml:2:1: unknown field "stag"; did you mean "stage"? '
                    "valid: description, enroll, exit, ignore, name, on_reply, stage, steps, when_changed, window"
                ),
            ],
        ),
        (
            "email: approach-cold-opening",
            "emial: approach-cold-opening",
            [
                (
                    "s.yaml:16:5: steps.2: a step has exactly one of email, wait, task, "
                    "branch, update, enroll, goal, stop; this has id, emial; did you mean "
                    '"email"?'
                )
            ],
        ),
        (
            "    title: Look them up",
            "    titel: Look them up",
            [
                's.yaml:10:5: the field "title" of steps.0 is missing',
                (
                    's.yaml:12:5: unknown field "titel"; did you mean "title"? '
                    "valid: dispositions, due, gate, id, on_disposition, say, skip_after, task, title"
                ),
            ],
        ),
        (
            "3 business days",
            "3 fortnights",
            [
                (
                    's.yaml:15:11: steps.1.wait: "3 fortnights": unknown unit "fortnights"; '
                    "valid: business days, days, hours, minutes, seconds, weeks"
                )
            ],
        ),
        (
            "task: research",
            "task: reserch",
            [
                (
                    's.yaml:11:11: steps.0.task: unknown value "reserch"; did you mean "research"? '
                    "valid: call, email, meeting, research, social"
                )
            ],
        ),
        (
            "[mon, fri]",
            "[mon, freitag]",
            [
                (
                    's.yaml:6:15: window.days.1: unknown value "freitag"; did you mean "fri"? '
                    "valid: fri, mon, sat, sun, thu, tue, wed"
                )
            ],
        ),
        (
            "to: 17:30",
            "to: 08:00",
            ['s.yaml:8:7: window.to: "08:00" is not later than from, "09:00"'],
        ),
        (
            "id: breathe",
            "id: research",
            ['s.yaml:14:9: steps.1.id: two steps have the id "research"'],
        ),
        (
            "name: approach-cold",
            "name: My Approach",
            ['s.yaml:1:7: name: "My Approach" must be lower-case words joined by "-"'],
        ),
        (
            "wait: 3 business days",
            "wait: 3000 days\n  - {id: rest, wait: 3000 days}",
            ["s.yaml:16:22: steps.2.wait: makes more than ten years of waiting together"],
        ),
        (
            "to: 17:30",
            "to: 17:30\n  timezone: Europe/Berln",
            [
                (
                    's.yaml:9:13: window.timezone: unknown timezone "Europe/Berln"; IANA names are '
                    "valid, such as Europe/Berlin, Europe/Belfast, Europe/Helsinki"
                )
            ],
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(written, instead, expected):
    assert written in VALID

    problems = read(VALID.replace(written, instead))

    assert isinstance(problems, list)
    assert sorted(map(str, problems)) == sorted(expected)


@pytest.mark.parametrize("text", ["[]", "just text", "steps: {}", "steps: []", "steps: [1, [], ~]"])
def test_what_is_no_sequence_has_problems(text):
    problems = read(text)

    assert isinstance(problems, list)
    assert problems != []


def test_the_facts_that_steps_can_ask_for_are_known():
    title = "title: Look them up"
    text = VALID.replace(title, 'title: "{{ company.name }}, {{ lead.extra.tier }}"')
    text = text.replace("steps:\n", "exit: [deal.is_won, event.clicked > 2, owner]\nsteps:\n")
    holidays = text.replace("days: [mon, fri]", "days: [mon, fri]\n  holidays: lead")

    expected = {
        ("company", "name"), ("lead", "extra"), ("deal", "is_won"), ("event", "clicked"),
        ("owner", "name"), ("owner", "email"),
    }  # fmt: skip
    assert read(text).facts_read == expected
    countries = {("lead", "country"), ("company", "country")}
    assert read(holidays).facts_read == expected | countries
    assert read(VALID.replace(title, 'title: "{{"')).facts_read == frozenset()
