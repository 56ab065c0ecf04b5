"""Ids in two spellings."""

import pytest

from connectors.ids import spellings


@pytest.mark.parametrize("id_", ["003gK0000000001", "003gK0000000001QAA"])
def test_a_short_id_and_its_long_spelling_are_one(id_):
    assert spellings(id_) == {"003gK0000000001", "003gK0000000001QAA"}


@pytest.mark.parametrize("id_", ["", "12345", "003gK0000000001QAB", "é" * 15, "a-b-c-d-e-f-g-h"])
def test_any_other_id_is_spelled_in_one_way(id_):
    assert spellings(id_) == {id_}
