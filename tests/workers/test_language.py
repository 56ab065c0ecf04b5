"""What the steps, rules and replies of the language come to in the rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import OwnerRecord
from crm import stages
from crm.kinds import EVENTS
from crm.land import land
from crm.models import Activity, Company, Connection, Lead, Owner
from crm.timeline import note
from mail import stops
from mail.models import Message
from process import apply, tasks
from process.models import Task
from runtime import clock
from sequences import engine, enroll
from sequences.definition import Sequence
from sequences.judging import COLLEAGUE, RETRY
from sequences.models import Enrollment, ListMember, StepRun, Waiting
from tests.workers.test_life import answers, leaves, settle, until_queued
from workers import reactions, schedule

pytestmark = pytest.mark.django_db

OPENING = {"id": "opening", "email": "approach-cold-opening"}
REMINDER = {"id": "reminder", "email": "approach-cold-reminder"}
CALL = {"id": "call", "task": "call", "title": "Call {{ lead.first_name }}", "due": "1 day"}


@pytest.fixture
def at_work(loaded):
    """Apply these sequences and no others."""

    def put(*definitions):
        sequences = {d["name"]: Sequence.model_validate(d) for d in definitions}
        digests = {name: repr(sequence) for name, sequence in sequences.items()}
        digests = {name: f"{abs(hash(text)):x}"[:64] for name, text in digests.items()}
        apply.apply(replace(loaded, sequences=sequences, digests=digests))

    return put


def sequence(*steps, name="test", when='lead.stage == "Approach"', enroll=None, **values):
    rule = {"when": when, **(enroll or {})}
    return {"name": name, "stage": "Approach", "enroll": rule, "steps": list(steps), **values}


def happens(lead, kind, **data):
    note(kind, lead=lead, occurred_at=clock.now(), data=data)


def until(condition, frozen_clock):
    """Let the due moments come until the condition is met."""
    for _ in range(50):
        settle(frozen_clock)
        if condition():
            return
        frozen_clock.now = schedule.next_due()
    raise AssertionError("it never came")


# -- steps ----------------------------------------------------------------------------------


def test_an_invitation_is_queued_as_it_is_written(at_work, make_lead, frozen_clock):
    make_lead("a@x.example", extra={"demo_at": "2030-01-08T14:00:00+00:00"})
    invite = {"title": "Demo", "start": "lead.extra.demo_at", "duration": "30 minutes"}
    at_work(sequence({**OPENING, "invite": {**invite, "reminder": "15 minutes"}}, REMINDER))

    invitation = until_queued(frozen_clock)
    leaves(invitation)
    reminder = until_queued(frozen_clock)

    assert [invitation.invite, reminder.invite] == [
        {
            "title": "Demo",
            "start": "lead.extra.demo_at",
            "duration": 1800,
            "location": None,
            "reminder": 900,
        },
        None,
    ]


def test_a_click_decides_at_the_branch(at_work, make_lead, frozen_clock):
    clicked, still = make_lead("a@x.example"), make_lead("b@y.example")
    branch = {"id": "clicked", "branch": [{"when": "event.clicked", "steps": [CALL]}]}
    at_work(sequence({"id": "w", "wait": "1 day"}, branch))
    settle(frozen_clock)
    frozen_clock.now += timedelta(hours=1)
    happens(clicked, "clicked")
    until(lambda: not Enrollment.objects.filter(status="active").exists(), frozen_clock)

    assert [task.lead for task in Task.objects.all()] == [clicked]
    assert dict(StepRun.objects.filter(kind="branch").values_list("enrollment__lead", "way")) == {
        clicked.pk: 0,
        still.pk: -1,
    }


def test_a_gate_opens_when_its_task_is_done(at_work, make_lead, frozen_clock):
    make_lead()
    at_work(sequence({**CALL, "gate": True}, OPENING))
    settle(frozen_clock)

    assert Enrollment.objects.get().due_at.date() == (clock.now() + timedelta(days=28)).date()

    tasks.done(Task.objects.get(title="Call Grace").pk)
    assert until_queued(frozen_clock).step_id == "opening"


def test_a_gate_that_nobody_opens_is_skipped_and_its_task_is_off_the_list(
    at_work, make_lead, frozen_clock
):
    make_lead()
    at_work(sequence({**CALL, "gate": True, "skip_after": "2 days"}, OPENING))
    start = clock.now()

    assert until_queued(frozen_clock).step_id == "opening"
    assert clock.now() >= start + timedelta(days=2)
    task = Task.objects.get()
    assert (task.skipped, task.done_at) == (True, start + timedelta(days=2))


def test_a_field_and_the_stage_are_set(at_work, make_lead, frozen_clock):
    lead = make_lead()
    update = {"id": "mark", "update": {"lead.title": "Met", "stage": "Presentation"}}
    at_work(sequence(update, {"id": "end", "stop": "enough"}))
    settle(frozen_clock)

    lead.refresh_from_db()
    assert (lead.title, lead.stage, lead.status) == ("Met", "Presentation", "CONNECTED")
    ended = Enrollment.objects.get()
    assert (ended.status, ended.reason) == ("stopped", "enough")


def test_another_sequence_takes_over(at_work, make_lead, frozen_clock):
    lead = make_lead()
    at_work(
        sequence({"id": "on", "enroll": "second"}),
        sequence(OPENING, name="second", when='lead.country == "nowhere"'),
    )

    assert until_queued(frozen_clock).lead == lead
    found = Enrollment.objects.order_by("pk").values_list("sequence", "status")
    assert list(found) == [("test", "finished"), ("second", "active")]


def test_who_may_not_be_taken_over_is_noted_with_the_reason(at_work, make_lead, frozen_clock):
    lead = make_lead()
    second = sequence(OPENING, name="second", when="false", enroll={"requires": ["lead.title"]})
    at_work(sequence({"id": "on", "enroll": "second"}), second)
    settle(frozen_clock)

    assert Activity.objects.get(kind="not_enrolled").data["reason"] == "lacks lead.title"
    assert Activity.objects.get(kind="not_enrolled").lead == lead


@pytest.mark.parametrize("event", sorted(EVENTS["meeting_booked"] | {"crm_reply"}))
def test_a_meeting_or_an_answer_elsewhere_ends_it_before_anything_reacts(
    at_work, make_lead, frozen_clock, event
):
    lead = make_lead()
    at_work(sequence(OPENING))
    message = until_queued(frozen_clock)
    assert stops.reason(message) is None
    happens(lead, event)
    frozen_clock.now += timedelta(minutes=1)
    Activity.objects.filter(kind=event).update(occurred_at=clock.now())

    assert stops.reason(message).reason == event
    settle(frozen_clock)
    assert Enrollment.objects.get().status == "stopped"


def test_a_goal_is_noticed_while_an_email_is_queued(at_work, make_lead, frozen_clock):
    lead = make_lead()
    at_work(sequence(OPENING, {"id": "filled", "goal": "event.form_submitted"}))
    message = until_queued(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)
    happens(lead, "form_submitted")
    settle(frozen_clock)

    message.refresh_from_db()
    assert message.status == "cancelled"
    assert (Enrollment.objects.get().status, Enrollment.objects.get().reason) == (
        "finished",
        "goal",
    )


def test_a_colleagues_answer_ends_it_where_the_file_says_so(at_work, make_lead, frozen_clock):
    one, two = make_lead("a@x.example"), make_lead("b@x.example")
    other = make_lead("c@z.example", company=Company.objects.create(name="Other"))
    at_work(sequence(OPENING, REMINDER, exit=["event.company_answered"]))
    until(lambda: Message.objects.filter(status="queued").count() == 3, frozen_clock)
    frozen_clock.now += timedelta(minutes=1)
    message = Message.objects.get(lead=one)
    leaves(message)
    answers(message)
    settle(frozen_clock)

    ended = dict(Enrollment.objects.filter(sequence="test").values_list("lead", "reason"))
    assert ended == {one.pk: "answered", two.pk: "exit", other.pk: ""}


def test_whose_rep_left_hears_no_more(at_work, make_lead, frozen_clock):
    lead = make_lead()
    at_work(sequence(OPENING))
    until_queued(frozen_clock)
    Owner.objects.filter(pk=lead.owner_id).update(active=False)
    engine.reconsider(lead=lead)
    settle(frozen_clock)

    assert Enrollment.objects.get().reason == "owner gone"
    assert Message.objects.get().status == "cancelled"


# -- who enters -----------------------------------------------------------------------------


def test_an_event_enrolls_and_nothing_else_does(at_work, make_lead, frozen_clock):
    lead = make_lead()
    at_work(sequence(OPENING, enroll={"on": ["form_submitted"]}))
    settle(frozen_clock)
    happens(lead, "lead_changed")
    settle(frozen_clock)
    assert not Enrollment.objects.exists()

    happens(lead, "form_submitted")
    settle(frozen_clock)
    assert Enrollment.objects.get().because["event"] == "form_submitted"


def test_only_who_is_on_the_list_enters(at_work, loaded, make_lead, frozen_clock):
    listed, _ = make_lead("in@x.example"), make_lead("out@y.example")
    apply.configure(replace(loaded, lists={"targets": frozenset({"in@x.example"})}))
    members = list(ListMember.objects.all())
    loaded.lists["targets"] = frozenset({"in@x.example"})
    at_work(sequence(OPENING, enroll={"list": "targets"}))

    assert [str(member) for member in members] == ["in@x.example in targets"]
    assert [enrollment.lead for enrollment in Enrollment.objects.all()] == [listed]


def test_one_of_a_company_at_a_time(at_work, make_lead, frozen_clock):
    one, two = make_lead("a@x.example"), make_lead("b@x.example")
    at_work(sequence({"id": "w", "wait": "3 days"}, enroll={"exclusive": "company"}))

    assert [enrollment.lead for enrollment in Enrollment.objects.all()] == [one]
    assert str(Waiting.objects.get()).endswith(
        "somebody else of the company is in a sequence (exclusive)"
    )

    until(lambda: Enrollment.objects.count() == 2, frozen_clock)
    assert Enrollment.objects.last().lead == two
    assert not Waiting.objects.exists()


@pytest.mark.django_db(transaction=True)  # the place is free once it is committed
def test_who_waits_for_a_colleague_enters_once_that_one_is_through(
    at_work, make_lead, frozen_clock
):
    one, two = make_lead("a@x.example", title="CEO"), make_lead("b@x.example")
    at_work(
        sequence({"id": "w", "wait": "90 minutes"}, name="first", when='lead.title == "CEO"'),
        sequence(
            {"id": "w", "wait": "3 days"},
            name="second",
            when='lead.title != "CEO"',
            enroll={"exclusive": "company"},
        ),
    )

    until(lambda: Enrollment.objects.count() == 2, frozen_clock)

    first, second = Enrollment.objects.order_by("pk")
    assert (first.lead, second.lead) == (one, two)
    assert second.started_at == first.ended_at


def test_whose_place_a_colleague_takes_at_the_same_moment_waits_on(
    at_work, make_lead, frozen_clock, monkeypatch
):
    one, two = make_lead("a@x.example"), make_lead("b@x.example")
    at_work(sequence({"id": "w", "wait": "1 day"}, enroll={"exclusive": "company"}))
    Enrollment.objects.all().delete()
    Waiting.objects.update(retry_at=clock.now())
    waiting = Waiting.objects.values_list("lead", "reason", "retry_at")
    before = list(waiting)

    def another_worker_was_faster(version, candidate, **about):
        monkeypatch.undo()
        enroll.enroll(version, enroll.judge(version, one), start_at=clock.now())
        return enroll.enroll(version, candidate, **about)

    monkeypatch.setattr(enroll, "enroll", another_worker_was_faster)
    enroll.retry_waiting()

    assert before == [(two.pk, COLLEAGUE, clock.now())]
    assert list(Enrollment.objects.values_list("lead", flat=True)) == [one.pk]
    assert list(waiting.all()) == [(two.pk, COLLEAGUE, clock.now() + RETRY)]


def test_a_rep_has_so_many_at_once_and_the_next_when_one_ends(at_work, make_lead, frozen_clock):
    for number in range(4):
        make_lead(f"p{number}@x.example", company=None)
    at_work(sequence({"id": "w", "wait": "3 days"}, enroll={"active_per_rep": 2}))
    start = clock.now()

    assert Enrollment.objects.filter(status="active").count() == 2
    assert {waiting.reason for waiting in Waiting.objects.all()} == {
        "Ada Byron has 2 active in test (active_per_rep)"
    }
    most = []
    while Enrollment.objects.filter(status="finished").count() < 4:
        settle(frozen_clock)
        most.append(Enrollment.objects.filter(status="active").count())
        frozen_clock.now = schedule.next_due() or frozen_clock.now
    assert max(most) == 2
    assert clock.now() <= start + timedelta(days=7)


def test_who_was_touched_lately_rests(at_work, make_lead, frozen_clock):
    lead = make_lead()
    happens(lead, "crm_call")
    at_work(sequence({"id": "w", "wait": "3 days"}, enroll={"quiet_for": "5 days"}))
    start = clock.now()

    assert not Enrollment.objects.exists()
    until(Enrollment.objects.exists, frozen_clock)
    assert Enrollment.objects.get().started_at == start + timedelta(days=5)


def test_again_after_a_rest(at_work, make_lead, frozen_clock):
    make_lead()
    at_work(sequence({"id": "w", "wait": "1 day"}, enroll={"again": "10 days"}))
    until(Enrollment.objects.filter(status="finished").exists, frozen_clock)
    ended_at = clock.now()
    happens(Lead.objects.get(), "lead_changed")
    until(lambda: Enrollment.objects.count() == 2, frozen_clock)

    assert Enrollment.objects.last().started_at == ended_at + timedelta(days=10)


@pytest.mark.parametrize("moment", [{"on": ["form_submitted"]}, {"existing": False}])
def test_a_moment_during_the_rest_is_not_made_up_for(at_work, make_lead, frozen_clock, moment):
    lead = make_lead()
    at_work(sequence({"id": "w", "wait": "1 day"}, enroll={"again": "10 days", **moment}))
    for _ in range(2):
        happens(lead, "form_submitted")
        happens(lead, "stage_moved")
        until(lambda: not Enrollment.objects.filter(status="active").exists(), frozen_clock)
        frozen_clock.now += timedelta(days=1)

    assert Enrollment.objects.count() == 1
    assert not Waiting.objects.exists()

    frozen_clock.now += timedelta(days=10)
    happens(lead, "form_submitted")
    happens(lead, "stage_moved")
    settle(frozen_clock)
    assert Enrollment.objects.count() == 2


def test_an_event_that_ends_one_sequence_begins_the_other(at_work, make_lead, frozen_clock):
    lead = make_lead()
    inbound = sequence(OPENING, name="inbound", enroll={"on": ["form_submitted"]})
    at_work(sequence({"id": "w", "wait": "3 days"}, exit=["event.form_submitted"]), inbound)
    settle(frozen_clock)
    frozen_clock.now += timedelta(hours=1)
    happens(lead, "form_submitted")
    settle(frozen_clock)

    assert list(Enrollment.objects.order_by("pk").values_list("sequence", "status", "reason")) == [
        ("test", "stopped", "exit"),
        ("inbound", "active", ""),
    ]


def test_who_comes_to_another_stage_enters_the_sequence_of_that_stage(
    at_work, make_lead, frozen_clock
):
    lead = make_lead()
    newcomers = {"when": 'lead.stage == "Closing"', "existing": False}
    at_work(
        sequence({"id": "w", "wait": "3 days"}, exit=['lead.stage == "Closing"']),
        sequence(OPENING, name="closing", enroll=newcomers),
    )
    settle(frozen_clock)
    stages.move(lead, "Closing", at=clock.now(), because={})
    settle(frozen_clock)

    assert Enrollment.objects.get(status="active").sequence == "closing"


@pytest.mark.parametrize(("by_hand", "entered"), [(False, 1), (True, 0)])
def test_whose_sequence_ran_its_course_enters_what_was_waiting_for_them(
    at_work, make_lead, frozen_clock, by_hand, entered
):
    make_lead()
    at_work(sequence({"id": "w", "wait": "1 day"}), sequence(OPENING, name="untouched"))
    settle(frozen_clock)
    if by_hand:
        engine.stop(Enrollment.objects.get().pk, "stopped by a person", at=clock.now())
    until(lambda: not Enrollment.objects.filter(sequence="test", status="active"), frozen_clock)
    settle(frozen_clock)

    assert Enrollment.objects.filter(sequence="untouched").count() == entered


# -- answers --------------------------------------------------------------------------------


def test_an_answer_starts_what_its_kind_declares(at_work, make_lead, frozen_clock):
    lead = make_lead()
    plan = {"enroll": "play", "task": "call", "title": "Talk price with {{ lead.first_name }}"}
    play = sequence(OPENING, name="play", when='lead.country == "nowhere"')
    at_work(sequence(OPENING, on_reply={"price": plan}), play)
    message = until_queued(frozen_clock)
    leaves(message)
    frozen_clock.now += timedelta(hours=1)
    answers(message, "That is too expensive for us.")
    settle(frozen_clock)

    assert list(Enrollment.objects.order_by("pk").values_list("sequence", "status", "reason")) == [
        ("test", "stopped", "answered"),
        ("play", "active", ""),
    ]
    assert Enrollment.objects.last().because["rule"] == "on_reply of test: price"
    assert Task.objects.get(kind="call").title == "Talk price with Grace"
    lead.refresh_from_db()
    assert lead.stage == "Handling Objections"


# -- changed files --------------------------------------------------------------------------


def edited(at_work, policy, frozen_clock):
    """Opening sent; then the file gets a step before, and another one behind it."""
    wait = {"id": "pause", "wait": "5 days"}
    at_work(sequence(OPENING, wait, REMINDER, when_changed=policy))
    leaves(until_queued(frozen_clock))
    settle(frozen_clock)
    before = {**CALL, "id": "before"}
    at_work(sequence(before, OPENING, {"id": "pause", "wait": "1 day"}, CALL, when_changed=policy))
    until(lambda: not Enrollment.objects.filter(status="active").exists(), frozen_clock) if (
        policy != "finish"
    ) else until(lambda: Message.objects.filter(status="queued").exists(), frozen_clock)
    return sorted(StepRun.objects.values_list("step_id", flat=True))


def test_who_is_in_it_finishes_the_version_that_they_began_with(at_work, make_lead, frozen_clock):
    make_lead()

    assert edited(at_work, "finish", frozen_clock) == ["opening"]
    assert Message.objects.get(status="queued").step_id == "reminder"


def test_who_is_in_it_moves_to_the_new_one(at_work, make_lead, frozen_clock):
    make_lead()

    assert edited(at_work, "move", frozen_clock) == ["call", "opening"]
    moved = Activity.objects.get(kind="version_changed")
    assert (moved.data["rule"], moved.data["behind"]) == ("when_changed: move", "opening")
    assert Message.objects.count() == 1


def test_who_is_in_it_restarts_with_the_steps_not_yet_taken(at_work, make_lead, frozen_clock):
    make_lead()

    assert edited(at_work, "restart", frozen_clock) == ["before", "call", "opening"]
    assert Message.objects.count() == 1


def test_a_reaction_is_known_for_every_event(at_work, make_lead, frozen_clock):
    assert all(reactions.reactions_to(kind) for kinds in EVENTS.values() for kind in kinds)
    assert reactions.reactions_to("not_enrolled") == ()


def test_an_owner_who_leaves_takes_the_queued_email_along(at_work, make_lead, frozen_clock):
    lead = make_lead()
    at_work(sequence(OPENING))
    message = until_queued(frozen_clock)
    source = Connection.objects.get(name="hubspot")
    rep = OwnerRecord(external_id="1", email=lead.owner.email, name="Ada")
    land(source, "owner", [rep], now=clock.now())

    land(source, "owner", [replace(rep, active=False)], now=clock.now())
    settle(frozen_clock)

    message.refresh_from_db()
    assert message.status == "cancelled"
    assert Enrollment.objects.get(lead=lead).reason == "owner gone"
