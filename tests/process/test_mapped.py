"""Fields that the team mapped are compared by the types that it gave them."""

import pytest

from crm.facts import FIELDS
from process.blueprint import Invalid, load


@pytest.fixture
def problems(mapped):
    """What is told of an exit with this condition, in a sequence of its own."""

    def of(condition):
        (mapped / "sequences" / "odd.yaml").write_text(
            f"name: odd\nstage: Approach\nexit:\n  - {condition}\n"
            "steps:\n  - { id: call, task: call, title: Call, due: 1 day }\n"
        )
        try:
            load(mapped, schema=FIELDS)
        except Invalid as invalid:
            return [str(problem) for problem in invalid.problems]
        return []

    return of


def test_a_field_without_a_type_is_a_text(problems):
    assert problems("deal.extra.size > 10") == [
        "sequences/odd.yaml:4:5: exit.0: deal.extra.size is a text, and 10 is not; "
        'write "10", or give it the type number in cadenza.yaml'
    ]
    assert problems('deal.extra.size == "10"') == []


def test_a_moment_is_compared_as_a_text(problems):
    assert problems('deal.extra.demo_at < "2027-01-01"') == []
    assert problems("deal.extra.demo_at < 2027") != []
