"""A call that was made stands in the CRM as a call, once, and a task that is handed over as the other's."""

from datetime import timedelta

import pytest

from connectors.engagements import Event
from crm import calls, events, history
from crm.models import Activity, Change, ExternalRecord, Owner
from process import tasks
from process.reports import reading, reps
from process.reports.report import Scope
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


def log_call(crm, id_):
    """A rep writes a call down in the CRM."""
    if crm.name == "hubspot":
        values = {"hs_timestamp": clock.now().isoformat(), "hs_call_title": "Rang"}
        (made_,) = crm.create(values, object_="calls")
        crm.hands("link", made_, object_="calls", to=["contacts", id_])
    else:
        values = {"Subject": "Rang", "TaskSubtype": "Call", "Status": "Completed"}
        crm.create({**values, "WhoId": id_}, object_="Task")


def tick(crm):
    """A rep ticks the task off there."""
    object_, status = ("tasks", "hs_task_status") if crm.name == "hubspot" else ("Task", "Status")
    done = {"hubspot": "COMPLETED", "salesforce": "Completed"}[crm.name]
    crm.edit(Change.objects.get(kind="touch").external_id, object_=object_, **{status: done})


def counted(lead):
    """Calls as the reps' report counts them, and as rules do."""
    now, begun = clock.now(), clock.now() - timedelta(days=30)
    scope = Scope(now=now + timedelta(seconds=1), since=begun)
    report = reps.report(reading.histories(reps.KINDS), [], [], scope, owners={})
    column = report.columns.index("calls")
    rules = history.since({lead.pk: begun}, {lead.pk: None}, ["called"])
    return sum(row[column] for row in report.rows), rules[lead.pk]["called"]


def hears(crm, times=3):
    for _ in range(times):
        crm.advance(minutes=5)
        crm.sync()
        reactions.react()


def ticked_there(crm, task):
    tick(crm)
    hears(crm)


def ticked_here(_crm, task):
    tasks.done(task.pk, disposition="connected", by="ada")


@pytest.mark.parametrize("ticked", [ticked_there, ticked_here])
@pytest.mark.parametrize("order", ["call first", "tick first"])
def test_a_call_that_is_logged_and_ticked_off_is_one(crm, order, ticked):
    task = give(crm)
    (id_,) = crm.records()
    before = counted(task.lead)

    if order == "tick first":
        ticked(crm, task)
        log_call(crm, id_)
        hears(crm)
    else:
        log_call(crm, id_)
        hears(crm)
        ticked(crm, task)

    assert (before, counted(task.lead)) == ((0, 0), (1, 1))
    task.refresh_from_db()
    assert task.done_at is not None
    logged = "crm_call" if order == "call first" else "call_logged"
    kinds = ["crm_call", "call_logged"]
    assert list(Activity.objects.filter(kind__in=kinds).values_list("kind", flat=True)) == [logged]


MINUTE, SPAN = timedelta(minutes=1), calls.SPAN


@pytest.mark.parametrize(
    ("logged", "counts"),
    [
        ([timedelta()], 1),
        ([SPAN], 1),
        ([-SPAN], 1),
        ([SPAN + MINUTE], 2),
        ([-SPAN - MINUTE], 2),
        ([MINUTE, 2 * MINUTE], 2),
        ([-MINUTE, MINUTE], 2),
        ([-3 * MINUTE, -MINUTE, 2 * MINUTE], 3),
    ],
)
def test_a_task_is_one_call_at_most_and_none_that_lies_far_off(hubspot, logged, counts):
    task = give(hubspot)
    hubspot.advance(minutes=120)
    done_at = clock.now()

    for apart in [one for one in logged if one <= timedelta()]:
        logs(hubspot, task.lead, done_at + apart)
    tasks.done(task.pk, disposition="connected")
    hubspot.advance(minutes=120)
    for apart in [one for one in logged if one > timedelta()]:
        logs(hubspot, task.lead, done_at + apart)
    for apart in logged:  # it is read again
        logs(hubspot, task.lead, done_at + apart)

    assert counted(task.lead) == (counts, counts)


def logs(crm, lead, at):
    id_ = ExternalRecord.objects.get(connection=crm.connection, lead=lead).external_id
    event = Event(kind="call", external_id=at.isoformat(), lead_ids=(id_,), at=at, subject="Rang")
    events.land(crm.connection, [event], now=clock.now())


def test_what_was_logged_of_a_call_without_an_answer_says_not_that_somebody_was_reached(hubspot):
    task = give(hubspot)
    tasks.done(task.pk, disposition="voicemail")

    logs(hubspot, task.lead, clock.now())

    assert counted(task.lead) == (1, 0)


def test_a_call_about_another_task_is_another(hubspot):
    first = give(hubspot)
    second = tasks.make("call", "Again", lead=first.lead, key="call:2")
    other = tasks.make("research", "Read", lead=first.lead, key="read:1")
    for task in (other, first, second):
        tasks.done(task.pk)

    logs(hubspot, first.lead, clock.now())
    hubspot.advance(minutes=1)
    logs(hubspot, first.lead, clock.now())
    before = counted(first.lead)
    hubspot.advance(minutes=1)
    logs(hubspot, first.lead, clock.now())

    assert (before, counted(first.lead)) == ((2, 2), (3, 3))
