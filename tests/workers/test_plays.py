"""Objections: the answer opens the right play once, a doubtful one by a person's word alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crm.models import Activity, Deal, Lead
from crm.timeline import note
from process import apply, desk, events, tasks
from process.definition import Process
from process.models import Task
from process.reports import objections as report_of
from process.reports import reading
from process.reports.answers import meanings
from process.reports.report import Scope
from runtime import clock
from sequences.models import Enrollment
from tests.workers.test_life import settle
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
TOO_EXPENSIVE, DOUBTFUL = "This is too expensive.", "Interesting idea, who is your provider?"


@pytest.fixture
def at_work(loaded, make_lead, frozen_clock):
    """Apply the starter with some of its objections written otherwise; a lead in approach-cold."""

    def begin(written=None, sequences=None, **values):
        process = loaded.process.model_dump(mode="json")
        process["objections"].update(written or {})
        team = replace(loaded, process=Process.model_validate(process))
        lead = make_lead(**values)
        digests = {**team.digests, **dict.fromkeys(sequences or {}, "a digest of their own")}
        found = {**team.sequences, **(sequences or {})}
        apply.apply(replace(team, sequences=found, digests=digests))
        settle(frozen_clock)
        return lead

    return begin


def says(lead, text, frozen_clock):
    events.write(lead, "answered", at=clock.now(), by="test", text=text)
    settle(frozen_clock)
    lead.refresh_from_db()


def opened():
    rows = Activity.objects.filter(kind="play_opened").order_by("pk")
    return [(row.data["objection"], row.data["play"]) for row in rows]


def enrolled():
    rows = Enrollment.objects.exclude(sequence="approach-cold").order_by("pk")
    return list(rows.values_list("sequence", "because__rule"))


def test_an_answer_opens_its_play_once(at_work, frozen_clock):
    lead = at_work()

    says(lead, TOO_EXPENSIVE, frozen_clock)

    assert lead.stage == "Handling Objections"
    assert opened() == [("price", "objection-price")]
    assert enrolled() == [("objection-price", "objection price")]


def test_the_reps_tasks_of_a_play_tell_what_to_say(at_work, frozen_clock):
    lead = at_work()

    says(lead, TOO_EXPENSIVE, frozen_clock)

    [task] = Task.objects.filter(step_id="read-answer")
    assert task.say.splitlines() == [
        "Too expensive compared with what? Most people mean the start, and not the year: let us look at what it",
        "costs Hopper Ltd today to leave it as it is, and begin with one team.",
        "Show: The calculation of a small beginning",
        "Next: Agree on the size of the beginning and on who has to say yes",
    ]  # fmt: skip


def test_a_play_may_be_a_task(at_work, frozen_clock):
    task = {"task": "call", "title": "Call {{ lead.first_name }} about it", "due": "4 hours"}
    price = {"answer": "price", "response": "Compared with what?", "next_step": "An offer"}
    lead = at_work({"price": {**price, "play": task}})

    says(lead, TOO_EXPENSIVE, frozen_clock)

    [made] = Task.objects.filter(kind="call")
    assert (made.title, made.say) == ("Call Grace about it", "Compared with what?\nNext: An offer")
    assert (made.note, made.due_at) == (TOO_EXPENSIVE, clock.now() + timedelta(hours=4))
    assert opened() == [("price", "call")]


def test_what_the_sequence_itself_starts_is_the_play(at_work, loaded, frozen_clock):
    cold = loaded.sequences["approach-cold"].model_dump(mode="json", by_alias=True)
    cold["on_reply"]["price"] = {"stage": "Handling Objections", "enroll": "objection-timing"}
    changed = type(loaded.sequences["approach-cold"]).model_validate(cold)
    lead = at_work(sequences={"approach-cold": changed})

    says(lead, TOO_EXPENSIVE, frozen_clock)

    assert opened() == [("price", "objection-timing")]
    assert [sequence for sequence, _ in enrolled()] == ["objection-timing"]


def test_whom_the_sequence_does_not_take_the_owner_answers(at_work, frozen_clock):
    lead = at_work(stage="Closing", status="OPEN_DEAL")
    Deal.objects.create(name="Big", lead=lead, source=lead.source, stage_value="closing")

    says(lead, TOO_EXPENSIVE, frozen_clock)

    [made] = Task.objects.filter(key__startswith="play:")
    assert (made.kind, made.title) == ("email", "Answer Grace, who objects: price")
    assert made.say.startswith("Too expensive compared with what?")
    assert (opened(), enrolled()) == ([("price", "email")], [])


def test_nobody_is_asked_to_write_to_whoever_opted_out(at_work, frozen_clock):
    lead = at_work()
    Lead.objects.filter(pk=lead.pk).update(do_not_contact=True)

    says(lead, TOO_EXPENSIVE, frozen_clock)

    assert (opened(), enrolled()) == ([], [])
    assert not Task.objects.filter(key__startswith="play:").exists()


def test_a_doubtful_answer_opens_nothing_until_a_person_approves(at_work, frozen_clock):
    lead = at_work()
    says(lead, DOUBTFUL, frozen_clock)
    before = (opened(), lead.stage, lead.disposition)
    [task] = Task.objects.filter(kind="answer")
    [entry] = [one for one in desk.entries(clock.now()) if one.task == task]
    frozen_clock.now += timedelta(hours=2)

    tasks.done(task.pk, disposition="has_solution", by="bob")
    settle(frozen_clock)

    lead.refresh_from_db()
    assert before == ([], "Approach", "other")
    assert task.title == "Read the answer of Grace: is it the objection has_solution?"
    assert task.say.startswith("Good, then I need not explain what it is for.")
    assert entry.dispositions == ["has_solution", "price", "timing", "wrong_person"]
    assert (lead.stage, lead.disposition) == ("Handling Objections", "has_solution")
    assert opened() == [("has_solution", "objection-solution")]
    assert enrolled() == [("objection-solution", "objection has_solution")]
    because = Activity.objects.get(kind="play_opened").data["because"]
    assert (because["by"], because["rule"]) == ("bob", "objection has_solution")


def test_whoever_reads_it_may_find_another_objection_or_none(at_work, make_lead, frozen_clock):
    first = at_work()
    second = make_lead("alan@turing.example", company=None)
    note("lead_created", lead=second, occurred_at=clock.now())
    settle(frozen_clock)
    for lead in (first, second):
        says(lead, DOUBTFUL, frozen_clock)
    ours, theirs = Task.objects.filter(kind="answer").order_by("pk")

    with pytest.raises(Fault) as refused:
        tasks.done(ours.pk, disposition="prise")
    tasks.done(ours.pk, disposition="timing", by="bob")
    tasks.done(theirs.pk, by="bob")
    settle(frozen_clock)

    valid = "has_solution, price, timing, wrong_person"
    assert str(refused.value) == (
        f'unknown disposition "prise"; did you mean "price"? valid: {valid}'
    )
    assert opened() == [("timing", "objection-timing")]
    assert list(Enrollment.objects.filter(status="active").values_list("lead", "sequence")) == [
        (first.pk, "objection-timing")
    ]


def test_the_report_counts_who_was_won_back_by_each_play(at_work, loaded, make_lead, frozen_clock):
    people = [at_work(), *(make_lead(f"{n}@x.example", company=None) for n in range(2))]
    for lead in people[1:]:
        note("lead_created", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    for lead, text in zip(people, (TOO_EXPENSIVE, TOO_EXPENSIVE, DOUBTFUL), strict=True):
        says(lead, text, frozen_clock)
    tasks.done(Task.objects.get(kind="answer").pk, disposition="has_solution", by="bob")
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=5)
    for lead in (people[0], people[2]):
        says(lead, "Sounds interesting, let's talk.", frozen_clock)
    frozen_clock.now += timedelta(days=40)

    found = report_of.report(
        reading.histories(report_of.KINDS), Scope(now=clock.now()),
        meanings=meanings(loaded.process),
    )  # fmt: skip

    rows = [(*row[:-1], row[-1].hits, row[-1].of) for row in found.rows]
    assert rows == [
        ("has_solution", "objection-solution", 1, 0, 1, 1, 1),
        ("price", "objection-price", 2, 0, 1, 1, 2),
    ]
