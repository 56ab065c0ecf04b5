"""Territories as numbers: whose turn it is."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from process.prospecting.territories import Assignment, turn

OWNERS = ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]


@given(st.integers(min_value=0, max_value=60), st.sampled_from(["", *OWNERS, "left@x.example"]))
def test_shares_of_those_who_are_present_differ_by_at_most_one(count, last):
    shares = Counter(dict.fromkeys(OWNERS, 0))
    for _ in range(count):
        last = turn(OWNERS, last, OWNERS)
        shares[last] += 1

    assert max(shares.values()) - min(shares.values()) <= 1


@given(st.lists(st.sets(st.sampled_from(OWNERS)), max_size=40))
def test_only_who_is_present_is_given_anything_and_nobody_catches_up(days):
    last, given_ = "", []
    for present in days:
        found = turn(OWNERS, last, present)
        given_.append((found, present))
        last = found or last

    assert all(found in present if present else found == "" for found, present in given_)
    for (before, _), (after, present) in pairwise(given_):
        assert not (before and before == after and len(present) > 1)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"territories": [{"name": "A", "owners": OWNERS, "when": "true"}]}, "takes all others"),
        ({"territories": [{"name": "A", "owners": OWNERS}] * 2}, "needs a when"),
        ({"territories": [{"name": "A", "owners": OWNERS[:1] * 2}]}, "stands twice"),
        ({"territories": [{"name": "A", "owners": ["ada"]}]}, "no email address"),
        (
            {
                "absences": [{"owner": "z@x.example", "from": "2026-01-01", "to": "2026-01-02"}],
                "territories": [{"name": "A", "owners": OWNERS}],
            },
            "no owner of a territory",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(section, said):
    with pytest.raises(ValidationError, match=said):
        Assignment.model_validate(section)
