"""One lead's life over the rows: enrolled, written to, answered, moved, owed to the CRM."""

from collections import Counter
from datetime import timedelta

import pytest

from crm.models import Activity, Change, Deal, Lead, StageMove
from crm.timeline import note
from mail import claims, unconfirmed
from mail import settle as settle_email
from mail.models import Inbound, Mailbox, Message, Suppression
from process import timing
from process.models import Task
from runtime import clock
from sequences import engine, enroll
from sequences.effects import NEVER
from sequences.enroll import enroll_matching
from sequences.models import Enrollment, StepRun
from workers import reactions, schedule

pytestmark = pytest.mark.django_db


def settle(frozen_clock):
    """React and decide until nothing is left to do now."""
    while (
        reactions.waiting()
        or timing.is_due()
        or engine.due(clock.now()).exists()
        or enroll.waiting_is_due()
    ):
        reactions.react()
        timing.move_on()
        enroll.retry_waiting()
        engine.advance_due()


def until_queued(frozen_clock):
    """Let time pass until an email is queued."""
    for _ in range(50):
        settle(frozen_clock)
        queued = Message.objects.filter(status="queued").first()
        if queued is not None:
            return queued
        frozen_clock.now = schedule.next_due()
    raise AssertionError("nothing was queued")


def leaves(message):
    """What delivery writes when a server took the email."""
    now = clock.now()
    Message.objects.filter(pk=message.pk).update(status="sent", sent_at=now, handed_at=now)
    note(
        "email_sent",
        occurred_at=now,
        lead=message.lead,
        enrollment_id=message.enrollment_id,
        message_id=message.pk,
        key=f"sent:{message.pk}",
    )


def answers(message, text="Yes, tell me more."):
    now = clock.now()
    Inbound.objects.create(
        mailbox=message.mailbox,
        fingerprint=f"answer {message.pk}",
        uidvalidity=1,
        uid=message.pk,
        from_email=message.to_email,
        kind="reply",
        text=text,
        answers=message,
        lead=message.lead,
        received_at=now,
    )
    note(
        "answered",
        occurred_at=now,
        lead=message.lead,
        enrollment_id=message.enrollment_id,
        message_id=message.pk,
        data={"text": text},
    )


def test_every_email_of_a_sequence_leaves_once_in_one_thread(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    sent = []
    for _ in range(3):
        message = until_queued(frozen_clock)
        leaves(message)
        sent.append(message)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=60)
    settle(frozen_clock)
    assert [message.step_id for message in sent] == ["opening", "reminder", "closing-note"]
    assert [message.parent_id for message in sent] == [None, sent[0].pk, sent[1].pk]
    enrollment = Enrollment.objects.get(lead=lead, sequence="approach-cold")
    assert enrollment.status == "finished"
    assert StepRun.objects.filter(enrollment=enrollment).count() == 6
    assert Change.objects.filter(kind="touch", value__kind="email").count() == 3
    assert Change.objects.filter(kind="touch", value__kind="task").count() == 2


def test_deciding_twice_queues_nothing_twice(team, make_lead, frozen_clock):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    Enrollment.objects.update(due_at=clock.now())
    engine.advance_due()
    assert list(Message.objects.all()) == [message]


def test_an_answer_ends_the_enrollment_and_cancels_what_is_queued(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    first = until_queued(frozen_clock)
    leaves(first)
    second = until_queued(frozen_clock)
    answers(first, "That sounds interesting, let's talk.")
    settle(frozen_clock)
    second.refresh_from_db()
    lead.refresh_from_db()
    assert second.status == "cancelled"
    assert Enrollment.objects.get(sequence="approach-cold").reason == "answered"
    assert lead.stage == "Presentation"
    owed = Change.objects.get(kind="update", status="pending")
    assert (owed.field, owed.value) == ("status", "CONNECTED")


@pytest.mark.parametrize("kind", ["crm_reply", "crm_meeting"])
@pytest.mark.parametrize(("days", "status"), [(-30, "active"), (0, "stopped")])
def test_what_a_rep_logs_in_the_crm_ends_what_was_open_then(
    team, make_lead, frozen_clock, kind, days, status
):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)

    note(kind, lead=lead, occurred_at=clock.now() + timedelta(days=days), key="crm:1")
    reactions.react()

    message.refresh_from_db()
    assert Enrollment.objects.get().status == status
    assert message.status == ("cancelled" if status == "stopped" else "queued")


def test_who_is_not_interested_is_left_in_peace(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    leaves(message)
    answers(message, "Thanks, but we are not interested.")
    settle(frozen_clock)
    lead.refresh_from_db()
    assert (lead.stage, lead.disposition) == ("Approach", "declined")
    assert not Enrollment.objects.filter(status="active").exists()


def test_an_objection_starts_its_play_as_a_new_enrollment(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    leaves(message)
    answers(message, "Sorry, that is too expensive for us.")
    settle(frozen_clock)
    lead.refresh_from_db()
    assert lead.stage == "Handling Objections"
    assert lead.disposition == "price"
    assert Enrollment.objects.get(status="active").sequence == "objection-price"


@pytest.mark.parametrize(
    ("kind", "data"),
    [("bounced", {"hard": True}), ("unsubscribed", {}), ("complained", {}), ("opted_out", {})],
)
def test_a_persons_stop_ends_everything(team, make_lead, frozen_clock, kind, data):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    note(kind, occurred_at=clock.now(), lead=lead, data=data)
    settle(frozen_clock)
    message.refresh_from_db()
    assert message.status == "cancelled"
    assert not Enrollment.objects.filter(status__in=["active", "paused"]).exists()


def test_a_soft_bounce_ends_nothing(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    until_queued(frozen_clock)
    note("bounced", occurred_at=clock.now(), lead=lead, data={"hard": False})
    settle(frozen_clock)
    assert Enrollment.objects.get().status == "active"


def test_out_of_office_holds_until_the_return(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    back = clock.now() + timedelta(days=9)
    note("auto_replied", occurred_at=clock.now(), lead=lead, data={"until": back.isoformat()})
    settle(frozen_clock)
    message.refresh_from_db()
    assert message.due_at == back
    assert Enrollment.objects.get().status == "paused"
    frozen_clock.now = back
    settle(frozen_clock)
    assert Enrollment.objects.get().status == "active"


def test_a_pause_by_hand_holds_until_it_is_resumed(team, make_lead, frozen_clock):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    engine.pause(message.enrollment_id, until=None)
    frozen_clock.now += timedelta(days=400)
    assert engine.due(clock.now()).count() == 0
    engine.resume(message.enrollment_id)
    message.refresh_from_db()
    assert message.due_at == clock.now()


def test_case_2_pause_and_resume_goes_on_and_never_begins_again(team, make_lead, frozen_clock):
    make_lead()
    team()
    sent = []
    for _ in range(3):
        message = until_queued(frozen_clock)
        engine.pause(message.enrollment_id, until=None)
        settle(frozen_clock)
        engine.resume(message.enrollment_id)
        settle(frozen_clock)
        leaves(message)
        engine.pause(message.enrollment_id, until=None)
        settle(frozen_clock)
        engine.resume(message.enrollment_id)
        sent.append(message.step_id)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=60)
    settle(frozen_clock)
    assert sent == ["opening", "reminder", "closing-note"]
    assert Message.objects.count() == 3
    assert Enrollment.objects.get().status == "finished"


def test_an_absence_does_not_end_a_pause_by_hand(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    engine.pause(message.enrollment_id, until=None)
    back = clock.now() + timedelta(days=9)

    note("auto_replied", occurred_at=clock.now(), lead=lead, data={"until": back.isoformat()})
    settle(frozen_clock)

    assert Enrollment.objects.values_list("status", "due_at").get() == ("paused", None)
    message.refresh_from_db()
    assert message.due_at > clock.now() + timedelta(days=10**6)


def test_a_pause_takes_an_email_back_that_a_worker_is_about_to_send(team, make_lead, frozen_clock):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    [claimed] = claims.claim(message.mailbox, Counter())

    engine.pause(message.enrollment_id, until=None)

    assert not claims.mark_handed(claimed)
    claims.release([claimed])
    message.refresh_from_db()
    assert (message.status, message.due_at) == ("queued", NEVER)


def test_an_email_that_a_server_refuses_for_now_stays_held_by_a_pause(
    team, make_lead, frozen_clock
):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    [claimed] = claims.claim(message.mailbox, Counter())
    assert claims.mark_handed(claimed)

    engine.pause(message.enrollment_id, until=None)
    settle_email.retried(claimed, "451 try again later")

    message.refresh_from_db()
    assert (message.status, message.due_at) == ("queued", NEVER)


@pytest.mark.parametrize(
    "comes_back",
    [
        lambda claimed: settle_email.retried(claimed, "451 try again later"),
        lambda claimed: settle_email.sender_fault(claimed, "535 who are you"),
        lambda claimed: (
            settle_email.unconfirmed(claimed, "timed out")
            and unconfirmed.confirm(claimed, sent=False, by="Ada")
        ),
    ],
    ids=["retried", "sender_fault", "confirmed as not sent"],
)
def test_an_email_that_comes_back_after_the_end_does_not_leave_again(
    team, make_lead, frozen_clock, comes_back
):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    [claimed] = claims.claim(message.mailbox, Counter())
    assert claims.mark_handed(claimed)

    engine.stop(message.enrollment_id, "stopped by hand", at=clock.now())
    comes_back(claimed)

    message.refresh_from_db()
    assert (message.status, message.because["cancelled"]) == (
        "cancelled",
        {"reason": "stopped by hand"},
    )


def test_an_email_in_doubt_that_comes_back_stays_held_by_a_pause(team, make_lead, frozen_clock):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    [claimed] = claims.claim(message.mailbox, Counter())
    assert claims.mark_handed(claimed)
    settle_email.unconfirmed(claimed, "timed out")

    engine.pause(message.enrollment_id, until=None)
    assert unconfirmed.confirm(claimed, sent=False, by="Ada")

    message.refresh_from_db()
    assert (message.status, message.due_at) == ("queued", NEVER)
    engine.resume(message.enrollment_id)
    message.refresh_from_db()
    assert message.due_at == clock.now()


def test_an_email_in_doubt_that_was_given_up_does_not_leave_again(team, make_lead, frozen_clock):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    [claimed] = claims.claim(message.mailbox, Counter())
    assert claims.mark_handed(claimed)
    settle_email.unconfirmed(claimed, "timed out")
    frozen_clock.now += timedelta(days=9)
    unconfirmed.expire_unconfirmed(clock.now())
    settle(frozen_clock)

    assert unconfirmed.confirm(claimed, sent=False, by="Ada")

    assert Enrollment.objects.get().status == "stopped"
    message.refresh_from_db()
    assert message.status == "cancelled"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"email": ""}, "no email"),
        ({"do_not_contact": True}, "do not contact"),
        ({"doubt": "has the same email address as another"}, "doubt"),
        ({"owner": None}, "no mailbox"),
        ({"stage": "Closing"}, "another stage"),
        ({"first_name": "x" * 50, "email": "not an address"}, "address"),
    ],
)
def test_whom_nothing_may_reach_is_not_enrolled(team, make_lead, values, reason):
    make_lead(**values)
    team()
    assert not Enrollment.objects.exists(), reason


def test_a_suppressed_address_is_not_enrolled(team, make_lead):
    lead = make_lead()
    Suppression.objects.create(email=lead.email, kind="unsubscribed", at=clock.now())
    team()
    assert not Enrollment.objects.exists()


def test_a_lead_is_in_one_sequence_at_a_time_and_in_each_once(team, make_lead):
    lead = make_lead()
    team()
    team()
    assert enroll_matching([lead.pk], moved=True) == 0
    enrollment = Enrollment.objects.get()
    engine.stop(enrollment.pk, "by hand", at=clock.now())
    assert enroll_matching([lead.pk], moved=True) == 0


def test_newcomers_of_a_sequence_for_newcomers_are_those_who_moved(team, make_lead):
    lead = make_lead(stage="Follow-up")
    Deal.objects.create(
        name="Halo", stage_value="won", is_closed=True, is_won=True, lead=lead, source=lead.source
    )
    team()
    assert enroll_matching([lead.pk], moved=False) == 0
    assert enroll_matching([lead.pk], moved=True) == 1
    assert Enrollment.objects.get().sequence == "won-handoff"


def test_the_throttle_spreads_the_starts_over_days(team, make_lead):
    for number in range(160):
        make_lead(email=f"p{number}@customer.example")
    team()
    starts = sorted(Enrollment.objects.values_list("started_at", flat=True))
    assert len(starts) == 160
    assert starts[149].date() == clock.now().date()
    assert starts[150].date() == clock.now().date() + timedelta(days=1)


def test_a_reaction_that_fails_holds_nobody_else_up(team, make_lead, frozen_clock, monkeypatch):
    def fail(_activity):
        raise ValueError("poison")

    monkeypatch.setitem(reactions.REACTIONS, "task_done", [fail])
    poisoned, other = make_lead(), make_lead(email="ada@customer.example")
    note("task_done", occurred_at=clock.now(), lead=poisoned)
    note("bounced", occurred_at=clock.now(), lead=other, data={"hard": True})
    for _ in range(reactions.ATTEMPTS + 3):
        reactions.react()
    failed = Activity.objects.get(kind="task_done")
    assert failed.reacted_at is None
    assert failed.reaction_attempts == reactions.ATTEMPTS
    assert failed.reaction_error == "poison"
    assert Activity.objects.get(kind="bounced").reacted_at is not None
    assert not reactions.waiting()


def test_reactions_run_once(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    leaves(message)
    answers(message, "Sorry, that is too expensive for us.")
    settle(frozen_clock)
    moves, tasks = StageMove.objects.count(), Task.objects.count()
    reactions.react()
    assert (StageMove.objects.count(), Task.objects.count()) == (moves, tasks)
    assert Lead.objects.get(pk=lead.pk).stage == "Handling Objections"


def test_what_sets_nothing_in_motion_is_passed_over(make_lead):
    note("queued", occurred_at=clock.now(), lead=make_lead())
    reactions.react()
    assert not reactions.waiting()


def test_a_bell_is_never_needed(team, make_lead, frozen_clock):
    """Nothing rang in this test; the rows say what is due."""
    make_lead()
    team()
    assert schedule.due().advance
    until_queued(frozen_clock)
    Mailbox.objects.update(read_at=clock.now())
    assert schedule.due().deliver == [Mailbox.objects.get().pk]
