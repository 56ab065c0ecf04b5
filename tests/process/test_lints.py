"""Warnings: each has its place, its name, and can be ignored by the file that means it."""

import pytest

from crm.facts import FIELDS
from process.blueprint import load

HEAD = "name: odd\nstage: Approach\nsteps:\n"
OPENING = "  - id: opening\n    email: approach-cold-opening\n"
WAIT = "  - id: pause\n    wait: 2 days\n"


@pytest.fixture
def warnings(starter):
    """The warnings on one more sequence in the starter."""

    def of(text, **others):
        for name, content in {"odd": text, **others}.items():
            (starter / "sequences" / f"{name}.yaml").write_text(content)
        found = load(starter, schema=FIELDS).warnings
        return [str(one).removeprefix("sequences/") for one in found if "/odd" in one.file]

    return of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEAD + "  - id: over\n    stop: enough\n" + OPENING,
            'odd.yaml:6:9: warning: steps.1.id: "opening" is never reached: whoever comes to '
            '"over" leaves there (unreachable)',
        ),
        (
            HEAD + "  - id: fork\n    branch:\n"
            "      - percent: 50\n        steps:\n          - id: a\n            stop: a\n"
            "      - steps:\n          - id: b\n            enroll: approach-cold\n" + OPENING,
            'odd.yaml:13:9: warning: steps.1.id: "opening" is never reached: whoever comes to '
            '"fork" leaves there (unreachable)',
        ),
        (
            HEAD + "  - id: fork\n    branch:\n      - percent: 100\n        steps: []\n"
            "      - steps: []\n",
            "odd.yaml:8:9: warning: steps.0.branch.1: nobody is left for this way: the ways "
            "before it take everybody (unreachable)",
        ),
        (
            HEAD + "  - id: fork\n    branch:\n      - when: 1 == 2\n        steps: []\n",
            'odd.yaml:6:15: warning: steps.0.branch.0.when: "1 == 2" is never true, so nobody '
            "takes this way (unreachable)",
        ),
        (
            HEAD + OPENING + "  - id: fork\n    branch:\n"
            "      - when: event.clicked\n        steps: []\n",
            "odd.yaml:8:15: warning: steps.1.branch.0.when: is asked as soon as the email before "
            "it has left; wait first (early_branch)",
        ),
        (
            HEAD + OPENING + WAIT + "  - id: more\n    email: objection-price-options\n",
            'odd.yaml:9:12: warning: steps.2.email: "objection-price-options" follows up in a '
            "thread, which has a subject: templates/email/objection-price-options/subject.txt is "
            "not used (unused_subject)",
        ),
        (
            HEAD + "  - id: pause\n    wait: 11 business days\n" + OPENING,
            "odd.yaml:2:8: warning: stage: takes up to 17 days, and Approach has a service level "
            "of 14 days (service_level)",
        ),
    ],
    ids=["stop", "ways", "percent", "never", "early", "subject", "service-level"],
)
def test_what_is_hardly_meant_is_told_and_can_be_ignored(warnings, text, told):
    name = told[told.rindex("(") + 1 : -1]

    assert warnings(text) == [told]
    assert warnings(text.replace("steps:", f"ignore: [{name}]\nsteps:", 1)) == []


def test_time_on_the_way_makes_a_branch_on_an_event_fine(warnings):
    branch = "  - id: fork\n    branch:\n      - when: event.clicked\n        steps: []\n"

    assert warnings(HEAD + OPENING + WAIT + branch) == []


def test_a_circle_of_sequences_that_let_everybody_in_again(warnings):
    rule = "enroll: { when: deal.is_open, again: 90 days }\n"
    odd = HEAD.replace("steps:", rule + "steps:") + "  - id: on\n    enroll: odd-two\n"
    two = odd.replace("name: odd", "name: odd-two").replace("enroll: odd-two", "enroll: odd")

    told = (
        "odd.yaml:6:13: warning: steps.0.enroll: leads go round in a circle: odd to odd-two to "
        "odd; say again: never in one of them (cycle)"
    )
    assert told in warnings(odd, **{"odd-two": two})
    assert warnings(odd, **{"odd-two": two.replace("again: 90 days", "again: never")}) == []


SHARED = [("[OPEN]", "[OPEN, NEW]"), ("deal_stage: [engaging]", "deal_stage: [prospecting]")]


def test_a_value_of_two_stages_is_told_and_can_be_ignored(starter):
    path = starter / "process.yaml"
    before = load(starter, schema=FIELDS)
    text = path.read_text()
    for written, instead in SHARED:
        text = text.replace(written, instead, 1)
    path.write_text(text)

    shared = load(starter, schema=FIELDS)

    first = next(n for n, line in enumerate(text.split("\n"), 1) if "[OPEN, NEW]" in line)
    second = next(n for n, line in enumerate(text.split("\n"), 1) if "ATTEMPTED" in line)
    assert list(map(str, shared.warnings)) == [
        f"process.yaml:{first}:38: warning: stages.1.counterparts.hubspot.lead_status.1: "
        '"NEW" stands for Prospecting already: whoever is brought to it in hubspot comes to '
        "Prospecting, unless they are in Preparation; give each a value of its own (shared_value)",
        f"process.yaml:{second}:68: warning: stages.2.counterparts.hubspot.deal_stage.0: "
        '"prospecting" stands for Prospecting already: whoever is brought to it in hubspot comes '
        "to Prospecting, unless they are in Approach; give each a value of its own (shared_value)",
    ]

    path.write_text(f"ignore: [shared_value]\n{text}")
    ignored = load(starter, schema=FIELDS)

    assert ignored.warnings == ()
    assert ignored.digests == shared.digests
    assert ignored.digests != before.digests


@pytest.mark.parametrize(
    ("part", "text", "told"),
    [
        ("subject.txt", "Re: your question", "pretends to be a reply or a forward"),
        ("subject.txt", "Hello there!", "has an exclamation mark"),
        ("subject.txt", "A subject " * 10, "has 99 characters; 78 are shown"),
        ("body.txt", "Buy. ACT NOW please", "presses for time"),
        ("body.txt", "This is FREE MONEY FOR YOU today", "shouts"),
        ("body.txt", "It is 100% free", "promises what nobody can"),
        ("body.txt", "See https://bit.ly/x", "hides where a link leads"),
        ("body.txt", "See https://10.0.0.1/x", "links to a bare address"),
        ("body.txt", "https://a.example " * 7, "has 7 links"),
        ("body.html", '<a href="https://a.example">click here</a>', "says click here"),
        ("body.html", '<img src="https://a.example/x.png">', "is hardly more than images"),
    ],
)
def test_what_looks_like_spam_is_told(starter, part, text, told):
    footer = "\n{{ sender.postal_address }} {{ unsubscribe_url }}\n"
    path = starter / "templates/email/approach-cold-opening" / part
    path.write_text(text if part == "subject.txt" else text + footer)

    found = [one for one in load(starter, schema=FIELDS).warnings if one.lint == "spam"]

    assert [one.file for one in found] == [f"templates/email/approach-cold-opening/{part}"]
    assert told in found[0].message


def test_the_emails_of_the_starter_do_not_look_like_spam(starter):
    assert [one for one in load(starter, schema=FIELDS).warnings if one.lint == "spam"] == []


def test_staging_is_told(starter):
    path = starter / "cadenza.yaml"
    path.write_text(f"{path.read_text()}\nredirect_to: staging@example.com\n")

    loaded = load(starter, schema=FIELDS)

    line = path.read_text().count("\n")
    assert loaded.redirect_to == "staging@example.com"
    assert list(map(str, loaded.warnings)) == [
        f"cadenza.yaml:{line}:14: warning: redirect_to: every email goes to staging@example.com, "
        "and none to its lead: this is staging (redirected)"
    ]
