import pytest
from pydantic import ValidationError

from process.definition import STAGES, Process
from workspace.source import read_yaml
from workspace.validation import validate


@pytest.fixture
def broken(starter):
    """The problems of process.yaml after replacing some text once."""

    def problems(written, instead):
        path = starter / "process.yaml"
        text = path.read_text()
        assert written in text
        path.write_text(text.replace(written, instead, 1))
        found = validate(Process, read_yaml(path, "process.yaml"))
        return list(map(str, found)) if isinstance(found, list) else []

    return problems


def test_the_starter_has_the_seven(starter):
    process = validate(Process, read_yaml(starter / "process.yaml", "process.yaml"))

    assert isinstance(process, Process)
    assert tuple(stage.name for stage in process.stages) == STAGES
    assert Process.model_validate(process.model_dump(mode="json")) == process


EXITS = """    exit:
      - { on: enrolled, to: Preparation }
      - { on: email_sent, to: Approach }
      - { on: meeting_booked, to: Presentation }
"""


@pytest.mark.parametrize(
    ("written", "instead", "expected"),
    [
        (
            "    owner: marketing\n",
            "",
            'process.yaml:39:5: the field "owner" of stages.0 is missing',
        ),
        (
            EXITS,
            "",
            'process.yaml:39:5: the field "exit" of stages.0 is missing',
        ),
        (
            EXITS,
            "    exit: []\n",
            "process.yaml:45:11: stages.0.exit needs at least one entry",
        ),
        (
            "to: Preparation",
            "to: Prepartion",
            (
                'process.yaml:46:29: stages.0.exit.0.to: unknown value "Prepartion"; '
                'did you mean "Preparation"? valid: Approach, Closing, Follow-up, '
                "Handling Objections, Preparation, Presentation, Prospecting"
            ),
        ),
        (
            "to: Preparation",
            "to: Prospecting",
            "process.yaml:46:29: stages.0.exit.0.to: Prospecting cannot lead to itself",
        ),
        (
            "{ on: enrolled,",
            "{ on: enrolled, answer: [price],",
            'process.yaml:46:33: stages.0.exit.0.answer: belongs to "on: answered" only',
        ),
        (
            "{ lead_status: [NEW], deal_stage: [prospecting] }",
            "{}",
            (
                "process.yaml:52:16: stages.0.counterparts.hubspot: "
                "needs at least one of lead_status, deal_stage"
            ),
        ),
        (
            "answer: [interested]",
            "answer: [intersted]",
            (
                'process.yaml:76:34: stages.2.exit.0.answer.0: unknown answer "intersted"; '
                'did you mean "interested"? valid: declined, has_solution, interested, other, price, '
                "timing, wrong_person"
            ),
        ),
        (
            "answers:",
            "events: [machine_clicked]\nanswers:",
            (
                'process.yaml:6:10: events.0: "machine_clicked" is what machines do too, '
                "and no event for rules"
            ),
        ),
        (
            "service_level: 5 days",
            "service_level: soon",
            (
                'process.yaml:50:20: stages.0.service_level: "soon" is no duration; '
                'write an amount and a unit, such as "3 business days"'
            ),
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(broken, written, instead, expected):
    assert broken(written, instead) == [expected]


def test_stages_are_the_seven_in_order():
    with pytest.raises(ValidationError, match=r"must be these seven, in this order: Prospecting,"):
        Process.model_validate({"answers": {}, "stages": []})
