"""Three ways per field: the properties that keep a CRM from being overwritten by accident."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.merge import Clash, merge
from crm.policy import CHOICES

VALUES = st.sampled_from(["", "a", "b", "c", None, True, False])
RECORD = st.fixed_dictionaries({"x": VALUES, "y": VALUES})
POLICIES = st.sampled_from([policy for policy in CHOICES if policy != "opt_out"])
T = datetime(2026, 3, 2, tzinfo=UTC)


def merged(base, ours, theirs, policy="crm_unless_blank", **more):
    return merge(base=base, ours=ours, theirs=theirs, policy_of=lambda _: policy, **more)


def taken(base, ours, theirs, policy="crm_unless_blank", **more):
    return {**ours, **merged(base, ours, theirs, policy, **more).take}


def blank(value):
    return value in ("", None)


@given(RECORD, RECORD, POLICIES, st.booleans())
def test_what_only_they_changed_is_taken_unless_blank(base, theirs, policy, is_source):
    after = taken(base, base, theirs, policy, is_source=is_source)

    for name in base:
        may_blank = policy == "crm" and is_source
        stays = blank(theirs[name]) and (not may_blank or blank(base[name]))
        assert after[name] == (base[name] if stays else theirs[name])


@given(RECORD, RECORD, POLICIES, st.booleans())
def test_what_only_we_changed_is_kept(base, ours, policy, is_source):
    result = merged(base, ours, base, policy, is_source=is_source)

    assert (result.take, result.clashes) == ({}, {})


@given(RECORD, RECORD, POLICIES, st.booleans())
def test_the_same_change_on_both_sides_is_no_clash(base, changed, policy, is_source):
    result = merged(base, changed, changed, policy, is_source=is_source)

    assert (result.take, result.clashes) == ({}, {})


@given(RECORD, RECORD, RECORD, POLICIES, st.booleans())
def test_merging_the_same_record_twice_changes_nothing_more(base, ours, theirs, policy, is_source):
    first = merged(base, ours, theirs, policy, is_source=is_source)
    again = merged(first.base, {**ours, **first.take}, theirs, policy, is_source=is_source)

    assert (again.take, again.clashes) == ({}, {})


@given(RECORD, RECORD, RECORD, POLICIES, st.booleans())
def test_a_value_of_ours_becomes_blank_by_the_policy_crm_alone(base, ours, theirs, policy, source):
    after = taken(base, ours, theirs, policy, is_source=source)

    if policy == "crm" and source:
        return
    for name, value in ours.items():
        if not blank(value):
            assert not blank(after[name])


@given(st.booleans(), st.booleans(), st.booleans())
def test_an_opt_out_of_either_side_stays(base, ours, theirs):
    assert taken({"x": base}, {"x": ours}, {"x": theirs}, "opt_out") == {"x": ours or theirs}


@pytest.mark.parametrize(
    ("policy", "theirs", "kept"),
    [
        ("crm", "c", "c"),
        ("crm", "", ""),
        ("crm_unless_blank", "c", "c"),
        ("crm_unless_blank", "", "b"),
        ("ours", "c", "b"),
        ("ours", "", "b"),
        ("newest", "c", "c"),
        ("newest", "", "b"),
    ],
)
def test_both_changed_differently_the_policy_decides(policy, theirs, kept):
    result = merged({"x": "a"}, {"x": "b"}, {"x": theirs}, policy, theirs_at=T)

    assert {"x": "b", **result.take} == {"x": kept}
    side: Literal["ours", "theirs"] = "theirs" if kept == theirs else "ours"
    assert result.clashes == {
        "x": Clash(policy=policy, base="a", ours="b", theirs=theirs, kept=side)
    }
    assert result.base == {"x": theirs}


@pytest.mark.parametrize(("hours", "kept"), [(-1, "b"), (0, "c"), (1, "c")])
def test_newest_is_the_later_edit(hours, kept):
    at = T + timedelta(hours=hours)

    after = taken({"x": "a"}, {"x": "b"}, {"x": "c"}, "newest", ours_at={"x": T}, theirs_at=at)

    assert after == {"x": kept}


@pytest.mark.parametrize("policy", ["crm", "crm_unless_blank"])
def test_in_another_crm_than_the_source_ours_has_the_last_word(policy):
    assert taken({"x": "a"}, {"x": "b"}, {"x": "c"}, policy, is_source=False) == {"x": "b"}
    assert taken({"x": "a"}, {"x": "a"}, {"x": "c"}, policy, is_source=False) == {"x": "c"}


def test_a_record_seen_for_the_first_time_fills_blanks_and_clashes_else():
    result = merged({}, {"x": "", "y": "b"}, {"x": "a", "y": "c"}, is_source=False)

    assert result.take == {"x": "a"}
    assert result.clashes == {
        "y": Clash(policy="crm_unless_blank", base=None, ours="b", theirs="c", kept="ours")
    }


def merged_elsewhere(**values):
    """As in a CRM that is not the lead's source."""
    return merge(policy_of=lambda _: "crm", is_source=False, **values)


def test_what_is_typed_where_a_blank_was_refused_is_their_change_alone():
    """A CRM empties a field, and somebody fills it anew before we do."""
    ours = {"title": "a"}
    first = merged_elsewhere(base=ours, ours=ours, theirs={"title": ""})
    again = merged_elsewhere(
        base=first.base, ours=ours, theirs={"title": ""}, emptied=first.emptied
    )
    assert (again.take, again.emptied) == ({}, {"title": "a"})

    held = {"base": again.base, "emptied": again.emptied, "theirs": {"title": "b"}}
    typed = merged_elsewhere(ours=ours, **held)
    edited_here = merged_elsewhere(ours={"title": "c"}, **held)

    assert (typed.take, typed.clashes) == ({"title": "b"}, {})
    assert (edited_here.take, edited_here.clashes["title"].kept) == ({}, "ours")
