import re

from hypothesis import given
from hypothesis import strategies as st

from process.playbook.chart import HEIGHT, WIDTH, chart

NAMES = tuple("abcdefg")
MOVES = st.sets(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda move: move[0] != move[1])
)


@given(MOVES)
def test_no_two_arrows_run_one_upon_the_other_and_all_stay_on_the_drawing(moves):
    drawn = chart(NAMES, moves)

    runs = []
    for arrow in drawn.arrows:
        found = re.findall(r"(-?\d+) (-?\d+) V(-?\d+)", arrow.path)
        runs += [tuple(map(int, numbers)) for numbers in found]
        numbers = [int(n) for n in re.findall(r"H(-?\d+)", arrow.path)]
        assert all(0 <= n <= drawn.width for n in numbers)
    meeting = [
        (one, other)
        for one in runs
        for other in runs
        if one < other
        and one[0] == other[0]
        and max(min(one[1:]), min(other[1:])) <= min(max(one[1:]), max(other[1:]))
    ]
    assert meeting == []
    assert (len(runs), len(drawn.arrows)) == (len(moves), len(moves))
    assert drawn.height == drawn.boxes[-1].y + HEIGHT + drawn.boxes[0].y
    assert {box.x + WIDTH <= drawn.width for box in drawn.boxes} == {True}
