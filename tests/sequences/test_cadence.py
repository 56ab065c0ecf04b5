"""`decide` over any sequence and any history: pure, total, and never a step twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mail.window import Window, next_open
from sequences.cadence import Assign, Send, State, Stop, Wait, decide, window_of
from sequences.definition import Sequence
from workspace.zones import zone

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"]


@st.composite
def sequences(draw):
    kinds = draw(st.lists(st.sampled_from(["email", "wait", "task"]), min_size=1, max_size=6))
    unit = st.sampled_from(["hours", "days", "business days", "weeks"])
    steps: list[dict[str, object]] = []
    for number, kind in enumerate(kinds):
        step: dict[str, object] = {"id": f"s{number}"}
        if kind == "email":
            step["email"] = "opening"
        elif kind == "wait":
            step["wait"] = f"{draw(st.integers(1, 5))} {draw(unit)}"
        else:
            step.update(task="call", title="Call", due="1 day")
        steps.append(step)
    days = draw(
        st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri"]), min_size=1, unique=True)
    )
    return Sequence.model_validate(
        {
            "name": "any",
            "stage": "Approach",
            "window": {"days": days, "from": "09:00", "to": "17:00"},
            "steps": steps,
        }
    )


def state(*, taken, timezone="UTC", enrollment=1, outstanding="", facts=None):
    return State(
        enrollment_id=enrollment,
        started_at=START,
        timezone=timezone,
        taken=taken,
        outstanding=outstanding,
        facts=facts or {},
    )


def is_open(sequence, timezone, moment):
    return next_open(Window.of(window_of(sequence)), zone(timezone), moment) == moment


def live(sequence, timezone, enrollment):
    """What happens to one enrollment whose moments all come: (moment, decision)."""
    now, taken, told = START, {}, []
    for _ in range(100):
        decision = decide(
            sequence, state(taken=taken, timezone=timezone, enrollment=enrollment), now
        )
        told.append((now, decision))
        if isinstance(decision, Stop):
            return told
        if isinstance(decision, Wait):
            assert decision.until is not None
            assert decision.until > now
            now = decision.until
        else:
            assert decision.step.id not in taken
            taken[decision.step.id] = now
    raise AssertionError("it never ends")


@given(sequences(), st.sampled_from(ZONES), st.integers(1, 10**9))
def test_every_step_is_taken_once_in_order_and_then_it_ends(sequence, timezone, enrollment):
    told = live(sequence, timezone, enrollment)
    done = [decision.step.id for _, decision in told if isinstance(decision, Send | Assign)]
    assert done == [step.id for step in sequence.steps if not hasattr(step, "wait")]
    assert told[-1][1].reason == "finished"


@given(sequences(), st.sampled_from(ZONES), st.integers(1, 10**9))
def test_emails_leave_inside_the_window(sequence, timezone, enrollment):
    for moment, decision in live(sequence, timezone, enrollment):
        if isinstance(decision, Send):
            assert is_open(sequence, timezone, moment)


@given(sequences(), st.sampled_from(ZONES), st.integers(1, 10**9))
def test_the_same_life_is_lived_again(sequence, timezone, enrollment):
    assert live(sequence, timezone, enrollment) == live(sequence, timezone, enrollment)


@given(sequences(), st.datetimes(datetime(2026, 3, 2), datetime(2028, 1, 1)))
def test_nothing_is_sent_while_an_email_is_outstanding(sequence, now):
    waiting = state(taken={}, outstanding=sequence.steps[0].id)
    decision = decide(sequence, waiting, now.replace(tzinfo=UTC))
    assert isinstance(decision, Wait)
    assert decision.until is None


@given(sequences(), st.timedeltas(timedelta(0), timedelta(days=900)))
def test_however_late_it_is_asked_the_window_holds(sequence, late):
    now = START + late
    decision = decide(sequence, state(taken={}), now)
    if isinstance(decision, Send):
        assert is_open(sequence, "UTC", now)


def test_an_exit_criterion_comes_before_everything():
    sequence = Sequence.model_validate(
        {
            "name": "any",
            "stage": "Approach",
            "exit": ['lead.stage == "Closing"'],
            "steps": [{"id": "a", "email": "opening"}],
        }
    )
    closing = state(taken={}, outstanding="a", facts={"lead": {"stage": "Closing"}})
    decision = decide(sequence, closing, START)
    assert isinstance(decision, Stop)
    assert decision.reason == "exit"
    assert decision.because["rule"] == 'lead.stage == "Closing"'


def test_a_wait_in_business_days_skips_the_weekend():
    sequence = Sequence.model_validate(
        {
            "name": "any",
            "stage": "Approach",
            "steps": [
                {"id": "a", "email": "opening"},
                {"id": "w", "wait": "3 business days"},
                {"id": "t", "task": "call", "title": "Call", "due": "1 day"},
            ],
        }
    )
    thursday = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
    decision = decide(sequence, state(taken={"a": thursday}), thursday)
    assert isinstance(decision, Wait)
    assert decision.until == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
