"""What a person does with a task, once, whoever else is at it."""

from datetime import timedelta

import pytest

from crm.models import Activity, Change, Connection, ExternalRecord, Lead, Owner
from process import desk, tasks
from process.models import Task
from runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return Owner.objects.create(email="ada@example.com", name="Ada")


@pytest.fixture
def make(ada, frozen_clock):
    source, _ = Connection.objects.get_or_create(
        name="hubspot", defaults={"kind": "hubspot", "pull_every": timedelta(hours=1)}
    )
    ExternalRecord.objects.create(connection=source, kind="owner", external_id="o1", owner=ada)

    def give(kind="call", *, due_in=0, **values):
        lead = Lead.objects.create(
            source=source, owner=ada, created_at=clock.now(),
            **{"email": f"p{Lead.objects.count()}@x.example", **values},
        )  # fmt: skip
        ExternalRecord.objects.create(
            connection=source, kind="lead", external_id=str(lead.pk), lead=lead
        )
        due_at = clock.now() + timedelta(hours=due_in)
        return tasks.make(kind, f"{kind} them", lead=lead, key=str(lead.pk), due_at=due_at)

    return give


def told(kind):
    return [one.data for one in Activity.objects.filter(kind=kind).order_by("pk")]


def test_a_task_ends_once_and_the_first_word_stays(make):
    task = make()

    first = tasks.done(task.pk, disposition="no_answer", by="ada")
    second = tasks.done(task.pk, disposition="connected", by="bob")

    assert (first, second) == (True, False)
    task.refresh_from_db()
    assert (task.disposition, task.ended_by) == ("no_answer", "ada")
    assert len(told("task_done")) == 1
    assert Change.objects.filter(kind="completion").count() == 1


def test_what_sleeps_comes_back_in_its_time(make, frozen_clock):
    task = make()
    until = clock.now() + timedelta(days=2)

    assert tasks.snooze(task.pk, until=until, by="ada")
    assert not tasks.snooze(task.pk, until=until, by="ada")

    assert desk.entries(clock.now()) == []
    assert [entry.task for entry in desk.entries(until)] == [task]
    assert told("task_snoozed") == [
        {"task_id": task.pk, "title": "call them", "until": until.isoformat(), "by": "ada"}
    ]


def test_what_is_handed_over_is_the_others_here_and_owed_to_the_crm(make):
    task = make()
    bob = Owner.objects.create(email="bob@example.com", name="Bob")
    source = Connection.objects.get()
    ExternalRecord.objects.create(connection=source, kind="owner", external_id="o2", owner=bob)
    tasks.snooze(task.pk, until=clock.now() + timedelta(days=2))

    assert tasks.give(task.pk, to=bob, by="ada")
    assert not tasks.give(task.pk, to=bob, by="ada")

    assert [entry.task for entry in desk.entries(clock.now(), owner="BOB@example.com")] == [task]
    assert desk.entries(clock.now(), owner="ada@example.com") == []
    assert told("task_given") == [
        {
            "task_id": task.pk, "title": "call them", "from": "ada@example.com",
            "to": "bob@example.com", "by": "ada",
        }
    ]  # fmt: skip
    assert Change.objects.get(kind="handover").value == {"kind": "task", "owner_id": "o2"}


def test_only_the_last_of_two_handovers_is_owed(make, ada):
    task = make()
    bob = Owner.objects.create(email="bob@example.com", name="Bob")
    source = Connection.objects.get()
    ExternalRecord.objects.create(connection=source, kind="owner", external_id="o2", owner=bob)

    for owner in (bob, ada):
        tasks.give(task.pk, to=owner)

    owed = Change.objects.filter(kind="handover").order_by("pk")
    assert list(owed.values_list("status", "value__owner_id")) == [
        ("superseded", "o2"),
        ("pending", "o1"),
    ]


def test_a_rep_sees_what_it_takes_to_do_it(make):
    late = make("call", due_in=-30, phone="+49 30 1234", first_name="Grace", last_name="Hopper")
    make("research", due_in=5)
    Activity.objects.create(kind="email_sent", lead=late.lead, occurred_at=clock.now())

    first, second = desk.entries(clock.now(), owner="ada@example.com")

    assert (first.task, first.tel, first.say) == (late, "+49301234", "call them")
    assert first.place.because == ("was due 1 day ago",)
    assert first.touches == f"email sent {clock.now():%Y-%m-%d}"
    assert list(first.dispositions)[:2] == ["connected", "voicemail"]
    assert (second.task.kind, list(second.dispositions)) == ("research", [])


@pytest.mark.parametrize(("disposition", "called"), [("connected", 1), ("voicemail", 0), ("", 1)])
def test_a_call_that_reached_the_lead_is_noted_as_one_and_told_once(make, disposition, called):
    task = make("call")
    tasks.make("research", "Look", lead=task.lead, key="look")

    tasks.done(task.pk, disposition=disposition, by="ada")

    assert told("called") == [{"task_id": task.pk, "by": "ada"}] * called
    [entry] = desk.entries(clock.now())
    assert (
        entry.touches == f"call: {disposition.replace('_', ' ') or 'done'} {clock.now():%Y-%m-%d}"
    )


def test_the_queue_asks_as_often_for_thirty_as_for_three(make, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(50) as captured:
            desk.entries(clock.now())
        return len(captured)

    for _ in range(3):
        make()
    few = queries()
    for _ in range(27):
        make()

    assert Task.objects.count() == 30
    assert queries() == few
