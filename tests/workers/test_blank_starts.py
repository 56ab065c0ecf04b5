"""`check` and `plan` tell of invitations that some of the leads cannot get."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.cli import plans
from crm.facts import FIELDS
from crm.models import Deal
from process import blank_starts, blanks, blueprint, planning
from runtime import clock

pytestmark = pytest.mark.django_db

INVITATION = """\
  - id: invitation
    email: approach-cold-opening
    invite: { title: "Demo for {{ company.name }}", start: deal.extra.demo_at, duration: 30 minutes }
"""
WAIT = "  - { id: breathe, wait: 3 days }\n"
FIELD = "      lead: { timezone: Timezone__c }\n"
MOMENT = "      deal: { demo_at: Demo_At__c }\n    types:\n      deal: { demo_at: datetime }\n"


@pytest.fixture
def written(folder):
    """The starter with one sequence of these steps, and no other."""

    def of(steps, *, rule='when: lead.title == "CTO"', more=""):
        team = folder / "cadenza.yaml"
        if MOMENT not in team.read_text():
            team.write_text(team.read_text().replace(FIELD, FIELD + MOMENT, 1))
        text = f"name: demo\nstage: Approach\nenroll: {{ {rule} }}\n{more}steps:\n{steps}"
        (folder / "sequences" / "demo.yaml").write_text(text)
        found = blueprint.load(folder, schema=FIELDS)
        return replace(found, sequences={"demo": found.sequences["demo"]})

    return of


@pytest.fixture
def people(make_lead, frozen_clock):
    """By when the demo is: nobody knows, in two days, in nine days, yesterday; and somebody else."""
    found = {}
    for name, days in {"blank": None, "soon": 2, "later": 9, "over": -1}.items():
        lead = make_lead(f"{name}@x.example", first_name=name, title="CTO")
        at = clock.now() + timedelta(days=days or 0)
        extra = {} if days is None else {"demo_at": at.isoformat()}
        Deal.objects.create(name="Demo", lead=lead, source=lead.source, extra=extra)
        found[name] = lead
    make_lead("else@x.example", title="CFO")
    return found


def test_check_tells_how_many_of_those_whom_the_rule_names_lack_the_start(written, people):
    told = [str(one) for one in blank_starts.lints(written(WAIT + INVITATION))]

    assert told == [
        "sequences/demo.yaml:8:60: warning: steps.1.invite.start: deal.extra.demo_at is blank for "
        "1 of 4 leads, whom it cannot invite; ask for it in a branch before it, or say requires: "
        "[deal.extra.demo_at] (blank_fact)"
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"steps": "  - { id: wait, wait: { until: deal.extra.demo_at, less: 1 day } }\n"},
        {"steps": "  - { id: ask, branch: [{ when: deal.extra.demo_at is none, steps: "
                  "[{ id: end, stop: no demo }] }] }\n"},
        {"steps": "  - { id: set, goal: deal.extra.demo_at is defined, within: 3 days }\n"},
        {"rule": 'when: lead.title == "CTO", requires: [deal.extra.demo_at]'},
        {"rule": "when: deal.extra.demo_at is defined"},
        {"more": "exit: [deal.extra.demo_at is none]\n"},
        {"more": "ignore: [blank_fact]\n"},
    ],
)  # fmt: skip
def test_check_is_silent_where_it_is_asked_for(written, people, values):
    steps = values.pop("steps", "") + INVITATION

    assert list(blank_starts.lints(written(steps, **values))) == []


def test_whoever_books_has_the_meeting_to_which_it_invites(written, people):
    steps = INVITATION.replace("deal.extra.demo_at", "meeting.start")

    booked = written(steps, rule='when: lead.title == "CTO", on: [meeting_booked]')

    assert list(blank_starts.lints(booked)) == []


def test_plan_leaves_out_whom_the_first_email_cannot_invite(written, people):
    [found] = planning.plan(written(INVITATION)).sequences

    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    assert {one.lead.first_name: one.refusal for one in found.refusals} == {
        "blank": "the invitation's start, deal.extra.demo_at, is blank",
        "over": f"the invitation's start, deal.extra.demo_at, has passed: {yesterday}",
    }
    assert [one.lead.first_name for one in found.enrolls] == ["soon", "later"]
    assert [touch.problem for touches in found.touches.values() for touch in touches] == ["", ""]


def test_plan_tells_for_whom_a_later_invitation_would_fail(written, people, capsys):
    planned = planning.plan(written(WAIT + INVITATION))

    plans.show(planned, [], people=True)

    [found] = planned.sequences
    assert {
        one.lead.first_name: [bool(touch.problem) for touch in found.touches[one.lead.pk]]
        for one in found.enrolls
    } == {"blank": [True], "soon": [True], "later": [False], "over": [True]}
    lines = capsys.readouterr().out.splitlines()
    blank = "the invitation's start, deal.extra.demo_at, is blank"
    assert f"  invitation would fail for 1: {blank}" in lines
    assert sum("approach-cold-opening (would fail)" in line for line in lines) == 3


def test_a_fact_of_the_deal_is_not_blank_where_there_is_one(written, people):
    loaded = written(INVITATION)
    (loaded.templates["approach-cold-opening"]).__dict__["text"] = "{{ deal.name }}"

    told = [one.message for one in blanks.lints(loaded) if "deal.name" in one.message]

    assert [message.partition(";")[0] for message in told] == [
        "deal.name is blank for 1 of 5 leads, not enrolled for it"
    ]
