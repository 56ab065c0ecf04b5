"""Who moved a record, when and how, from whatever history a CRM tells."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.edits import Edit, in_order
from crm import authors

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
MOMENTS = st.integers(-90, 30).map(lambda minutes: NOW + timedelta(minutes=minutes))
EDITS = st.lists(
    st.builds(
        Edit,
        value=st.sampled_from("abc"),
        at=MOMENTS,
        source=st.sampled_from(["person", "import", "automation", "integration", "unknown"]),
        who=st.sampled_from(["", "ada@rep.example"]),
        is_ours=st.booleans(),
    )
).map(in_order)


def edit(value, minute, source="person", who="ada", **more):
    return Edit(
        value=value, at=NOW - timedelta(minutes=60 - minute), source=source, who=who, **more
    )


def told(edits, value="c", since=0):
    began = NOW - timedelta(minutes=60 - since)
    found = authors.moves("crm", value, edits, since=began, now=NOW)
    return [(m.value, 60 - (NOW - m.at) // timedelta(minutes=1), m.who) for m in found]


@given(
    edits=EDITS,
    value=st.sampled_from("abc"),
    since=st.none() | MOMENTS.filter(lambda at: at <= NOW),
)
def test_moves_end_where_the_record_is_and_go_forward_in_time(edits, value, since):
    moves = list(authors.moves("crm", value, edits, since=since, now=NOW))

    moments = [move.at for move in moves]
    assert moves[-1].value == value
    assert moments == sorted(moments)
    assert all((since or move.at) <= move.at <= NOW for move in moves)
    assert all(move.who in {"crm", "ada@rep.example in crm", "a workflow in crm"}
               for move in moves[:-1])  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "moves"),
    [
        ([], [("c", 60, "crm")]),
        ([edit("b", 10), edit("c", 20)], [("b", 10, "ada in crm"), ("c", 20, "ada in crm")]),
        ([edit("c", 99)], [("c", 60, "ada in crm")]),
        ([edit("b", 10), edit("c", 20, is_ours=True)], [("c", 60, "crm")]),
        ([edit("b", 10, is_ours=True), edit("c", 20)], [("c", 20, "ada in crm")]),
        ([edit("b", 10, "integration", ""), edit("c", 20)], [("c", 20, "ada in crm")]),
        ([edit("c", 20), edit("b", 30)], [("c", 20, "ada in crm")]),
        ([edit("b", 20)], [("c", 60, "crm")]),
        ([edit("c", 20, "integration", "")], [("c", 20, "an integration in crm")]),
        ([edit("c", 20, "unknown", "")], [("c", 20, "crm")]),
    ],
    ids=["untold", "two", "ahead of us", "ours at last", "ours before", "an integration on the way",
         "moved on since", "another end", "an integration", "nobody"],
)  # fmt: skip
def test_what_a_history_comes_to(edits, moves):
    assert told(edits) == moves


def test_what_a_later_move_overruled_is_told_of_the_last_alone():
    assert told([edit("b", 10), edit("c", 20)], since=30) == [("c", 30, "ada in crm")]


def test_of_an_endless_history_the_last_moves_are_told():
    """A stop that came with it waits until all of them are written."""
    edits = [
        Edit(value="ab"[number % 2], at=NOW - timedelta(seconds=900 - number), source="person")
        for number in range(800)
    ]

    moves = list(authors.moves("crm", "c", [*edits, edit("c", 59)], since=None, now=NOW))

    assert len(moves) == 51
    assert [moves[0].at, moves[-2].at] == [edits[-50].at, edits[-1].at]
    assert moves[-1].value == "c"


def test_what_is_ahead_of_us_is_signed_with_the_moment_of_its_move():
    ahead = [edit("c", 99)]

    signed = authors.signed("crm", "c", ahead, now=NOW)

    [move] = authors.moves("crm", "c", ahead, since=None, now=NOW)
    assert signed == {"who": "ada in crm", "at": move.at.isoformat()}


def test_a_long_name_leaves_room_for_the_crm():
    [move] = authors.moves("crm", "c", [edit("c", 1, who="a" * 300)], since=None, now=NOW)

    assert (len(move.who), move.who[-9:]) == (100, "aa in crm")
