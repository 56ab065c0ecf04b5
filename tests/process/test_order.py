"""What is told of stages in another order, until they are the seven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.names import STAGES
from process.order import fault

ORDER = f"; the seven are, in order: {', '.join(STAGES)}"
PROSPECTING, PREPARATION, APPROACH, PRESENTATION, OBJECTIONS, CLOSING, FOLLOW_UP = STAGES


@pytest.mark.parametrize(
    ("names", "at", "message"),
    [
        (
            [PREPARATION, PROSPECTING, *STAGES[2:]],
            0,
            "move Preparation behind Prospecting",
        ),
        ([CLOSING, *STAGES[:5], FOLLOW_UP], 0, "move Closing behind Handling Objections"),
        ([*STAGES[1:], PROSPECTING], 6, "move Prospecting to the top"),
        (
            [APPROACH, PREPARATION, PROSPECTING, *STAGES[3:]],
            0,
            "Approach and Prospecting stand in each other's place",
        ),
        (list(reversed(STAGES)), 6, "move Prospecting to the top"),
        ([*STAGES, CLOSING], 7, '"Closing" stands here once more; take one of them out'),
        (
            [PROSPECTING, PROSPECTING, *STAGES[2:]],
            1,
            '"Prospecting" stands here once more; missing: Preparation',
        ),
    ],
)
def test_the_next_move_is_told_at_the_stage_to_be_moved(names, at, message):
    told = fault(names)

    assert told is not None
    assert (told.path, str(told)) == (("stages", at, "name"), message + ORDER)


def test_a_stage_that_is_missing_is_named():
    told = fault(STAGES[:-1])

    assert told is not None
    assert told.path == ("stages",)
    assert str(told).endswith("; missing: Follow-up")


@given(st.permutations(STAGES))
def test_whoever_does_as_told_is_done_in_a_few_moves(names):
    names = list(names)
    for _ in STAGES:
        told = fault(names)
        if told is None:
            break
        names = _moved(names, str(told).removesuffix(ORDER))

    assert tuple(names) == STAGES


def _moved(names, told):
    if told.endswith(" stand in each other's place"):
        one, other = told.removesuffix(" stand in each other's place").split(" and ")
        exchanged = {one: other, other: one}
        return [exchanged.get(name, name) for name in names]
    name, _, behind = told.removeprefix("move ").partition(" behind ")
    name = name.removesuffix(" to the top")
    others = [one for one in names if one != name]
    others.insert(others.index(behind) + 1 if behind else 0, name)
    return others
