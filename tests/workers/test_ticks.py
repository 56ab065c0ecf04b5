"""A tick takes whoever is due, once; ended anywhere, it leaves all of them due and unchanged."""

from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, transaction

from crm.models import Activity, Lead
from mail.models import Message
from sequences import cadence, claims, engine
from sequences.cadence import Update
from sequences.models import AppliedVersion, Enrollment, StepRun
from sequences.steps import UpdateStep

pytestmark = pytest.mark.django_db(transaction=True)


class KilledError(BaseException):
    """Stands for the end of the process."""


def killing(before):
    """End the process before the statement of this number."""
    seen = count(1)

    def execute(execute, sql, params, many, context):
        if next(seen) == before:
            raise KilledError
        return execute(sql, params, many, context)

    return connection.execute_wrapper(execute)


def written():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Enrollment, StepRun, Message, Activity)
    ]


@pytest.fixture
def crowd(team, make_lead, frozen_clock):
    """Three who are due: one gets a task, one an email, and one has to wait."""
    for number in range(3):
        make_lead(email=f"p{number}@customer.example")
    team()
    frozen_clock.now += timedelta(hours=6)
    _, written_to, waiting = Enrollment.objects.order_by("pk")
    for enrollment, ended in ((written_to, timedelta(days=3)), (waiting, None)):
        StepRun.objects.create(
            enrollment=enrollment,
            step_id="research",
            kind="task",
            at=frozen_clock.now - timedelta(hours=5 if ended is None else 100),
            ended_at=None if ended is None else frozen_clock.now - ended,
        )
    Enrollment.objects.update(due_at=frozen_clock.now)


def test_a_kill_before_any_statement_leaves_everybody_due(crowd):
    before, killed = written(), 0

    for number in count(1):
        try:
            with killing(number):
                engine.advance_due()
        except KilledError:
            killed += 1
            assert written() == before, f"before statement {number}"
        else:
            break

    assert killed > 10
    task, email, wait = Enrollment.objects.order_by("pk")
    assert list(Message.objects.values_list("enrollment_id", "step_id")) == [(email.pk, "opening")]
    assert list(StepRun.objects.order_by("pk").values_list("enrollment_id", "step_id")) == [
        (email.pk, "research"),
        (wait.pk, "research"),
        (task.pk, "research"),
    ]
    assert email.due_at is None
    assert wait.due_at is not None


def test_who_is_due_at_one_moment_is_claimed_in_one_order(crowd, frozen_clock):
    first, _, third = Enrollment.objects.order_by("pk").values_list("pk", flat=True)
    Enrollment.objects.filter(pk=third).update(due_at=frozen_clock.now - timedelta(hours=1))

    with transaction.atomic():
        claimed = claims.claim(frozen_clock.now, at_most=2)

    assert [enrollment.pk for enrollment in claimed] == [third, first]


def test_a_pause_that_is_over_goes_on_or_ends(crowd, frozen_clock):
    goes_on, ends, _ = Enrollment.objects.order_by("pk")
    Enrollment.objects.filter(pk__in=[goes_on.pk, ends.pk]).update(status="paused")
    Lead.objects.filter(pk=ends.lead_id).update(deleted_at=frozen_clock.now)

    engine.advance_due()

    told = Enrollment.objects.order_by("pk").values_list("status", "reason")
    assert list(told) == [("active", ""), ("stopped", "lead deleted"), ("active", "")]


def test_one_at_fault_holds_up_nobody_else(crowd, frozen_clock):
    other, email, _ = Enrollment.objects.order_by("pk")
    StepRun.objects.create(
        enrollment=other,
        step_id="research",
        kind="task",
        at=frozen_clock.now - timedelta(hours=100),
        ended_at=frozen_clock.now - timedelta(days=3),
    )
    Enrollment.objects.filter(pk=other.pk).update(mailbox_id=0)

    engine.advance_due()

    assert list(Message.objects.values_list("enrollment_id", "step_id")) == [(email.pk, "opening")]
    other.refresh_from_db()
    assert (other.status, other.due_at) == ("active", frozen_clock.now + engine.AFTER_FAILURE)


def test_a_step_that_cannot_be_written_holds_up_nobody_else(crowd, frozen_clock, monkeypatch):
    update = Update(step=UpdateStep(id="mark", update={"lead.title": "CTO"}), because={})
    first, *others = Enrollment.objects.order_by("pk").values_list("pk", flat=True)

    def decide(sequence, state, now):
        first_lead = Enrollment.objects.get(pk=first).lead_id
        return update if state.lead_id == first_lead else cadence.decide(sequence, state, now)

    def fail(*_args):
        raise ValueError("no such field")

    monkeypatch.setattr("sequences.advancing.decide", decide)
    monkeypatch.setattr("sequences.advancing._set_fields", fail)

    engine.advance_due()

    due = dict(Enrollment.objects.values_list("pk", "due_at"))
    assert due[first] == frozen_clock.now + engine.AFTER_FAILURE
    assert not engine.due(frozen_clock.now).exists()
    assert not StepRun.objects.filter(enrollment=first).exists()
    assert Message.objects.filter(enrollment_id__in=others).count() == 1


def test_a_tick_reads_the_facts_for_which_a_version_asks(crowd):
    version = AppliedVersion.objects.get(enrollment=Enrollment.objects.first())
    definition = {**version.definition, "exit": ["company.name == 'Hopper Ltd'"]}
    asks = AppliedVersion.objects.create(
        sequence=version.sequence,
        digest="asks",
        active=False,
        applied_at=version.applied_at,
        templates=version.templates,
        definition=definition,
    )
    moved = Enrollment.objects.order_by("pk").last()
    Enrollment.objects.filter(pk=moved.pk).update(version=asks)

    engine.advance_due()

    told = Enrollment.objects.order_by("pk").values_list("status", "reason")
    assert list(told) == [("active", ""), ("active", ""), ("stopped", "exit")]
