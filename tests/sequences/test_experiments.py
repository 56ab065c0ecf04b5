"""The test of variants: what it says of figures, and how often it errs over many experiments."""

from dataclasses import replace
from math import exp, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import comb

from bench.experiments import ever, named, simulate
from sequences.cadence import variant
from sequences.definition import EmailStep, Sequence
from sequences.experiments import ALPHA, Arm, Range, judge, log_evidence, rate_of


def arms(*figures, weights=(1, 1, 1)):
    """From (units, hits) of a, b, c."""
    return [
        Arm(name="abc"[at], weight=weights[at], units=units, hits=hits)
        for at, (units, hits) in enumerate(figures)
    ]


def said(*figures, **values):
    found = judge(arms(*figures, **values), smallest=0.03)
    return found.outcome, found.winner, list(found.beaten)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ([(0, 0), (0, 0)], ("undecided", None, [])),
        ([(100, 5), (100, 7)], ("undecided", None, [])),
        ([(20, 0), (20, 4)], ("undecided", None, [])),
        ([(1000, 50), (1000, 100)], ("winner", "b", ["a"])),
        ([(1000, 100), (1000, 50)], ("winner", "a", ["b"])),
        ([(3000, 150), (3000, 152)], ("no difference worth it", None, [])),
        ([(3000, 0), (3000, 0)], ("no difference worth it", None, [])),
        ([(700, 10), (300, 90)], ("uneven split", None, [])),
        ([(1000, 50), (1000, 100), (1000, 40)], ("winner", "b", ["a", "c"])),
        ([(1000, 50), (1000, 100), (1000, 95)], ("undecided", None, ["a"])),
        ([(9000, 450), (9000, 900), (9000, 905)], ("no difference worth it", None, ["a"])),
    ],
)
def test_what_it_says(figures, told):
    assert said(*figures) == told


def test_those_who_may_still_answer_keep_it_from_giving_up():
    lately = [replace(arm, waiting=2800) for arm in arms((3000, 150), (3000, 152))]

    assert said((3000, 150), (3000, 152))[0] == "no difference worth it"
    assert judge(lately, smallest=0.03).outcome == "undecided"


def test_the_weights_are_the_bias_of_the_coin():
    fair = said((800, 80), (200, 20), weights=(4, 1))
    gains = said((800, 40), (200, 40), weights=(4, 1))

    assert fair == ("undecided", None, [])
    assert gains == ("winner", "b", ["a"])


def test_its_error_is_shared_among_the_comparisons():
    two = judge(arms((500, 25), (500, 50)), smallest=0.03).comparisons
    three = judge(arms((500, 25), (500, 50), (500, 30)), smallest=0.03).comparisons

    assert [found.threshold for found in two] == [pytest.approx(20)]
    assert [found.threshold for found in three] == [pytest.approx(60)] * 3
    assert three[0].evidence == two[0].evidence
    assert three[0].p_value == pytest.approx(3 * two[0].p_value)


def test_its_range_has_the_figures_in_it_and_is_open_without_any():
    found = judge(arms((1000, 50), (1000, 100)), smallest=0.03).comparisons[0]
    nobody = judge(arms((0, 0), (0, 0)), smallest=0.03).comparisons[0]

    assert 1 < found.ratio.low < 2 < found.ratio.high
    assert 0 < found.difference.low < 0.05 < found.difference.high
    assert nobody.ratio == Range(low=0, high=inf)
    assert nobody.difference == Range(low=-1, high=1)
    assert rate_of(arms((0, 0))[0]) == Range(low=0, high=1)


def test_a_range_ends_above_its_beginning_however_uneven_the_split():
    found = judge(arms((10**9, 10**9), (5, 0)), smallest=0.03).comparisons[0]

    assert found.difference == Range(low=-1, high=-1)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 9), st.integers(1, 9))
def test_enough_evidence_and_a_range_without_one_are_the_same(hits, others, weight, other):
    first = Arm(name="a", weight=other, units=1000, hits=others)
    second = Arm(name="b", weight=weight, units=1000, hits=hits)
    [found] = judge([first, second], smallest=0.03).comparisons

    assert found.is_decided == (not found.ratio.low <= 1 <= found.ratio.high)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_without_a_difference_evidence_is_expected_to_stay_at_1(answers, weight, other):
    share = weight / (weight + other)
    chances = {
        hits: comb(answers, hits) * share**hits * (1 - share) ** (answers - hits)
        for hits in range(answers + 1)
    }

    expected = sum(
        chance * exp(log_evidence(hits, answers - hits, share)) for hits, chance in chances.items()
    )

    assert expected == pytest.approx(1)


@pytest.mark.parametrize(
    "world",
    [
        {"rates": (0.05, 0.05)},
        {"rates": (0.01, 0.01)},
        {"rates": (0.05, 0.05), "weights": (4, 1)},
        {"rates": (0.05, 0.05, 0.05), "weights": (1, 1, 1)},
        {"rates": (0.05, 0.05), "people": 5},
    ],
    ids=["even", "rare", "uneven", "three", "clustered"],
)
def test_a_thousand_experiments_without_a_difference_looked_at_daily(world):
    looks = simulate(**world)

    assert named(looks) <= ever(looks.beaten()) <= ALPHA


def test_people_of_a_company_counted_one_by_one_would_name_too_many():
    assert named(simulate((0.05, 0.05), people=5, count_people=True)) > 4 * ALPHA


@pytest.mark.parametrize("people", [1, 5])
def test_twice_the_replies_are_found_in_eight_of_ten_with_a_thousand_each(people):
    looks = simulate((0.05, 0.10), people=people)

    assert named(looks, "b") >= 0.8
    assert named(looks, "a") <= 0.005


def test_the_draws_of_companies_are_no_uneven_split():
    step = EmailStep.model_validate({"id": "opening", "email": {"a": 3, "b": 1}})
    sequence = Sequence(name="test", stage="Approach", steps=(step,))

    drawn = [variant(sequence, step, f"company {at}") for at in range(4000)]

    split = [(drawn.count("a"), 200), (drawn.count("b"), 66)]

    assert said(*split, weights=(3, 1))[0] != "uneven split"
    assert said(*split, weights=(1, 1))[0] == "uneven split"


def test_its_evidence_is_what_one_reckons_by_hand():
    # Beta(6, 6) over three answers of one and none of the other: 6*7*8 / (12*13*14), against 1/8.
    assert log_evidence(3, 0, 0.5) == pytest.approx(log(6 * 7 * 8 / (12 * 13 * 14) * 8))
