"""A simulated year over the starter: people of rates, and what is told of it."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.facts import FIELDS
from mail.pacing import Limits
from process import blueprint
from process.simulation import rates, sample
from process.simulation.engine import Simulation
from process.simulation.people import People
from process.simulation.report import report
from process.simulation.rows import NO_DEAL, Deal, Email, Mailbox
from workspace.problems import Invalid

BEGINS = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
NOBODY = rates.Rates(
    answers={}, unsubscribes=0, bounces=0, out_of_office=0, clicks=0, forms=0, tasks_done=0
)


@pytest.fixture
def loaded(starter):
    return blueprint.load(starter, schema=FIELDS)


def live(loaded, people=NOBODY, *, count=20, days=60, seed=7):
    scene = sample.scene(loaded, count, BEGINS)
    Simulation(scene, People(people, seed=seed)).run(BEGINS + timedelta(days=days))
    return scene


def everybody(**values):
    return NOBODY.model_copy(update=values)


def test_the_same_seed_makes_the_same_year(loaded):
    first, again = live(loaded, rates.Rates()), live(loaded, rates.Rates())

    assert first.touches == again.touches
    assert first.touches != live(loaded, rates.Rates(), seed=8).touches


def test_whom_nobody_answers_gets_every_step_once(loaded):
    scene = live(loaded, count=3)

    steps = [(touch.lead_id, touch.step) for touch in scene.touches]
    assert sorted(steps) == sorted(set(steps))
    assert {e.reason for e in scene.enrollments} == {"finished"}


def test_an_answer_ends_it_and_begins_the_play_for_it(loaded):
    scene = live(loaded, everybody(answers={"price": 100}, answers_to=(100,)), count=4, days=5)

    ends = [(e.sequence.name, e.reason) for e in scene.enrollments]
    assert ends == [("approach-cold", "answered")] * 4 + [("objection-price", "")] * 4
    assert {lead.stage for lead in scene.leads.values()} == {"Handling Objections"}


def test_nobody_of_a_company_that_bought_is_prospected(loaded):
    cold = loaded.sequences["approach-cold"]
    rule = cold.enroll.model_copy(update={"customers": False})
    loaded.sequences["approach-cold"] = cold.model_copy(update={"enroll": rule})
    scene = sample.scene(loaded, 9, BEGINS)
    won = {**NO_DEAL, "name": "Big", "exists": True, "is_closed": True, "is_won": True}
    scene.leads[3].deals.append(Deal(pk=1, facts=won))
    scene.customers = {4: "Old"}

    Simulation(scene, People(NOBODY, seed=7)).run(BEGINS + timedelta(days=1))

    begun = {enrollment.lead.pk for enrollment in scene.enrollments}
    assert {pk: lead.company_id for pk, lead in scene.leads.items() if pk not in begun} == {
        3: 2, 4: 2, 5: 2, 9: 4,
    }  # fmt: skip


def test_nothing_leaves_after_an_unsubscribe(loaded):
    scene = live(loaded, everybody(unsubscribes=100, answers_to=(100,)))

    asked = {lead.pk: [at for at, kind in lead.events if kind == "unsubscribed"]
             for lead in scene.leads.values()}  # fmt: skip
    assert all(len(moments) == 1 for moments in asked.values())
    assert all(touch.at <= asked[touch.lead_id][0] for touch in scene.touches)


def test_a_bounced_address_is_never_written_to(loaded):
    scene = live(loaded, everybody(bounces=100))

    assert [touch for touch in scene.touches if touch.kind == "email"] == []
    assert {e.reason for e in scene.enrollments} == {"hard bounce"}


def test_who_is_out_of_office_is_waited_for(loaded):
    scene = live(loaded, everybody(out_of_office=100), count=1)

    [(away_at, _)] = [event for event in scene.leads[1].events if event[1] == "auto_replied"]
    opening, reminder, _ = [touch.at for touch in scene.touches if touch.kind == "email"]
    assert opening < away_at < reminder - timedelta(days=3)


def test_caps_hold_over_any_day(loaded):
    box = loaded.mailboxes[0].model_copy(update={"per_day": 7, "per_hour": 3})
    object.__setattr__(loaded, "mailboxes", [box])

    scene = live(loaded, count=30, days=20)

    times = sorted(touch.at for touch in scene.touches if touch.kind == "email")
    assert len(times) > 60
    assert all(b - a >= timedelta(days=1) for a, b in zip(times, times[7:], strict=False))
    assert all(b - a >= timedelta(hours=1) for a, b in zip(times, times[3:], strict=False))


def test_whoever_comes_next_is_asked_when_one_that_was_admitted_did_not_leave(loaded):
    limits = Limits(gap=timedelta(seconds=90), per_hour=9, per_day=9)
    mailbox = Mailbox(pk=1, address="ada@example.com", limits=limits)
    [enrollment, *_] = live(loaded, days=1).enrollments
    held, next_ = (
        Email(pk=n, enrollment=enrollment, step_id="", template="", due_at=BEGINS) for n in (1, 2)
    )
    mailbox.hold(held, BEGINS + limits.gap)

    mailbox.let_in(BEGINS)
    mailbox.postpone(next_, BEGINS + timedelta(seconds=30))

    asked = []
    while (at := mailbox.next_due) is not None:
        asked.append((at - BEGINS, mailbox.take_due(at)))
    assert asked == [(timedelta(seconds=30), next_), (limits.gap, held)]


def test_the_report_counts_what_was_lived(loaded):
    scene = live(loaded, rates.Rates(), count=50)

    told = report(scene, BEGINS)

    emails = sum(touch.kind == "email" for touch in scene.touches)
    assert sum(week.counts["emails"] for week in told.weeks) == emails
    assert [load.total for load in told.mailboxes] == [emails]
    assert sum(told.mailboxes[0].weeks) == emails
    assert sum(ends.begun for ends in told.sequences) == len(scene.enrollments)
    assert told.funnel["Prospecting"] == 50


def test_a_stay_beyond_the_service_level_is_told(loaded):
    told = report(live(loaded, count=2), BEGINS)

    [approach] = [breach for breach in told.breaches if breach.stage == "Approach"]
    assert (approach.stays, approach.beyond) == (2, 2)
    assert approach.longest_days == 45  # then it is left by time


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("answers: { price: 90, timing: 20 }", "rates.yaml:1:10: answers: with unsubscribes"),
        ("answers_to: [50, 20]", "rates.yaml:1:13: answers_to: make 70 percent"),
        ("bounces: 101", "rates.yaml:1:10: bounces"),
        ("opens: 3", "rates.yaml:1:1"),
        ("answers: { prise: 1 }", 'rates.yaml:1:12: unknown answer "prise"; did you mean "price"?'),
    ],
)
def test_wrong_rates_are_told_at_their_place(tmp_path, written, message):
    file = tmp_path / "rates.yaml"
    file.write_text(written + "\n")

    with pytest.raises(Invalid) as refused:
        rates.read(file, answers=("price", "timing"))

    assert message in str(refused.value)
