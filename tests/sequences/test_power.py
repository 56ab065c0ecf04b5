"""How many companies are needed, against other people's figures and against what a run brings."""

import pytest

from bench.experiments import named, simulate
from sequences.power import always, needed, once


@pytest.mark.parametrize(
    ("base", "better", "share", "alpha", "of_the_better"),
    [
        # statsmodels 0.15.0, samplesize_proportions_2indep_onetail, power 0.8
        (0.05, 0.10, 1 / 2, 0.05, 434.432022),
        (0.05, 0.08, 1 / 2, 0.05, 1058.855111),
        (0.02, 0.03, 1 / 2, 0.05, 3825.149722),
        (0.05, 0.08, 1 / 4, 0.05, 673.482790),
        (0.05, 0.08, 1 / 2, 0.05 / 3, 1412.549504),
    ],
)
def test_a_test_that_is_looked_at_once(base, better, share, alpha, of_the_better):
    assert once(share, base, better, alpha) * share == pytest.approx(of_the_better, rel=1e-3)


def test_each_variant_needs_its_share_and_the_neediest_pair_counts():
    even = needed({"a": 1, "b": 1}, 0.05, 0.08)
    uneven = needed({"a": 3, "b": 1}, 0.05, 0.08)
    three = needed({"a": 1, "b": 1, "c": 1}, 0.05, 0.08)

    assert (even.once, even.always) == ({"a": 1059, "b": 1059}, {"a": 1847, "b": 1847})
    assert (uneven.once, uneven.always) == ({"a": 2021, "b": 674}, {"a": 3718, "b": 1240})
    assert (three.once["c"], three.always["c"]) == (1413, 2293)


@pytest.mark.parametrize("share", [1 / 2, 1 / 5])
def test_as_many_as_ours_is_said_to_need_find_it_in_eight_of_ten(share):
    companies = round(always(share, 0.05, 0.10, 0.05))
    weights = (round(1 / share) - 1, 1)

    found = named(simulate((0.05, 0.10), weights=weights, companies=companies), "b")

    assert found == pytest.approx(0.8, abs=0.04)


def test_what_nobody_waits_for_is_at_least_what_one_look_needs():
    assert needed({"a": 1, "b": 1}, 0.05, 0.0501).always["a"] > 10_000_000
