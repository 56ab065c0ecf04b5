"""Whatever is written and whatever happens: never twice, never after, never outside, never stuck."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mail.window import is_open
from sequences import dispositions, moving
from sequences.cadence import (
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
)  # fmt: skip
from sequences.forecast import forecast
from tests.sequences.strategies import DISPOSITIONS, EVENTS, sequences
from workspace.zones import zone

ZONES = [
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
    "Africa/Casablanca", "Asia/Kolkata", "Pacific/Apia", "Pacific/Chatham", "UTC",
]  # fmt: skip
#: Days before the clocks change somewhere, in both directions.
STARTS = [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, 22, 10, tzinfo=UTC)]
#: Nothing that the language can say takes longer.
LONGEST = timedelta(days=900)


class OneEnrollment(RuleBasedStateMachine):
    """A shell around `decide` that does what the engine does to its rows."""

    @initialize(
        sequence=sequences(), place=st.sampled_from(ZONES), start=st.sampled_from(STARTS),
        lead=st.integers(1, 10**6),
    )  # fmt: skip
    def enroll(self, sequence, place, start, lead):
        self.sequence, self.now, self.ended = sequence, start, None
        self.facts: dict[str, Any] = {"lead": {"title": None}, "event": {}}
        self.state = State(
            lead_id=lead, started_at=start, timezone=place, taken={}, facts=self.facts
        )
        #: Every touch that left, in order: (step, moment).
        self.touches = []
        self.queued = ""
        self.due_at = start
        self.ask()

    # -- what happens ----------------------------------------------------------------------

    @precondition(lambda self: self.ended is None)
    @rule(hours=st.sampled_from([0, 1, 5, 24, 100, 3000]))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)
        if self.due_at is not None and self.due_at <= self.now:
            self.ask()

    @precondition(lambda self: self.ended is None and self.due_at is not None)
    @rule()
    def the_moment_comes(self):
        self.now = max(self.now, self.due_at)
        self.ask()

    @precondition(lambda self: self.ended is None)
    @rule()
    def it_is_asked_once_more(self):
        self.ask()

    @precondition(lambda self: self.ended is None and self.queued)
    @rule()
    def the_email_leaves(self):
        self.touches.append((self.queued, self.now))
        taken = {**self.state.taken, self.queued: Taken(at=self.now)}
        self.state = self.state._replace(taken=taken, outstanding="")
        self.queued = ""
        self.ask()

    @precondition(lambda self: self.ended is None)
    @rule(event=st.sampled_from(EVENTS))
    def an_event_comes(self, event):
        events = self.facts["event"]
        self.facts = {**self.facts, "event": {**events, event: events.get(event, 0) + 1}}
        self.ask()

    @precondition(lambda self: self.ended is None)
    @rule(data=st.data(), disposition=st.sampled_from(DISPOSITIONS))
    def a_task_is_done(self, data, disposition):
        open_ = [id_ for id_, taken in self.state.taken.items() if taken.ended_at is None]
        if open_:
            id_ = data.draw(st.sampled_from(sorted(open_)))
            done = self.state.taken[id_]._replace(ended_at=self.now, disposition=disposition)
            self.state = self.state._replace(taken={**self.state.taken, id_: done})
            self.facts = {**self.facts, "task": dispositions.told(self.state.taken)}
            self.ask()

    @rule(sequence=sequences())
    def the_file_is_edited(self, sequence):
        if self.ended is None:
            self.edited = sequence
            to = moving.move(self.sequence, sequence, self.state, self.now)
            if to is not None:
                self.state, self.sequence = moving.moved(self.state, to), sequence
                self.ask()

    @rule()
    def the_person_answers(self):
        if self.ended is None:
            self.end("answered")

    # -- the shell -------------------------------------------------------------------------

    def ask(self):
        for _ in range(60):
            self.state = self.state._replace(facts=self.facts)
            decision = decide(self.sequence, self.state, self.now)
            if isinstance(decision, Wait):
                assert decision.until is None or decision.until > self.now
                assert (decision.until is None) == bool(self.queued)
                self.due_at = decision.until
                return
            if isinstance(decision, Stop):
                self.end(decision.reason)
                return
            assert not self.queued, "something is done while an email is on its way"
            self.take(decision)
            if isinstance(decision, Send):
                return
        raise AssertionError("it decides for ever")

    def take(self, decision):
        step_id = decision.step.id
        if isinstance(decision, Send):
            assert step_id not in self.state.taken, "never twice"
            assert decision.template in decision.step.email
            assert self.is_open(self.now), "never outside the window"
            self.queued, self.due_at = step_id, None
            self.state = self.state._replace(outstanding=step_id)
            return
        if not isinstance(decision, Skip):
            assert step_id not in self.state.taken, "never twice"
        if isinstance(decision, Assign):
            assert decision.due_at > self.now
            self.touches.append((step_id, self.now))
        if isinstance(decision, Branch):
            assert -1 <= decision.way < len(decision.step.branch)
        if isinstance(decision, Update):
            self.facts = {**self.facts, "lead": {"title": "CTO"}}
        self.state = after(self.state, decision, self.now)

    def end(self, reason):
        self.ended, self.ended_at = reason, self.now
        self.queued, self.due_at = "", None

    def is_open(self, moment):
        return is_open(self.sequence.send_window, zone(self.state.timezone), moment)

    # -- what always holds -----------------------------------------------------------------

    @invariant()
    def never_twice(self):
        if hasattr(self, "touches"):
            steps = [step for step, _ in self.touches]
            assert len(steps) == len(set(steps))

    @invariant()
    def never_after(self):
        if getattr(self, "ended", None) is not None:
            assert all(at <= self.ended_at for _, at in self.touches)
            assert not self.queued

    @invariant()
    def never_stuck(self):
        """It has ended, its email is on its way, or it has a next time that is not far."""
        if hasattr(self, "touches") and self.ended is None:
            assert self.queued or self.due_at is not None
            assert self.due_at is None or self.due_at <= self.now + LONGEST


OneEnrollment.TestCase.settings = settings(
    max_examples=200, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestOneEnrollment = OneEnrollment.TestCase


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sequences(), st.sampled_from(ZONES), st.sampled_from(STARTS), st.integers(1, 10**6))
def test_whatever_is_written_comes_to_an_end(sequence, place, start, lead):
    facts = {"lead": {"title": None}, "event": {}}
    state = State(lead_id=lead, started_at=start, timezone=place, taken={}, facts=facts)

    told = list(forecast(sequence, state, start))

    assert isinstance(told[-1].decision, Stop)
    assert [one.at for one in told] == sorted(one.at for one in told)
    sends = [one for one in told if isinstance(one.decision, Send)]
    assert all(is_open(sequence.send_window, zone(place), one.at) for one in sends)
