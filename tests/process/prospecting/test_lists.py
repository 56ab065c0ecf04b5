"""Lists that a condition describes: their mistakes, and what becomes of the rules that name them."""

import shutil
from pathlib import Path

import pytest

from config import starter as starters
from crm.facts import FIELDS
from process import blueprint
from process.blueprint import Invalid
from process.testing import trial
from process.testing.definition import Case
from workspace.expressions import evaluate

LISTS = """
lists:
  germany: { when: lead.country == "DE" or company.country == "DE" }
"""
FORM = """
forms:
  demo:
    fields: { email: lead.email }
    consent: Write to me.
    allowed_origins: [https://www.example.com]
    list: askers
"""
RULED = """\
name: ruled
stage: Approach
enroll:
  when: lead.title == "CTO" or lead.title == "CEO"
  list: germany
steps:
  - { id: call, task: call, title: Call, due: 1 day }
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "workspace"
    starters.copy(path)
    process = path / "process.yaml"
    process.write_text(process.read_text() + LISTS)
    (path / "sequences" / "ruled.yaml").write_text(RULED)
    return path


def loaded(folder: Path):
    return blueprint.load(folder, schema=FIELDS)


def problems(folder: Path, line: str, instead: str, file: str = "process.yaml") -> list[str]:
    path = folder / file
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, instead))
    with pytest.raises(Invalid) as caught:
        loaded(folder)
    first = text[: text.index(line)].count("\n") + 1
    return [str(problem).replace(f":{first}:", ":LINE:", 1) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("title", "country", "of_company", "enters"),
    [
        ("CEO", "DE", "", True),
        ("CTO", "", "DE", True),
        ("CEO", "FR", "", False),
        ("CFO", "DE", "DE", False),
    ],
)
def test_whom_a_rule_lets_in_is_on_its_list_besides(folder, title, country, of_company, enters):
    rule = loaded(folder).sequences["ruled"].enroll

    facts = {"lead": {"title": title, "country": country}, "company": {"country": of_company}}
    assert (evaluate(rule.when, facts), rule.list) == (enters, None)


def test_another_condition_is_another_version(folder):
    before = loaded(folder).digests["ruled"]
    process = folder / "process.yaml"
    process.write_text(process.read_text().replace('company.country == "DE"', "false"))

    assert loaded(folder).digests["ruled"] != before


def test_a_list_by_condition_stands_beside_those_by_name(folder):
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "lists" / "event.csv").write_text("email\ngrace@customer.example\n")
    shutil.copy(folder / "sequences" / "ruled.yaml", folder / "sequences" / "other.yaml")
    other = folder / "sequences" / "other.yaml"
    other.write_text(RULED.replace("name: ruled", "name: other").replace("germany", "event"))

    sequences = loaded(folder).sequences

    assert [sequences[name].enroll.list for name in ("ruled", "other")] == [None, "event"]


def test_a_field_that_there_is_not(folder):
    told = problems(folder, "  germany:", "  germany: { when: lead.contry == 'DE' }\n  france:")

    valid = ", ".join(sorted(FIELDS["lead"]))
    assert told == [
        'process.yaml:LINE:20: lists.germany.when: unknown field of lead "contry"; did you mean '
        f'"country"? valid: {valid}'
    ]


def test_a_name_that_a_file_has_too(folder):
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "lists" / "germany.csv").write_text("email\n")

    told = problems(folder, "  germany:", "  germany:")

    assert told == [
        'process.yaml:LINE:3: the name "germany" is taken by lists/germany.csv, or by a form'
    ]


@pytest.mark.parametrize("name", ["askers", "germany"])
def test_a_forms_list_is_a_list_and_its_name_is_taken(folder, name):
    team = folder / "cadenza.yaml"
    team.write_text(team.read_text() + FORM.replace("askers", name))
    ruled = folder / "sequences" / "ruled.yaml"
    ruled.write_text(RULED.replace("germany", name))
    taken = 'process.yaml:LINE:3: the name "germany" is taken by lists/germany.csv, or by a form'

    if name == "germany":
        assert problems(folder, "  germany:", "  germany:") == [taken]
    else:
        assert loaded(folder).sequences["ruled"].enroll.list == "askers"
        assert loaded(folder).lists["askers"] == frozenset()


def test_a_list_that_there_is_not(folder):
    told = problems(folder, "germany", "germny", file="sequences/ruled.yaml")

    assert told == [
        'sequences/ruled.yaml:LINE:9: unknown list "germny"; did you mean "germany"? valid: germany'
    ]


def test_a_condition_that_is_too_long_with_its_rules(folder):
    long = " or ".join(['lead.country == "DE"'] * 82)

    told = problems(folder, 'lead.country == "DE" or company.country == "DE"', long)

    assert told == [
        'sequences/ruled.yaml:5:9: enroll.list: with that of "germany" the rule has 2,015 characters, '
        "where 2,000 are the most"
    ]


def test_a_crm_that_keeps_no_lists(folder):
    team = folder / "cadenza.yaml"
    folder_of_ours = "  own: { kind: csv, folder: data, pull_every: 15 minutes }\n"
    team.write_text(team.read_text().replace("connections:\n", "connections:\n" + folder_of_ours))
    process = folder / "process.yaml"
    process.write_text(
        process.read_text().replace("  germany:", "  fair: { to: { own: Fair } }\n  germany:")
    )

    with pytest.raises(Invalid) as caught:
        loaded(folder)

    line = process.read_text().splitlines().index("  fair: { to: { own: Fair } }") + 1
    told = [str(problem) for problem in caught.value.problems if "lists.fair.to" in str(problem)]
    assert told == [
        f'process.yaml:{line}:17: lists.fair.to.own: a CRM of the kind "csv" keeps no lists; '
        "valid: hubspot, salesforce"
    ]


def test_who_is_on_a_crms_list_fits_its_condition_besides(folder):
    process = folder / "process.yaml"
    text = process.read_text().replace("germany: {", "germany: { from: { hubspot: Fair },")
    process.write_text(text)

    rule = loaded(folder).sequences["ruled"].enroll

    both = (
        'lead.country == "DE" or company.country == "DE"',
        'lead.title == "CTO" or lead.title == "CEO"',
    )
    assert (rule.list, rule.when) == ("germany", "({}) and ({})".format(*both))


def test_a_test_of_a_sequence_is_about_somebody_on_the_crms_list(folder):
    process = folder / "process.yaml"
    text = process.read_text().replace("germany: {", "germany: { from: { hubspot: Fair },")
    process.write_text(text)

    outcomes = {
        title: trial.run(loaded(folder), Case(name="x", lead=facts, expect=[]), sequence="ruled")
        for title, facts in {
            "CEO": {"title": "CEO", "country": "DE"},
            "CFO": {"title": "CFO", "country": "DE"},
        }.items()
    }

    assert {title: one.enrollment is not None for title, one in outcomes.items()} == {
        "CEO": True,
        "CFO": False,
    }
