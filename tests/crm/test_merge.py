"""Three ways per field: the properties that keep a CRM from being overwritten by accident."""

from hypothesis import given
from hypothesis import strategies as st

from crm.merge import merge

VALUES = st.sampled_from(["", "a", "b", "c", None, True, False])
RECORD = st.fixed_dictionaries({"x": VALUES, "y": VALUES})


def taken(base, ours, theirs):
    merged = merge(base=base, ours=ours, theirs=theirs)
    return {**ours, **merged.take}


@given(RECORD, RECORD)
def test_what_only_they_changed_is_taken_unless_blank(base, theirs):
    after = taken(base, base, theirs)

    for name in base:
        blanked = theirs[name] in ("", None) and base[name] not in ("", None)
        assert after[name] == (base[name] if blanked else theirs[name])


@given(RECORD, RECORD)
def test_what_only_we_changed_is_kept(base, ours):
    merged = merge(base=base, ours=ours, theirs=base)

    assert merged.take == {}
    assert merged.conflicts == {}


@given(RECORD, RECORD)
def test_the_same_change_on_both_sides_is_no_conflict(base, changed):
    merged = merge(base=base, ours=changed, theirs=changed)

    assert merged.take == {}
    assert merged.conflicts == {}


@given(RECORD, RECORD, RECORD)
def test_merging_the_same_record_twice_changes_nothing_more(base, ours, theirs):
    first = merge(base=base, ours=ours, theirs=theirs)
    second = merge(base=first.base, ours={**ours, **first.take}, theirs=theirs)

    assert second.take == {}
    assert second.conflicts == {}


@given(RECORD, RECORD, RECORD)
def test_a_value_of_ours_never_becomes_blank(base, ours, theirs):
    after = taken(base, ours, theirs)

    for name, value in ours.items():
        if value not in ("", None):
            assert after[name] not in ("", None)


def test_both_changed_differently_the_crm_wins_and_it_is_told():
    merged = merge(base={"x": "a"}, ours={"x": "b"}, theirs={"x": "c"})

    assert merged.take == {"x": "c"}
    assert merged.conflicts == {"x": ("b", "c")}
    assert merged.base == {"x": "c"}
