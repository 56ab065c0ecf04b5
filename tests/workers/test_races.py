"""Two workers at once, one of them in the middle of its transaction."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from sequences import engine
from sequences.enroll import enroll_matching
from sequences.models import Enrollment, StepRun, Waiting
from sequences.states import ask_about
from tests.workers.test_language import CALL, OPENING, at_work, sequence  # noqa: F401 - a fixture
from tests.workers.test_life import settle

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="a database in memory lets no two threads in"
    ),
]


@pytest.fixture
def other():
    """Another worker: begin something, and return once it is done or waits for this one's locks."""
    with ThreadPoolExecutor(1) as pool:

        def begin(work, *args, **values):
            found = pool.submit(_alone, work, args, values)
            while not (found.done() or _somebody_waits()):
                time.sleep(0.005)
            return found

        yield begin


def _alone(work, args, values):
    try:
        with transaction.atomic():
            return work(*args, **values)
    finally:
        connection.close()


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_a_task_done_while_its_enrollment_is_asked_about_opens_the_gate(
    at_work,  # noqa: F811 - the fixture
    make_lead,
    frozen_clock,
    other,
    monkeypatch,
):
    make_lead()
    at_work(sequence({**CALL, "gate": True}, OPENING))
    settle(frozen_clock)
    Enrollment.objects.update(due_at=frozen_clock.now)
    read, begun = ask_about, []

    def read_and_be_overtaken(enrollments):
        found = read(enrollments)
        begun.append(other(engine.task_ended, enrollments[0].pk, "call", at=frozen_clock.now))
        return found

    monkeypatch.setattr("sequences.advancing.ask_about", read_and_be_overtaken)
    engine.advance_due()
    monkeypatch.undo()
    begun[0].result()

    assert StepRun.objects.get().ended_at == frozen_clock.now
    assert Enrollment.objects.get().due_at == frozen_clock.now


@pytest.mark.parametrize(
    "rule", [{"per_day": 1}, {"active_per_rep": 1}, {"exclusive": "company"}], ids=str
)
def test_two_workers_never_let_two_into_one_place(
    at_work,  # noqa: F811 - the fixture
    make_lead,
    frozen_clock,
    other,
    rule,
):
    at_work(sequence(OPENING, enroll=rule))
    first, second = make_lead("a@x.example"), make_lead("b@x.example")

    with transaction.atomic():
        enroll_matching([first.pk], moved=True)
        begun = other(enroll_matching, [second.pk], moved=True)
    begun.result()

    tomorrow = frozen_clock.now.replace(hour=0) + timedelta(days=1)
    starts = Enrollment.objects.order_by("pk").values_list("lead", "started_at")
    later = [(second.pk, tomorrow)] if "per_day" in rule else []
    assert list(starts) == [(first.pk, frozen_clock.now), *later]
    assert [waiting.lead for waiting in Waiting.objects.all()] == ([] if later else [second])
