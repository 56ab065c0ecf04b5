"""Two workers at once, one of them in the middle of its transaction."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm.models import Company
from mail import claims
from mail.models import Mailbox, Message
from runtime import clock
from sequences import engine
from sequences.enroll import enroll_matching
from sequences.judging import COLLEAGUE
from sequences.models import Enrollment, StepRun, Waiting
from sequences.places import place_is_free
from sequences.states import ask_for_step
from tests.workers.test_language import CALL, OPENING, at_work, sequence  # noqa: F401 - a fixture
from tests.workers.test_life import settle, until_queued

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
    read, begun = ask_for_step, []

    def read_and_be_overtaken(enrollments):
        found = read(enrollments)
        begun.append(other(engine.task_ended, enrollments[0].pk, "call", at=frozen_clock.now))
        return found

    monkeypatch.setattr("sequences.advancing.ask_for_step", read_and_be_overtaken)
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


def test_a_place_becomes_free_while_another_worker_enrolls_who_waits_for_it(
    at_work,  # noqa: F811 - the fixture
    make_lead,
    frozen_clock,
    other,
):
    """One holds the company's row and will take the waiting one's, the other held them crosswise."""
    at_work(sequence(OPENING, enroll={"exclusive": "company"}))
    waits = make_lead("waits@x.example")
    later = frozen_clock.now + timedelta(days=1)
    Waiting.objects.create(
        lead=waits, sequence="test", reason=COLLEAGUE, retry_at=later, since=clock.now()
    )

    with transaction.atomic():
        place_is_free("test", waits.company_id)
        begun = other(enroll_matching, [waits.pk], moved=True)
        Company.objects.select_for_update(no_key=True).get(pk=waits.company_id)
    begun.result()

    assert Enrollment.objects.get().lead == waits


def test_two_places_become_free_crosswise(
    at_work,  # noqa: F811 - the fixture
    make_lead,
    frozen_clock,
    other,
):
    """Each worker's turn frees the place for which the other's lead waits, and settles its own."""
    at_work(sequence(OPENING))
    leads = [make_lead(email) for email in ("a@x.example", "b@x.example")]
    later = frozen_clock.now + timedelta(days=1)
    for lead in leads:
        Waiting.objects.create(
            lead=lead, sequence=lead.email, reason=COLLEAGUE, retry_at=later, since=clock.now()
        )

    with transaction.atomic():
        place_is_free(leads[1].email, None)
        begun = other(_frees_and_settles, leads[0].email, leads[1].email)
        Waiting.objects.filter(sequence=leads[0].email).update(reason="settled")
    begun.result()

    assert set(Waiting.objects.values_list("reason", "retry_at")) == {("settled", clock.now())}


def _frees_and_settles(frees, settles):
    place_is_free(frees, None)
    Waiting.objects.filter(sequence=settles).update(reason="settled")


@pytest.mark.parametrize(
    "limits", [{"per_domain": {"per_day": 1}}, {"per_company": {"per_day": 1}}], ids=str
)
def test_two_mailboxes_never_fill_one_gap_in_a_cap_that_they_share(
    at_work,  # noqa: F811 - the fixture
    make_lead,
    frozen_clock,
    other,
    limits,
):
    company = Company.objects.create(name="Customer")
    people = [make_lead(email, company=company) for email in ("a@x.example", "b@x.example")]
    at_work(sequence(OPENING))
    settle(frozen_clock)
    until_queued(frozen_clock)
    frozen_clock.now += timedelta(hours=4)  # more than they are spread over
    settle(None)
    ada = Mailbox.objects.get()
    bob = _second_mailbox(ada)
    assert Message.objects.filter(lead=people[1]).update(mailbox=bob) == 1
    Mailbox.objects.update(team_limits=limits)

    with transaction.atomic():
        first = claims.claim(ada, Counter())
        begun = other(claims.claim, bob, Counter())
    second = begun.result()

    assert [message.lead_id for message in first] == [people[0].pk]
    assert second == []


def _second_mailbox(mailbox):
    values = {field.attname: getattr(mailbox, field.attname) for field in Mailbox._meta.fields}
    return Mailbox.objects.create(
        **{**values, "id": None, "address": "bob@example.com", "owner_id": None}
    )
