"""A team that asks for a legal basis: who lacks it is named by `plan` and enrolled by nobody."""

from dataclasses import replace

import pytest

from crm.facts import FIELDS
from mail.legal import PrivacySettings
from mail.models import Sender
from process import apply, blueprint, explain, planning
from process.simulation import load
from runtime import clock
from sequences.models import Enrollment
from workspace.problems import Invalid

pytestmark = pytest.mark.django_db
LACKS = "lacks consent as its legal basis, needed in DE (privacy)"


@pytest.fixture
def asking(loaded, team):
    found = replace(loaded, privacy=PrivacySettings())
    apply.configure(found)
    return found


def test_who_lacks_it_is_named_and_not_enrolled(asking, make_lead):
    lead = make_lead(country="Germany")
    make_lead("ada@customer.example", country="Germany", extra={"legal_basis": "consent"})

    plan = planning.plan(asking)
    apply.apply(asking)

    [cold] = [one for one in plan.sequences if one.sequence == "approach-cold"]
    assert cold.refused == {LACKS: 1}
    assert [enrollment.lead.email for enrollment in Enrollment.objects.all()] == [
        "ada@customer.example"
    ]
    assert any(LACKS in line for line in explain.explanation(lead))


def test_a_simulation_asks_the_same(asking, make_lead):
    make_lead(country="Germany")

    rules = load.scene(asking, clock.now()).files.privacy

    assert rules.lacking({"lead": {"country": "Germany"}}) == LACKS


def test_without_the_section_nothing_is_asked(team, make_lead):
    make_lead(country="Germany")
    team()

    assert (Sender.objects.get().privacy, Enrollment.objects.count()) == ({}, 1)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("privacy: { require: { Germany: consent } }", 'unknown country code "Germany"; did you mean "DE"?'),
        ("privacy: { require: { DE: hope } }", "hope"),
        ("privacy: { bases: { DE: consent } }", "bases"),
    ],
)  # fmt: skip
def test_what_the_section_cannot_say_is_told_with_its_place(folder, section, told):
    file = folder / "cadenza.yaml"
    file.write_text(f"{file.read_text()}\n{section}\n")
    line = file.read_text().count("\n")

    with pytest.raises(Invalid) as invalid:
        blueprint.load(folder, schema=FIELDS)

    assert str(invalid.value).startswith(f"cadenza.yaml:{line}:")
    assert told in str(invalid.value)
