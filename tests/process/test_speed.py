"""Speed-to-lead, and whose time it was."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from process.speed import Event, Speed, measure

START = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


def at(hours, kind, **values):
    return Event(kind=kind, at=START + timedelta(hours=hours), **values)


def speed(*events, now=100):
    return measure(7, events, START + timedelta(hours=now))


def hours(system, human):
    return {"system": timedelta(hours=system), "human": timedelta(hours=human)}


def test_an_email_that_waited_for_its_window_is_the_systems():
    found = speed(at(0, "assigned"), at(1, "enrolled"), at(5, "email_sent"), at(9, "email_sent"))

    assert found == Speed(
        lead=7,
        since=START,
        by="assigned",
        touched_at=START + timedelta(hours=5),
        touch="email_sent",
        **hours(5, 0),
    )


def test_a_gate_before_the_email_is_a_persons():
    research = {"task": "1:research", "work": "research"}
    found = speed(
        at(0, "enrolled"),
        at(1, "task_assigned", gate=True, **research),
        at(4, "task_done", **research),
        at(10, "email_sent"),
    )

    assert (found.by, found.touch, found.system, found.human, found.total) == (
        "enrolled", "email_sent", timedelta(hours=7), timedelta(hours=3), timedelta(hours=10),
    )  # fmt: skip


def test_a_call_is_a_touch_and_was_waited_for():
    call = {"task": "1:call", "work": "call"}
    found = speed(
        at(0, "owner_seen"), at(2, "task_assigned", **call), at(8, "task_done", **call),
        at(9, "email_sent"),
    )  # fmt: skip

    assert (found.touch, found.system, found.human) == ("call", *hours(2, 6).values())


def test_work_that_held_nobody_up_is_not_counted():
    research = {"task": "1:research", "work": "research"}
    found = speed(
        at(0, "assigned"), at(0, "task_assigned", **research), at(3, "email_sent"),
        at(5, "task_done", **research),
    )  # fmt: skip

    assert (found.system, found.human) == tuple(hours(3, 0).values())


def test_who_was_not_touched_waits_till_now():
    call = {"task": "1:call", "work": "call"}
    found = speed(at(0, "assigned"), at(4, "task_assigned", **call), now=10)

    assert (found.touched_at, found.touch, found.system, found.human) == (
        None, "", timedelta(hours=4), timedelta(hours=6),
    )  # fmt: skip


def test_a_touch_before_the_assignment_is_somebody_elses():
    found = speed(at(-5, "email_sent"), at(0, "assigned"), at(2, "email_sent"))

    assert found.total == timedelta(hours=2)


def test_who_was_never_given_to_anybody_has_no_speed():
    assert speed(at(0, "email_sent")) is None


events = st.lists(
    st.builds(
        at,
        st.integers(0, 90),
        st.sampled_from(
            ["assigned", "owner_seen", "enrolled", "email_sent", "task_assigned", "task_done",
             "task_skipped"]
        ),
        task=st.sampled_from(["1:a", "1:b"]),
        work=st.sampled_from(["call", "research"]),
        gate=st.booleans(),
    )
)  # fmt: skip


@given(events)
def test_the_parts_are_the_whole_whatever_happened(found):
    measured = measure(1, found, START + timedelta(hours=100))

    if measured is not None:
        until = measured.touched_at or START + timedelta(hours=100)
        assert measured.total == until - measured.since
        assert measured.system >= timedelta(0)
        assert measured.human >= timedelta(0)
