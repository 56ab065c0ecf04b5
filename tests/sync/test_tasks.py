"""A rep's tasks stand in the CRM that the lead came from, once each, and are ticked off there."""

from datetime import timedelta

import pytest

from crm import health
from crm.models import Activity, Change
from process import tasks
from process.models import Task
from runtime import clock
from tests.sync.test_cases import contact, person
from workers import reactions

#: CRM -> kind of task -> the object, and what says whose, what and whether it is done.
SHOWN = {
    "hubspot": {
        "call": ("tasks", "hs_task_subject", "hs_task_status", "NOT_STARTED", "COMPLETED"),
        "meeting": (
            "meetings", "hs_meeting_title", "hs_meeting_outcome", "SCHEDULED", "COMPLETED",
        ),
    },
    "salesforce": {
        "call": ("Task", "Subject", "Status", "Not Started", "Completed"),
        "meeting": ("Task", "Subject", "Status", "Not Started", "Completed"),
    },
}  # fmt: skip


@pytest.fixture(params=["hubspot", "salesforce"])
def crm(request, crms):
    return crms(request.param)


def met(crm):
    """A lead that came from the CRM, and its id there."""
    (id_,) = crm.create(person(1) if crm.name == "hubspot" else contact(1))
    crm.sync()
    return crm.lead_of(id_), id_


def give(crm, kind):
    """A task for the lead's owner, and when its touch is due."""
    lead, _ = met(crm)
    task = tasks.make(
        kind, f"{kind} them", lead=lead, key=f"{kind}:1", due_at=clock.now() + timedelta(days=1)
    )
    crm.advance(minutes=16)
    return task


def lose_answer(crm):
    """Push, and never hear what became of it."""
    path = "/batch/create" if crm.name == "hubspot" else "/composite"
    crm.fault("answer_lost", method="POST", times=1, path=path)
    return crm.push(expect_error=True).error


def shown(crm, kind):
    object_, title, status, *_ = SHOWN[crm.name][kind]
    return [(row[title], row[status]) for row in crm.records(object_).values()]


@pytest.mark.parametrize("kind", ["call", "meeting"])
def test_a_task_is_shown_open_and_then_done(crm, kind):
    *_, open_, done = SHOWN[crm.name][kind]
    task = give(crm, kind)

    crm.push()
    assert shown(crm, kind) == [(f"{kind} them", open_)]

    assert tasks.done(task.pk)
    assert not tasks.done(task.pk)
    crm.advance(minutes=16)
    crm.push()
    crm.push()

    assert shown(crm, kind) == [(f"{kind} them", done)]
    assert set(Change.objects.values_list("kind", "status")) == {
        ("touch", "pushed"),
        ("completion", "pushed"),
    }


@pytest.mark.parametrize("kind", ["call", "meeting"])
def test_a_task_that_is_done_before_it_left_arrives_done(crm, kind):
    task = give(crm, kind)
    tasks.done(task.pk)
    crm.advance(minutes=16)

    crm.push()

    assert shown(crm, kind) == [(f"{kind} them", SHOWN[crm.name][kind][-1])]


def test_a_lost_answer_makes_no_second_task(crm):
    task = give(crm, "meeting")
    assert lose_answer(crm)
    tasks.done(task.pk)

    for _ in range(4):
        crm.advance(minutes=30)
        crm.push()

    assert shown(crm, "meeting") == [("meeting them", SHOWN[crm.name]["meeting"][-1])]


def test_a_task_that_somebody_deleted_is_no_failure(crm):
    task = give(crm, "call")
    crm.push()
    object_ = SHOWN[crm.name]["call"][0]
    crm.hands("delete", *crm.records(object_), object_=object_)
    tasks.done(task.pk)
    crm.advance(minutes=16)

    pushed = crm.push()

    assert pushed.later == 0
    assert crm.changes(kind="completion").get().status == Change.Status.SUPERSEDED


def test_our_own_meeting_is_no_news(crm):
    give(crm, "meeting")
    assert lose_answer(crm)

    for _ in range(4):
        crm.advance(minutes=5)
        crm.pull()

    assert not Activity.objects.filter(kind__startswith="crm_").exists()
    assert Task.objects.count() == 1


def test_a_refused_task_that_is_done_and_tried_again_arrives_done(crm):
    task = give(crm, "call")
    if crm.name == "hubspot":
        crm.fault("invalid", field="hs_task_subject")
    else:
        crm.fault("duplicate")
    crm.push()
    assert crm.changes(kind="touch").get().status == Change.Status.REFUSED
    tasks.done(task.pk)
    crm.advance(minutes=16)
    crm.push()
    assert shown(crm, "call") == []

    crm.sandbox.mend()
    assert health.retry(crm.connection) == 1
    crm.push()

    assert shown(crm, "call") == [("call them", SHOWN[crm.name]["call"][-1])]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("kind", ["call", "meeting"])
def test_a_task_that_is_ticked_off_there_is_done_here(crm, kind, lost):
    task = give(crm, kind)
    if lost:
        assert lose_answer(crm)
    object_, _, status, _, done = SHOWN[crm.name][kind]
    for _ in range(3):
        crm.advance(minutes=6)
        crm.sync()
        reactions.react()
    task.refresh_from_db()
    assert task.done_at is None

    (id_,) = crm.records(object_)
    crm.edit(id_, object_=object_, **{status: done})
    written = len(crm.writes())
    for _ in range(3):
        crm.advance(minutes=6)
        crm.sync()
        reactions.react()

    task.refresh_from_db()
    assert task.done_at is not None
    assert shown(crm, kind) == [(f"{kind} them", done)]
    assert [(row.kind, row.data["title"]) for row in Activity.objects.filter(kind="task_done")] == [
        ("task_done", f"{kind} them")
    ]
    assert len(crm.writes()) == written
