"""Mistakes in the forms of cadenza.yaml."""

import pytest

from config import starter as starters
from crm.facts import FIELDS
from process import blueprint
from process.blueprint import Invalid

FORM = """
forms:
  demo:
    fields: { email: lead.email, said: message }
    consent: You may write to me.
    allowed_origins: [https://w.example.com]
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "workspace"
    starters.copy(path)
    team = path / "cadenza.yaml"
    team.write_text(team.read_text() + FORM)
    return path


@pytest.fixture
def told(folder):
    """What is wrong after one text was replaced."""
    team = folder / "cadenza.yaml"
    text = team.read_text()
    start = text[: text.index(FORM)].count("\n")

    def replace(written, instead):
        assert FORM.count(written) == 1
        team.write_text(text.replace(FORM, FORM.replace(written, instead)))
        with pytest.raises(Invalid) as caught:
            blueprint.load(folder, schema=FIELDS)
        (problem,) = caught.value.problems
        return problem.line - start, problem.column, problem.message

    return replace


def test_a_form_is_read(folder):
    form = blueprint.load(folder, schema=FIELDS).forms["demo"]

    assert (form.per_hour, form.thanks_url, form.fields["said"]) == (60, None, "message")


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        (
            "said: message",
            "said: lead.titel",
            (4, 40, 'forms.demo.fields.said: unknown fact "lead.titel"; did you mean "lead.title"? '),
        ),
        ("email: lead.email, ", "", (4, 13, 'forms.demo.fields: none of them tells "lead.email"')),
        ("said: message", "said: lead.email", (4, 22, 'forms.demo.fields.email: two fields tell "lead.email"')),
        ("said: message", "consent: message", (4, 43, 'forms.demo.fields.consent: "consent" is in every form already')),
        ("example.com]", "example.com/demo]", (6, 23, 'forms.demo.allowed_origins.0: "https://w.example.com/demo" ')),
        ("    consent: You may write to me.\n", "", (4, 5, 'the field "consent" of forms.demo is missing')),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(told, written, instead, problem):
    line, column, message = told(written, instead)

    assert (line, column, message[: len(problem[2])]) == problem
