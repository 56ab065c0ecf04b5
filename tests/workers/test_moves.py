"""Moves between stages: by exits, by time, by people here and in the CRM, and what a stage requires."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.base import DealRecord
from connectors.edits import Edit
from crm import stages
from crm.land import land
from crm.models import Activity, Change, Connection, Deal, Lead, StageMove
from crm.timeline import note
from process import apply, losses, moves, passage, tasks, timing
from process.definition import Process
from process.models import HeldMove, Task
from runtime import clock
from tests.workers.test_life import settle
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def at_work(loaded, make_lead, frozen_clock):
    """Apply the starter's process with some of a stage written otherwise; a lead in Approach."""

    def begin(stage="Approach", *, loss_reason=None, lead=None, **written):
        process = loaded.process.model_dump(mode="json")
        [found] = [each for each in process["stages"] if each["name"] == stage]
        found.update(written)
        process["loss_reason"] = loss_reason
        apply.configure(replace(loaded, process=Process.model_validate(process)))
        made = make_lead(**(lead or {}), stage_since=clock.now())
        Connection.objects.update(first_pulled_at=clock.now())
        return made

    return begin


def moved():
    return list(StageMove.objects.order_by("pk").values_list("from_stage", "to_stage", "by", "who"))


def test_a_lead_leaves_by_time_once_its_time_has_come(at_work, frozen_clock):
    lead = at_work(exit=[{"after": "9 days", "when": "lead.title is none", "to": "Prospecting"}])
    settle(frozen_clock)
    due = lead.stage_since + timedelta(days=9)
    told = timing.next_due()
    frozen_clock.now = due - timedelta(seconds=1)
    settle(frozen_clock)
    early = moved()
    frozen_clock.now = due

    settle(frozen_clock)

    assert told == due
    assert early == []
    assert moved() == [("Approach", "Prospecting", "time", "")]
    [move] = StageMove.objects.all()
    assert move.because == {
        "rule": "exit of Approach when lead.title is none after 9 days",
    }


def test_a_stages_own_sequence_leads_nobody_out_of_it(at_work, frozen_clock):
    lead = at_work(lead={"stage": "Prospecting"})
    for number, sequence in enumerate(("prospecting-tasks", "after-loss")):
        enters(lead, sequence, number)
        settle(frozen_clock)
    before = moved()

    enters(lead, "approach-cold", 2)
    settle(frozen_clock)

    assert before == []
    assert moved() == [("Prospecting", "Preparation", "rule", "")]


def enters(lead, sequence, number):
    told = {"sequence": sequence, "because": {}}
    note("enrolled", lead=lead, occurred_at=clock.now(), key=f"enrolled:{number}", data=told)


def test_whose_condition_was_false_is_not_asked_again_by_the_sweep(at_work, frozen_clock):
    lead = at_work(exit=[{"after": "9 days", "when": 'lead.title == "CTO"', "to": "Prospecting"}])
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=10)
    settle(frozen_clock)
    is_due = timing.is_due()
    Lead.objects.filter(pk=lead.pk).update(title="CTO")
    note("lead_changed", lead=lead, occurred_at=clock.now())

    settle(frozen_clock)

    assert not is_due
    assert moved() == [("Approach", "Prospecting", "time", "")]


def test_a_condition_does_not_undo_what_a_person_did(at_work, frozen_clock):
    lead = at_work("Presentation", exit=[{"when": "lead.title is none", "to": "Approach"}])
    moves.by_person(lead, "Presentation", by="bob", why="they called")

    settle(frozen_clock)

    assert moved() == [("Approach", "Presentation", "person", "bob")]


def test_a_persons_move_tells_who_and_why(at_work, frozen_clock):
    lead = at_work()

    moves.by_person(lead, "Prospecting", by="bob", why="the wrong company")

    [move] = StageMove.objects.all()
    [stay] = passage.stays(lead)[1:]
    assert (move.by, move.who, move.because["why"]) == ("person", "bob", "the wrong company")
    assert stay.is_regression
    assert list(passage.told(lead, BERLIN)) == [
        "stages (times in Europe/Berlin):",
        "  Approach, as first seen, until Mon 2026-03-02 07:00",
        "  Mon 2026-03-02 07:00, Prospecting, by bob: the wrong company, back; 0 days",
    ]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (
            "Follow-up",
            ["stages (times in Europe/Berlin):", "  Follow-up, as first seen, never moved"],
        ),
        ("", ["stages: none"]),
    ],
)
def test_who_never_moved_has_no_end_of_a_stay(make_lead, frozen_clock, stage, expected):
    lead = make_lead(stage=stage)

    assert list(passage.told(lead, BERLIN)) == expected


def test_a_single_day_in_a_stage_is_told_as_one(at_work, frozen_clock):
    lead = at_work()
    moves.by_person(lead, "Prospecting", by="bob", why="the wrong company")

    frozen_clock.now += timedelta(days=1)

    assert list(passage.told(lead, BERLIN))[-1].endswith("back; 1 day")


@pytest.mark.parametrize(
    ("written", "to", "expected"),
    [
        ({}, "Prospekting", "unknown stage"),
        ({}, "Approach", "Grace is in Approach already"),
        (
            {"exit": [{"on": "answered", "to": "Closing"}], "allowed": ["Closing"]},
            "Presentation",
            "from Approach nobody moves a lead to Presentation; valid: Closing",
        ),
    ],
)
def test_a_persons_move_is_refused(written, to, expected, at_work):
    lead = at_work(**written)

    with pytest.raises(Fault) as refused:
        moves.by_person(lead, to, by="bob", why="so")

    assert str(refused.value)[: len(expected)] == expected
    assert moved() == []


def test_a_persons_move_names_the_facts_that_are_missing(at_work):
    lead = at_work("Presentation", requires=["lead.title", "company.industry", "lead.email"])

    with pytest.raises(Fault) as refused:
        moves.by_person(lead, "Presentation", by="bob", why="so")

    assert str(refused.value) == (
        "Presentation requires lead.title, company.industry, which nobody knows of Grace"
    )


def test_a_move_waits_for_facts_and_asks_for_them_once(at_work, frozen_clock):
    lead = at_work("Presentation", requires=["lead.title"])
    for _ in range(2):
        note("meeting_booked", lead=lead, occurred_at=clock.now())
        settle(frozen_clock)
    asked = list(Task.objects.filter(done_at=None).values_list("title", flat=True))
    waiting, before = HeldMove.objects.count(), moved()
    Lead.objects.filter(pk=lead.pk).update(title="CTO")
    note("lead_changed", lead=lead, occurred_at=clock.now())

    settle(frozen_clock)

    assert (asked, waiting, before) == (["Presentation requires lead.title of Grace"], 1, [])
    assert moved() == [("Approach", "Presentation", "rule", "")]
    assert not HeldMove.objects.exists()
    assert not Task.objects.filter(done_at=None).exists()


def test_a_move_that_waits_is_made_once_the_process_asks_for_less(at_work, loaded, frozen_clock):
    lead = at_work("Presentation", requires=["lead.title"])
    note("meeting_booked", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    before = moved()

    apply.configure(loaded)
    settle(frozen_clock)

    assert (before, HeldMove.objects.count()) == ([], 0)
    assert moved() == [("Approach", "Presentation", "rule", "")]


def test_a_move_that_waits_is_asked_again_when_its_company_changes(at_work, frozen_clock):
    lead = at_work("Presentation", requires=["company.industry"])
    note("meeting_booked", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    lead.company.industry = "Steel"
    lead.company.save()
    frozen_clock.now += moves.ASK_AGAIN

    settle(frozen_clock)

    assert moved() == [("Approach", "Presentation", "rule", "")]


def test_a_move_in_the_crm_holds_though_it_is_not_allowed(at_work, frozen_clock):
    lead = at_work(exit=[{"on": "answered", "to": "Closing"}], allowed=["Closing"])
    Lead.objects.filter(pk=lead.pk).update(status="CONNECTED")
    stages.settle(
        Connection.objects.get(pk=lead.source_id), [Lead.objects.get(pk=lead.pk)], at=clock.now()
    )

    settle(frozen_clock)

    assert moved() == [("Approach", "Presentation", "crm", "hubspot")]
    assert StageMove.objects.get().out_of_order


def test_a_first_pull_finds_leads_where_they_are(at_work, frozen_clock):
    lead = at_work()
    Lead.objects.update(status="CONNECTED")
    Connection.objects.update(first_pulled_at=None)

    stages.settle(
        Connection.objects.get(pk=lead.source_id), [Lead.objects.get(pk=lead.pk)], at=clock.now()
    )

    settle(frozen_clock)
    assert moved() == []
    assert Lead.objects.get().stage == "Presentation"


def test_a_move_in_the_crm_holds_and_its_missing_facts_are_asked_for(at_work, frozen_clock):
    lead = at_work("Presentation", requires=["lead.title"])
    Lead.objects.filter(pk=lead.pk).update(status="CONNECTED")
    stages.settle(
        Connection.objects.get(pk=lead.source_id), [Lead.objects.get(pk=lead.pk)], at=clock.now()
    )

    settle(frozen_clock)

    assert Task.objects.get().title == "Presentation requires lead.title of Grace"
    assert Lead.objects.get(pk=lead.pk).stage == "Presentation"
    assert not StageMove.objects.get().out_of_order


REASON = {"field": "deal.extra.why", "choices": ["price"], "deal_stage": {"hubspot": "lost"}}


@pytest.mark.parametrize(("reason", "asked"), [("", 1), ("because", 1), ("price", 0)])
def test_a_lost_deal_must_say_why(reason, asked, at_work, frozen_clock):
    lead = at_work(loss_reason=REASON)
    deal = Deal.objects.create(
        name="Big", lead=lead, source=lead.source, is_closed=True, extra={"why": reason}
    )
    note("deal_closed", lead=lead, deal=deal, occurred_at=clock.now(), data={"won": False})

    settle(frozen_clock)

    titles = list(Task.objects.values_list("title", flat=True))
    assert titles == ["Why was Big lost? price"] * asked
    assert moved() == [("Approach", "Follow-up", "rule", "")]


def test_whoever_loses_a_deal_says_why(at_work):
    lead = at_work(loss_reason=REASON)
    source = lead.source
    source.settings = {**source.settings, "fields": {"deal": {"why": "closed_lost_reason"}}}
    source.save()
    Deal.objects.create(name="Big", lead=lead, source=source, stage_value="closing")

    with pytest.raises(Fault) as refused:
        losses.lose(lead, "prise", by="bob")
    deal = losses.lose(lead, "price", by="bob")

    deal.refresh_from_db()
    assert str(refused.value) == 'unknown reason "prise"; did you mean "price"? valid: price'
    assert (deal.stage_value, deal.extra) == ("lost", {"why": "price"})


def has_lost(lead):
    """A deal of the lead's, whose CRM has a field for the reason."""
    source = lead.source
    source.settings = {**source.settings, "fields": {"deal": {"why": "closed_lost_reason"}}}
    source.save()
    return Deal.objects.create(name="Big", lead=lead, source=source, is_closed=True)


@pytest.mark.parametrize("by_task", [True, False])
def test_why_a_deal_was_lost_is_what_its_task_is_done_with(at_work, frozen_clock, by_task):
    lead = at_work(loss_reason=REASON)
    deal = has_lost(lead)
    note("deal_closed", lead=lead, deal=deal, occurred_at=clock.now(), data={"won": False})
    settle(frozen_clock)
    task = Task.objects.get(kind="lost")

    with pytest.raises(Fault, match=f"cadenza lose {lead.pk} --reason REASON; .*valid: price"):
        tasks.done(task.pk, by="bob")
    if by_task:
        tasks.done(task.pk, disposition="price", by="bob")
    else:
        losses.lose(lead, "price", by="bob")
    settle(frozen_clock)

    deal.refresh_from_db()
    task.refresh_from_db()
    assert deal.extra == {"why": "price"}
    assert (task.disposition, task.ended_by) == ("price", "bob")


def test_a_reason_that_was_written_in_the_crm_ends_its_task_without_one(at_work, frozen_clock):
    lead = at_work(loss_reason=REASON)
    deal = Deal.objects.create(name="Big", lead=lead, source=lead.source, is_closed=True)
    note("deal_closed", lead=lead, deal=deal, occurred_at=clock.now(), data={"won": False})
    settle(frozen_clock)
    task = Task.objects.get(kind="lost")
    before = tasks.done_in_crm(lead, tasks._mark(task))

    Deal.objects.update(extra={"why": "price"})

    assert (before, tasks.done_in_crm(lead, tasks._mark(task))) == (False, True)


@pytest.mark.parametrize("since", [{"is_closed": False}, {"is_won": True}])
def test_a_deal_that_is_not_lost_any_more_wants_no_reason(since, at_work, frozen_clock):
    lead = at_work(loss_reason=REASON)
    deal = has_lost(lead)
    for _ in range(2):
        note("deal_closed", lead=lead, deal=deal, occurred_at=clock.now(), data={"won": False})
    settle(frozen_clock)
    one, two = Task.objects.filter(kind="lost").order_by("pk")
    Deal.objects.update(**since)
    before = Deal.objects.values().get()

    tasks.done(one.pk, disposition="price", by="bob")
    settle(frozen_clock)

    assert Deal.objects.values().get() == before
    assert tasks.skip(two.pk, why="it is open again")


def test_a_task_of_another_kind_that_asks_why_holds_no_answer_up(at_work):
    lead = at_work(loss_reason=REASON)
    deal = has_lost(lead)
    before = tasks.make("research", "Why?", lead=lead, key=f"loss_reason:{deal.pk}:1")

    losses.lose(lead, "price", by="bob")

    assert Deal.objects.get().extra == {"why": "price"}
    assert Task.objects.get(pk=before.pk).done_at is None


def test_a_deal_that_moves_to_a_value_of_no_stage_follows_the_rule(at_work, frozen_clock):
    lead = at_work("Approach", exit=[{"on": "deal_moved", "to": "Presentation"}])
    deal = Deal.objects.create(name="Big", lead=lead, source=lead.source, stage_value="legal")
    for value in ("closing", "legal"):
        note(
            "deal_moved", lead=lead, deal=deal, connection=lead.source,
            occurred_at=clock.now(), data={"from": "", "to": value},
        )  # fmt: skip
        settle(frozen_clock)

    [move] = StageMove.objects.all()
    last = Activity.objects.filter(kind="deal_moved").latest("pk")
    assert move.to_stage == "Presentation"
    assert move.because["cause"] == f"activity {last.pk}"


def test_a_deal_that_is_lost_in_the_crm_was_not_moved_first(at_work, frozen_clock):
    lead = at_work(lead={"stage": "Presentation", "status": "CONNECTED"})
    there = DealRecord(
        external_id="d1", name="Big", stage="presentation", lead_ids=(str(lead.pk),),
        modified_at=clock.now(),
    )  # fmt: skip
    land(lead.source, "deal", [there], now=clock.now())
    settle(frozen_clock)
    frozen_clock.now += timedelta(hours=1)
    lost = replace(there, stage="lost", is_closed=True, modified_at=clock.now())

    land(lead.source, "deal", [lost], now=clock.now())
    settle(frozen_clock)

    noted = Activity.objects.filter(deal__name="Big").order_by("pk")
    assert list(noted.values_list("kind", flat=True)) == ["deal_closed", "deal_moved"]
    assert moved() == [("Presentation", "Follow-up", "rule", "")]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            "CONNECTED",
            "by a rule: exit of Presentation on deal_lost (ada in hubspot, lost: price)",
        ),
        ("BAD_TIMING", "by ada in hubspot: moved in the CRM by hand (lost: price)"),
    ],
    ids=["by the process", "by the lead's status"],
)
def test_a_deal_that_is_lost_in_the_crm_tells_by_whom_and_why(status, told, at_work, frozen_clock):
    lead = at_work(loss_reason=REASON, lead={"stage": "Presentation", "status": "CONNECTED"})
    source = Connection.objects.get(pk=lead.source_id)
    there = DealRecord(
        external_id="d1", name="Big", stage="presentation", lead_ids=(str(lead.pk),),
        modified_at=clock.now(),
    )  # fmt: skip
    land(source, "deal", [there], now=clock.now())
    settle(frozen_clock)
    Lead.objects.filter(pk=lead.pk).update(status=status)
    at = clock.now() + timedelta(minutes=20)
    frozen_clock.now += timedelta(hours=1)
    lost = replace(there, stage="lost", is_closed=True, extra={"why": "price"}, modified_at=at)
    edits = {"d1": [Edit(value="lost", at=at, source="person", who="ada")]}

    land(source, "deal", [lost], now=clock.now(), edits=edits)
    settle(frozen_clock)

    [move] = StageMove.objects.all()
    assert move.to_stage == "Follow-up"
    assert move.at == (at if move.by == StageMove.By.CRM else clock.now())
    *_, line = passage.told(Lead.objects.get(pk=lead.pk), BERLIN)
    assert told in line


@pytest.mark.parametrize(
    "becomes",
    [
        {"stage": "lost", "is_closed": True},
        {"stage": "won", "is_closed": True, "is_won": True},
        {"stage": "closing"},
    ],
    ids=["lost", "won", "moved"],
)
def test_of_two_open_deals_what_becomes_of_the_older_says_nothing_of_the_newer(
    becomes, at_work, frozen_clock
):
    lead = at_work(lead={"stage": "Presentation", "status": "CONNECTED"})
    older, newer = (
        DealRecord(
            external_id=id_, name=id_, stage="presentation", lead_ids=(str(lead.pk),),
            modified_at=clock.now(), created_at=clock.now() + timedelta(seconds=number),
        )
        for number, id_ in enumerate(("older", "newer"))
    )  # fmt: skip
    land(lead.source, "deal", [older, newer], now=clock.now())
    settle(frozen_clock)
    frozen_clock.now += timedelta(hours=1)

    there = replace(older, **becomes, modified_at=clock.now())
    land(lead.source, "deal", [there], now=clock.now())
    settle(frozen_clock)

    deals = dict(Deal.objects.values_list("name", "stage_value"))
    assert deals == {"older": becomes["stage"], "newer": "presentation"}
    assert not Change.objects.filter(kind="update", field="stage_value").exists()
    assert (Lead.objects.get(pk=lead.pk).stage, moved()) == ("Presentation", [])


def test_a_customer_who_is_moved_keeps_the_deal_that_was_won(at_work):
    lead = at_work(lead={"stage": "Follow-up", "status": "BAD_TIMING"})
    there = DealRecord(
        external_id="d1", name="Big", stage="won", is_closed=True, is_won=True,
        lead_ids=(str(lead.pk),), modified_at=clock.now(),
    )  # fmt: skip
    land(lead.source, "deal", [there], now=clock.now())

    moves.by_person(lead, "Presentation", by="ada", why="They want more.")

    assert Lead.objects.get(pk=lead.pk).stage == "Presentation"
    assert Deal.objects.get().stage_value == "won"
    assert not Change.objects.filter(kind="update").exists()


def test_nobody_wins_a_deal_by_moving_its_lead_without_saying_so(at_work):
    lead = at_work(lead={"stage": "Closing", "status": "OPEN_DEAL"})
    there = DealRecord(
        external_id="d1", name="Big", stage="closing", lead_ids=(str(lead.pk),),
        modified_at=clock.now(),
    )  # fmt: skip
    land(lead.source, "deal", [there], now=clock.now())
    lead.refresh_from_db()

    with pytest.raises(Fault) as refused:
        moves.by_person(lead, "Follow-up", by="ada", why="They signed.")
    before = [(deal.stage_value, Change.objects.count()) for deal in Deal.objects.all()]
    moves.by_person(lead, "Follow-up", by="ada", why="They signed.", won=True)

    assert str(refused.value) == (
        "Big is open, and whoever comes to Follow-up has bought: its CRM would be told that it is won; "
        "say --won, or write down with `cadenza lose` why it is lost"
    )
    assert before == [("closing", 0)]
    [change] = Change.objects.all()
    assert (lead.stage, change.field, change.value) == ("Follow-up", "stage_value", "won")
