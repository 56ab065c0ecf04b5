"""How a task turned out, and what that sets in motion in the rows."""

from datetime import timedelta

import pytest

from crm.models import Activity, Change, Lead
from process import assigned, tasks
from process.models import Task
from runtime import clock
from sequences.models import Enrollment, StepRun
from tests.workers.test_language import CALL, OPENING, at_work, sequence  # noqa: F401 - a fixture
from tests.workers.test_life import settle
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
GATE = {**CALL, "gate": True}


@pytest.fixture
def assign(at_work, make_lead, frozen_clock):  # noqa: F811 - the fixture
    """The task of this call, which begins the sequence."""

    def give(*steps, **values):
        lead = make_lead()
        at_work(sequence({**GATE, **values}, *steps), sequence(OPENING, name="play", when="false"))
        settle(frozen_clock)
        return Task.objects.get(lead=lead)

    return give


def end(task, frozen_clock, disposition=""):
    frozen_clock.now += timedelta(hours=2)
    assert tasks.done(task.pk, disposition=disposition, remark="At noon.", by="ada")
    settle(frozen_clock)


def ended():
    return [(one.sequence, one.reason) for one in Enrollment.objects.order_by("pk")]


def test_it_stands_on_the_timeline_with_who_and_on_the_step(assign, frozen_clock):
    task = assign(OPENING)

    end(task, frozen_clock, "voicemail")

    noted = Activity.objects.get(kind="task_done")
    assert noted.data == {
        "task_id": task.pk,
        "task": "call",
        "title": "Call Grace",
        "step": "call",
        "disposition": "voicemail",
        "by": "ada",
        "note": "At noon.",
        "due_at": task.due_at.isoformat(),
    }
    assert StepRun.objects.get(step_id="call").disposition == "voicemail"
    assert ended() == [("test", "")]


def test_a_branch_takes_the_way_of_the_disposition(assign, frozen_clock):
    again = {**CALL, "id": "again", "title": "Once more"}
    branch = {"id": "reached", "branch": [{"when": 'task.call == "no_answer"', "steps": [again]}]}
    task = assign(branch, OPENING)

    end(task, frozen_clock, "no_answer")

    assert [(one.step_id, one.title) for one in Task.objects.order_by("pk")] == [
        ("call", "Call Grace"),
        ("again", "Once more"),
    ]
    assert StepRun.objects.get(step_id="reached").way == 0


def test_an_exit_reads_the_last_disposition(at_work, make_lead, frozen_clock):  # noqa: F811
    make_lead()
    at_work(sequence(GATE, OPENING, exit=['task.disposition == "connected"']))
    settle(frozen_clock)

    end(Task.objects.get(), frozen_clock, "connected")

    assert ended() == [("test", "exit")]


@pytest.mark.parametrize(
    ("disposition", "starts", "expected"),
    [
        ("not_interested", {}, [("test", "not interested")]),
        ("meeting_set", {}, [("test", "meeting booked")]),
        ("connected", {"end": "spoken with"}, [("test", "spoken with")]),
        ("connected", {"enroll": "play"}, [("test", "enrolled in play"), ("play", "")]),
        ("not_interested", {"stage": "Handling Objections"}, [("test", "")]),
    ],
)
def test_it_ends_the_enrollment_for_its_reason(assign, frozen_clock, disposition, starts, expected):
    task = assign(OPENING, on_disposition={disposition: starts} if starts else {})

    end(task, frozen_clock, disposition)

    assert ended() == expected


def test_a_meeting_that_is_set_is_booked_by_the_rep(assign, frozen_clock):
    task = assign(OPENING)

    end(task, frozen_clock, "meeting_set")

    booked = Activity.objects.get(kind="meeting_booked")
    assert (booked.occurred_at, booked.data["by"]) == (clock.now(), "ada")


def test_it_moves_the_stage_and_says_where_that_is_written(assign, frozen_clock):
    task = assign(OPENING, on_disposition={"connected": {"stage": "Presentation"}})

    end(task, frozen_clock, "connected")

    assert Lead.objects.get().stage == "Presentation"
    because = Activity.objects.filter(kind="stage_moved").latest("pk").data["because"]
    assert (because["rule"], because["step"]) == ("disposition: connected", "call")


def test_a_wrong_number_is_looked_up_by_its_rep(assign, frozen_clock):
    task = assign(OPENING)

    end(task, frozen_clock, "wrong_number")

    found = Task.objects.get(kind="research")
    assert found.title == "Find the right number of grace@customer.example"
    assert (found.owner, ended()) == (task.owner, [("test", "")])


def test_a_name_that_nobody_declared_changes_nothing(assign):
    task = assign(OPENING, dispositions=["reached", "gatekeeper"])

    with pytest.raises(Fault) as caught:
        tasks.done(task.pk, disposition="connected")

    assert str(caught.value) == 'unknown disposition "connected"; valid: gatekeeper, reached'
    assert Task.objects.get().done_at is None
    assert not Activity.objects.filter(kind="task_done").exists()


def test_what_to_say_is_written_for_the_lead(assign):
    say = "Hello {{ lead.first_name }},\nabout {{ company.name }}."

    task = assign(OPENING, say=say)

    assert task.say == "Hello Grace,\nabout Hopper Ltd."
    assert list(Change.objects.values_list("value__text", flat=True)) == [task.say]


def test_what_reads_a_blank_fact_is_left_out(assign):
    assert assign(OPENING, say="About {{ lead.title }}.").say == ""


def test_a_gate_that_its_rep_skips_opens(assign, frozen_clock):
    task = assign(OPENING)

    assert tasks.skip(task.pk, why="Met them at the fair.", by="ada")
    settle(frozen_clock)

    noted = Activity.objects.get(kind="task_skipped")
    assert (noted.data["why"], noted.data["by"]) == ("Met them at the fair.", "ada")
    assert StepRun.objects.get(step_id="call").ended_at == clock.now()
    task.refresh_from_db()
    assert (task.skipped, task.ended_by) == (True, "ada")
    assert not tasks.done(task.pk, by="bob")
    assert not tasks.skip(task.pk, why="again", by="bob")


def test_a_step_without_names_has_those_of_its_kind(assign):
    task = assign(OPENING)

    assert list(assigned.dispositions_of([task])[task.pk]) == [
        "connected", "voicemail", "no_answer", "wrong_number", "not_interested", "meeting_set",
    ]  # fmt: skip
