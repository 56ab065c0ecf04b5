"""What a section of process.yaml gives may be read once the section is there."""

import pytest

from crm.facts import FIELDS
from process.blueprint import Invalid, load

SCORING = """
scoring:
  qualified_at: 10
  rules:
    - { name: Large, kind: fit, when: company.employees >= 200, points: 30 }
"""
QUALIFICATION = """
qualification:
  reject_reasons: [too small]
"""
MARKETING = """
marketing:
  hubspot: { mql: { lifecycle_stage: marketingqualifiedlead } }
"""
ASSIGNMENT = """
assignment:
  territories:
    - { name: Everywhere, owners: [ada@example.com] }
"""


@pytest.fixture
def told(starter):
    """What is said of a sequence that enters at an event and ends by a condition."""

    def of(event, condition, *sections):
        process = starter / "process.yaml"
        process.write_text(process.read_text() + "".join(sections))
        (starter / "sequences" / "odd.yaml").write_text(
            f"name: odd\nstage: Approach\nenroll: {{ on: [{event}], when: not deal.exists }}\nexit:\n  - {condition}\n"
            "steps:\n  - { id: call, task: call, title: Call, due: 1 day }\n"
        )
        try:
            load(starter, schema=FIELDS)
        except Invalid as invalid:
            return [problem.message for problem in invalid.problems]
        return []

    return of


@pytest.mark.parametrize(
    ("event", "condition", "sections", "without"),
    [
        (
            "form_submitted",
            "lead.score > 20",
            (SCORING,),
            ["exit.0: lead.score is never known: add scoring to process.yaml"],
        ),
        (
            "form_submitted",
            "event.rejected",
            (QUALIFICATION,),
            ["exit.0: event.rejected never happens: add qualification to process.yaml"],
        ),
        (
            "qualified",
            "event.called",
            (QUALIFICATION, MARKETING),
            [
                'enroll.on.0: "qualified" never happens: add scoring to process.yaml, '
                "or an mql under marketing"
            ],
        ),
        (
            "assigned",
            "event.called",
            (SCORING, ASSIGNMENT),
            ['enroll.on.0: "assigned" never happens: add assignment to process.yaml'],
        ),
    ],
)
def test_it_is_told_without_the_section_alone(told, event, condition, sections, without):
    assert told(event, condition) == without
    assert told(event, condition, *sections) == []
