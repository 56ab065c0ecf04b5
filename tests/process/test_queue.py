"""The order of a rep's tasks, and its reasons."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from process.queue import Waiting, order

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def waiting(id_, **values):
    return Waiting(id=id_, **{"created_at": NOW - 9 * DAY, **values})


def ids(*tasks):
    return [place.task for place in order(tasks, NOW)]


def test_who_is_longest_late_comes_first_whatever_it_is_worth():
    rich = waiting(1, due_at=NOW - HOUR, amount=Decimal(90_000))
    late = waiting(2, due_at=NOW - 2 * DAY)
    ahead = waiting(3, due_at=NOW + HOUR, amount=Decimal(90_000))

    assert ids(ahead, rich, late) == [2, 1, 3]


def test_within_a_day_the_larger_deal_then_the_higher_score_comes_first():
    plain = waiting(1, due_at=NOW - 9 * HOUR)
    scored = waiting(2, due_at=NOW - HOUR, score=80)
    rich = waiting(3, due_at=NOW - 2 * HOUR, amount=Decimal(500), score=1)

    assert ids(plain, scored, rich) == [3, 2, 1]


def test_a_stage_that_is_over_its_service_level_counts_as_a_deadline():
    early = waiting(1, due_at=NOW + DAY, stage="Approach", stage_until=NOW - 3 * DAY)
    due = waiting(2, due_at=NOW - DAY)

    first, second = order([due, early], NOW)

    assert (first.task, first.deadline, first.because) == (
        1,
        NOW - 3 * DAY,
        ("service level of Approach ended 3 days ago",),
    )
    assert (second.task, second.because) == (2, ("was due 1 day ago",))


def test_what_is_due_within_the_hour_is_told_in_minutes():
    places = order([waiting(n, due_at=NOW + n * timedelta(seconds=30)) for n in (1, 29, 120)], NOW)

    assert [place.because for place in places] == [
        ("is due in 0 minutes",),
        ("is due in 14 minutes",),
        ("is due in 1 hour",),
    ]


def test_what_nobody_gave_a_time_is_due_from_when_it_was_made():
    (place,) = order([waiting(1, amount=Decimal(12_000), score=40)], NOW)

    assert place.deadline == NOW - 9 * DAY
    assert place.because == ("was due 9 days ago", "deal of 12,000", "score 40")


moments = st.integers(-500, 500).map(lambda hours: NOW + hours * HOUR)
tasks = st.lists(
    st.builds(
        Waiting,
        id=st.integers(1, 10**6),
        created_at=moments,
        due_at=st.none() | moments,
        stage=st.just("Approach"),
        stage_until=st.none() | moments,
        amount=st.none() | st.decimals(0, 10**6, places=2),
        score=st.none() | st.floats(-100, 100),
    ),
    unique_by=lambda task: task.id,
)


@given(tasks)
def test_nothing_is_lost_and_nobody_waits_behind_who_is_a_day_less_late(found):
    places = order(found, NOW)

    assert sorted(place.task for place in places) == sorted(task.id for task in found)
    late = [(NOW - place.deadline) // DAY for place in places]
    assert late == sorted(late, reverse=True)
    assert order(reversed(found), NOW) == places
