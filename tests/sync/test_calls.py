"""A call that was made stands in the CRM as a call, once, and a task that is handed over as the other's."""

from datetime import timedelta

import pytest

from crm.models import Activity, Change, ExternalRecord, Owner
from process import tasks
from runtime import clock
from tests.sync.test_cases import contact, person
from workers import reactions


@pytest.fixture(params=["hubspot", "salesforce"])
def crm(request, crms):
    return crms(request.param)


def give(crm):
    (id_,) = crm.create(person(1) if crm.name == "hubspot" else contact(1))
    crm.sync()
    lead = crm.lead_of(id_)
    due_at = clock.now() + timedelta(days=1)
    task = tasks.make("call", "Call them", lead=lead, key="call:1", due_at=due_at)
    crm.advance(minutes=16)
    crm.push()
    return task


def made(crm, task, **how):
    assert tasks.done(task.pk, **how)
    crm.advance(minutes=16)
    crm.push()


def test_hubspot_has_a_call_beside_the_completed_task(hubspot):
    task = give(hubspot)

    made(hubspot, task, disposition="no_answer", remark="Try <tomorrow>.", by="ada")

    (call,) = hubspot.records("calls").values()
    assert [call[name] for name in ("hs_call_title", "hs_call_direction", "hs_call_status")] == [
        "Call them", "OUTBOUND", "COMPLETED",
    ]  # fmt: skip
    body = call["hs_call_body"]
    assert body.startswith("Outcome: No answer<br><br>Try &lt;tomorrow&gt;.<br><br>Message-ID: ")
    assert [row["hs_task_status"] for row in hubspot.records("tasks").values()] == ["COMPLETED"]
    assert hubspot.records("notes") == {}


def test_salesforce_has_its_task_as_the_call(salesforce):
    task = give(salesforce)

    made(salesforce, task, disposition="no_answer", by="ada")

    (row,) = salesforce.records("Task").values()
    assert [row[name] for name in ("TaskSubtype", "Status", "CallDisposition")] == [
        "Call", "Completed", "No answer",
    ]  # fmt: skip


def test_our_own_call_is_no_news(crm):
    made(crm, give(crm), disposition="connected")

    for _ in range(4):
        crm.advance(minutes=5)
        crm.sync()
        reactions.react()

    assert not Activity.objects.filter(kind__startswith="crm_").exists()
    assert Activity.objects.filter(kind="task_done").count() == 1


def test_a_lost_answer_makes_no_second_call(hubspot):
    task = give(hubspot)
    hubspot.fault("answer_lost", method="POST", times=1, path="/calls/batch/create")
    tasks.done(task.pk, disposition="voicemail")
    hubspot.advance(minutes=16)
    assert hubspot.push(expect_error=True).error

    for _ in range(3):
        hubspot.advance(minutes=30)
        hubspot.push()

    assert len(hubspot.records("calls")) == 1
    assert not Change.objects.filter(status="pending").exists()


def test_a_tick_in_the_crm_and_one_here_at_once_are_one(crm):
    task = give(crm)
    object_, status = ("tasks", "hs_task_status") if crm.name == "hubspot" else ("Task", "Status")
    (id_,) = crm.records(object_)
    done = {"hubspot": "COMPLETED", "salesforce": "Completed"}[crm.name]
    crm.edit(id_, object_=object_, **{status: done})
    assert tasks.done(task.pk, disposition="connected", by="ada")

    for _ in range(4):
        crm.advance(minutes=10)
        crm.sync()
        crm.push()
        reactions.react()

    noted = Activity.objects.filter(kind="task_done")
    assert [(one.data["disposition"], one.data["by"]) for one in noted] == [("connected", "ada")]
    assert [row[status] for row in crm.records(object_).values()] == [done]


def test_a_task_that_is_handed_over_is_the_others_there(crm):
    task = give(crm)
    object_, owner = ("tasks", "hubspot_owner_id") if crm.name == "hubspot" else ("Task", "OwnerId")
    known = ExternalRecord.objects.filter(kind="owner", owner__active=True).exclude(
        owner=task.owner
    )
    record = known.order_by("pk").first()

    assert tasks.give(task.pk, to=Owner.objects.get(pk=record.owner_id), by="ada")
    crm.advance(minutes=16)
    crm.push()

    assert [row[owner] for row in crm.records(object_).values()] == [record.external_id]
    assert Change.objects.get(kind="handover").status == Change.Status.PUSHED
