"""`decide` over any sequence and any history: pure, total, and never a step twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mail.window import next_open
from sequences.cadence import (
    NO_WAY,
    Assign,
    Branch,
    Send,
    Skip,
    State,
    Stop,
    Taken,
    Update,
    Wait,
    after,
    decide,
    variant,
)
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


def state(*, taken=(), timezone="UTC", lead=1, outstanding="", facts=None, **values):
    return State(
        lead_id=lead,
        started_at=START,
        timezone=timezone,
        taken=dict(taken),
        outstanding=outstanding,
        facts=facts or {},
        **values,
    )


def is_open(sequence, timezone, moment):
    return next_open(sequence.send_window, zone(timezone), moment) == moment


def live(sequence, timezone, enrollment):
    """What happens to one enrollment whose moments all come: (moment, decision)."""
    now, taken, told = START, {}, []
    for _ in range(100):
        decision = decide(sequence, state(taken=taken, timezone=timezone, lead=enrollment), now)
        told.append((now, decision))
        if isinstance(decision, Stop):
            return told
        if isinstance(decision, Wait):
            assert decision.until is not None
            assert decision.until > now
            now = decision.until
        else:
            assert decision.step.id not in taken
            taken[decision.step.id] = Taken(at=now)
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
    decision = decide(sequence, state(taken={"a": Taken(at=thursday)}), thursday)
    assert isinstance(decision, Wait)
    assert decision.until == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


def sequence_of(*steps, **values):
    return Sequence.model_validate(
        {"name": "any", "stage": "Approach", "steps": list(steps), **values}
    )


EMAIL = {"id": "opening", "email": "opening"}
CALL = {"id": "call", "task": "call", "title": "Call", "due": "1 day"}


def test_a_gate_holds_until_its_task_is_done():
    sequence = sequence_of({**CALL, "gate": True}, {"id": "stop", "stop": "over"})
    held = state(taken={"call": Taken(at=START)})

    patience = START + timedelta(days=28)
    assert decide(sequence, held, START).until == patience
    assert isinstance(decide(sequence, held, patience), Skip)

    done = state(taken={"call": Taken(at=START, ended_at=START + timedelta(hours=2))})
    early, later = (decide(sequence, done, START + timedelta(hours=h)) for h in (1, 2))
    assert early.until == START + timedelta(hours=2)
    assert later.reason == "over"


def test_a_gate_that_nobody_opens_is_skipped():
    sequence = sequence_of({**CALL, "gate": True, "skip_after": "2 days"})
    held = state(taken={"call": Taken(at=START)})
    over = START + timedelta(days=2)

    assert decide(sequence, held, START).until == over
    skip = decide(sequence, held, over)
    assert isinstance(skip, Skip)
    assert decide(sequence, after(held, skip, over), over).reason == "finished"


def test_a_task_that_is_no_gate_holds_nobody_up():
    sequence = sequence_of(CALL, {"id": "w", "wait": "1 day"})
    done_late = state(taken={"call": Taken(at=START, ended_at=START + timedelta(days=9))})

    assert decide(sequence, done_late, START).until == START + timedelta(days=1)


def test_the_first_way_whose_condition_is_met_is_taken_and_the_ways_meet_again():
    sequence = sequence_of(
        {
            "id": "route",
            "branch": [
                {"when": "event.clicked", "steps": [CALL]},
                {"when": 'lead.country == "DE"', "steps": [{"id": "wait", "wait": "1 day"}]},
                {"steps": []},
            ],
        },
        {"id": "end", "stop": "over"},
    )

    def way(facts):
        decision = decide(sequence, state(facts=facts), START)
        assert isinstance(decision, Branch)
        return decision.way

    assert way({"event": {"clicked": 2}, "lead": {"country": "DE"}}) == 0
    assert way({"event": {"clicked": 0}, "lead": {"country": "DE"}}) == 1
    assert way({}) == 2
    assert decide(sequence, state(taken={"route": Taken(at=START, way=0)}), START).step.id == "call"
    waits = decide(sequence, state(taken={"route": Taken(at=START, way=1)}), START)
    assert waits.until == START + timedelta(days=1)
    assert decide(sequence, state(taken={"route": Taken(at=START, way=2)}), START).reason == "over"


def test_a_branch_without_a_way_for_all_may_be_passed():
    sequence = sequence_of({"id": "b", "branch": [{"when": "event.clicked", "steps": [CALL]}]})

    decision = decide(sequence, state(), START)

    assert isinstance(decision, Branch)
    assert decision.way == NO_WAY
    assert decide(sequence, after(state(), decision, START), START).reason == "finished"


def test_a_random_split_has_its_shares_and_is_the_same_for_the_same_lead():
    sequence = sequence_of({"id": "b", "branch": [{"percent": 30, "steps": []}, {"steps": []}]})

    ways = [decide(sequence, state(lead=lead), START).way for lead in range(2000)]

    assert ways == [decide(sequence, state(lead=lead), START).way for lead in range(2000)]
    assert 520 < ways.count(0) < 680


def test_variants_are_drawn_for_a_company_by_their_weights():
    sequence = sequence_of({"id": "opening", "email": {"long": 3, "short": 1}})
    step = sequence.steps[0]

    drawn = [variant(sequence, step, f"company {n}") for n in range(2000)]

    assert drawn == [variant(sequence, step, f"company {n}") for n in range(2000)]
    assert 1400 < drawn.count("long") < 1600
    noon = START + timedelta(hours=7)
    colleagues = [decide(sequence, state(lead=n, unit="company 7"), noon) for n in range(50)]
    sends = [decision for decision in colleagues if isinstance(decision, Send)]
    assert {decision.template for decision in sends} == {drawn[7]}


def test_a_goal_ends_it_wherever_the_lead_is():
    sequence = sequence_of(
        EMAIL,
        {"id": "booked", "goal": "event.meeting_booked", "within": "3 days"},
        CALL,
    )
    sent = {"opening": Taken(at=START)}

    booked = decide(sequence, state(facts={"event": {"meeting_booked": 1}}), START)
    assert (booked.reason, booked.is_finish) == ("goal", True)
    waits = decide(sequence, state(taken=sent), START)
    assert waits.until == START + timedelta(days=3)
    assert isinstance(decide(sequence, state(taken=sent), START + timedelta(days=3)), Assign)


def test_fields_are_updated_and_another_sequence_takes_over():
    sequence = sequence_of(
        {"id": "mark", "update": {"lead.title": "CTO", "stage": "Closing"}},
        {"id": "on", "enroll": "other"},
    )

    update = decide(sequence, state(), START)
    assert isinstance(update, Update)
    stop = decide(sequence, after(state(), update, START), START)
    assert (stop.enroll, stop.is_finish) == ("other", True)


def test_whose_rep_is_gone_hears_no_more():
    decision = decide(sequence_of(EMAIL), state(owner_gone=True, outstanding="opening"), START)

    assert decision == Stop(reason="owner gone", because={"sequence": "any", "rule": "owner gone"})


def test_reasons_name_the_place_where_the_rule_is_written():
    sequence = sequence_of(CALL, exit=["lead.title"]).placed(
        {"call": "sequences/any.yaml:9", "exit.0": "sequences/any.yaml:5"}
    )

    assert decide(sequence, state(), START).because["at"] == "sequences/any.yaml:9"
    leaving = decide(sequence, state(facts={"lead": {"title": "x"}}), START)
    assert leaving.because["at"] == "sequences/any.yaml:5"
