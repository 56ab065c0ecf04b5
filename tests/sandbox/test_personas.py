"""Who answers how is drawn once, from the address and the seed."""

from collections import Counter

import pytest

from sandbox.personas import SHARES, draw, share_of

ADDRESSES = [f"person{number}@customer.example" for number in range(5000)]


def test_shares_are_all_of_a_hundred():
    assert sum(SHARES.values()) == 100


def test_an_address_always_draws_the_same():
    assert [draw(each, 7) for each in ADDRESSES[:50]] == [draw(each, 7) for each in ADDRESSES[:50]]


def test_another_seed_draws_other_people():
    assert [draw(each, 7) for each in ADDRESSES] != [draw(each, 8) for each in ADDRESSES]


def test_everybody_is_drawn_about_as_often_as_the_shares_say():
    drawn = Counter(draw(each, 7) for each in ADDRESSES)

    assert set(drawn) == set(SHARES)
    assert {name: round(drawn[name] / 50) for name in SHARES} == pytest.approx(SHARES, abs=2)


def test_a_share_lies_below_its_whole():
    assert {share_of(3, "touch", each) for each in ADDRESSES[:100]} == {0, 1, 2}
