"""Closing: what a won deal ends at its company, who hands it over, and deals that stand still."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import CompanyRecord, DealRecord, LeadRecord
from crm import customers
from crm.land import land
from crm.models import Company, Connection, Deal, ExternalRecord, Lead
from crm.timeline import note
from mail import stops
from mail.models import Message
from process import apply, tasks
from process.closing import stalled
from process.definition import Process
from process.models import Task
from process.prospecting import merging
from process.simulation import load
from process.simulation.engine import Simulation
from runtime import clock
from sequences import enroll, versions
from sequences.judging import in_common
from sequences.models import Enrollment
from tests.workers.test_life import settle, until_queued
from tests.workers.test_simulation import Script
from workers import schedule
from workers import tasks as work

pytestmark = pytest.mark.django_db
STALLED = {"after": "10 days", "stages": ["Closing"]}
HANDOFF = {
    "task": "meeting", "title": "Hand {{ lead.first_name }} over", "say": "{{ deal.name }} is won.",
    "due": "2 days",
}  # fmt: skip


@pytest.fixture
def at_work(loaded, make_lead, frozen_clock):
    """Apply the starter with these sections; Grace, whose deal is open in Closing."""

    def begin(*, customers=True, **sections):
        process = {**loaded.process.model_dump(mode="json"), **sections}
        cold = loaded.sequences["approach-cold"]
        rule = cold.enroll.model_copy(update={"customers": customers})
        loaded.sequences["approach-cold"] = cold.model_copy(update={"enroll": rule})
        loaded.digests["approach-cold"] = f"customers: {customers}"
        lead = make_lead(stage="Closing", status="OPEN_DEAL", stage_since=clock.now())
        company = lead.company
        ExternalRecord.objects.create(
            connection=lead.source, kind="company", external_id="c1", company=company
        )
        apply.apply(replace(loaded, process=Process.model_validate(process)))
        tells(lead, stage="closing")
        settle(frozen_clock)
        Connection.objects.update(first_pulled_at=clock.now())
        return Lead.objects.get(pk=lead.pk)

    return begin


def tells(lead, **values):
    """What the CRM says of Grace's deal."""
    record = DealRecord(
        external_id="d1", name="Big", lead_ids=(str(lead.pk),), company_id="c1",
        modified_at=clock.now(), created_at=clock.now(), **values,
    )  # fmt: skip
    land(lead.source, "deal", [record], now=clock.now())


def wins(lead):
    tells(lead, stage="won", is_closed=True, is_won=True, closed_at=clock.now())


def ends():
    rows = Enrollment.objects.exclude(ended_at=None).order_by("pk")
    return list(rows.values_list("lead__email", "sequence", "reason"))


def newcomer(make_lead, frozen_clock, email, **values):
    lead = make_lead(email, **values)
    note("lead_created", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    return lead


def test_a_won_deal_ends_what_sells_to_the_company(at_work, make_lead, frozen_clock):
    grace = at_work()
    other = Company.objects.create(name="Else")
    newcomer(make_lead, frozen_clock, "alan@customer.example")
    newcomer(make_lead, frozen_clock, "else@x.example", company=other)
    before = ends()
    frozen_clock.now += timedelta(hours=1)

    wins(grace)
    settle(frozen_clock)

    assert (before, ends()) == ([], [("alan@customer.example", "approach-cold", "company won")])
    because = Enrollment.objects.get(reason="company won").because["ended"]
    deal = Deal.objects.get()
    assert (because["rule"], because["deal"]) == ("company won", deal.pk)
    going_on = Enrollment.objects.filter(ended_at=None).values_list("lead__email", "sequence")
    assert sorted(going_on) == [
        ("else@x.example", "approach-cold"), ("grace@customer.example", "won-handoff"),
    ]  # fmt: skip


def test_a_colleague_to_whom_nothing_is_sold_goes_on(at_work, make_lead, frozen_clock):
    grace = at_work()
    alan = newcomer(make_lead, frozen_clock, "alan@customer.example", stage="Follow-up", nps=9)
    note("nps", lead=alan, occurred_at=clock.now(), data={"score": 9, "request": 1})
    settle(frozen_clock)
    before = list(Enrollment.objects.values_list("lead__email", "sequence"))

    wins(grace)
    settle(frozen_clock)

    assert before == [("alan@customer.example", "referral-ask")]
    assert ends() == []


def test_a_deal_that_comes_as_won_ends_it_too(at_work, make_lead, frozen_clock):
    lead = at_work()
    newcomer(make_lead, frozen_clock, "alan@customer.example")
    Connection.objects.update(first_pulled_at=clock.now())
    record = DealRecord(
        external_id="d2", name="New", stage="won", is_closed=True, is_won=True, company_id="c1",
        modified_at=clock.now(),
    )  # fmt: skip
    land(Connection.objects.get(pk=lead.source_id), "deal", [record], now=clock.now())
    settle(frozen_clock)

    assert ends() == [("alan@customer.example", "approach-cold", "company won")]


def test_nothing_leaves_before_anybody_reacted(at_work, make_lead, frozen_clock):
    grace = at_work()
    newcomer(make_lead, frozen_clock, "alan@customer.example")
    message = until_queued(frozen_clock)
    before = stops.reason(message)
    frozen_clock.now += timedelta(minutes=1)

    wins(grace)

    deal = Deal.objects.get()
    assert before is None
    assert stops.reason(message) == stops.Stop(reason="company_won", because={"deal": deal.pk})


@pytest.mark.parametrize(
    ("message", "deal"),
    [
        ({"is_prospecting": False}, {}),
        ({"is_notice": True}, {}),
        ({}, {"is_won": False}),
        ({}, {"company": None, "lead": None}),
    ],
)
def test_what_lies_beside_it_stops_nothing(message, deal, at_work, make_lead, frozen_clock):
    grace = at_work()
    newcomer(make_lead, frozen_clock, "alan@customer.example")
    queued = until_queued(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)
    wins(grace)
    Message.objects.filter(pk=queued.pk).update(**message)
    Deal.objects.update(**deal)

    assert stops.reason(Message.objects.get(pk=queued.pk)) is None


def test_a_deal_of_a_colleague_alone_is_the_companys_too(at_work, make_lead, frozen_clock):
    grace = at_work()
    newcomer(make_lead, frozen_clock, "alan@customer.example")
    message = until_queued(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)
    Deal.objects.update(company=None)
    note("deal_closed", lead=grace, deal=Deal.objects.get(), occurred_at=clock.now())

    before = stops.reason(message)
    Deal.objects.update(is_closed=True, is_won=True)

    deal = Deal.objects.get()
    assert before is None
    assert stops.reason(message) == stops.Stop(reason="company_won", because={"deal": deal.pk})


@pytest.mark.parametrize("deal", [{}, {"company": None}, {"lead": None}])
def test_who_comes_after_it_was_won_is_not_prospected(deal, at_work, make_lead, frozen_clock):
    grace = at_work(customers=False)
    wins(grace)
    settle(frozen_clock)
    Deal.objects.update(**deal)
    frozen_clock.now += timedelta(days=1)

    alan = newcomer(make_lead, frozen_clock, "alan@customer.example")

    cold = next(one for one in versions.active() if one.sequence == "approach-cold")
    why = enroll.judge(cold, alan).refusal
    assert not Enrollment.objects.filter(lead=alan).exists()
    assert why == 'its company bought from us: "Big" is won (customers: false)'
    assert in_common(why) == "its company bought from us (customers)"


def test_who_comes_after_it_was_won_is_a_new_matter(at_work, make_lead, frozen_clock):
    grace = at_work()
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)

    alan = newcomer(make_lead, frozen_clock, "alan@customer.example")

    assert Enrollment.objects.get(lead=alan).sequence == "approach-cold"


@pytest.fixture
def alan(at_work, make_lead, frozen_clock):
    """In a sequence for prospects at another company, a day after Grace's has bought."""
    grace = at_work()
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)
    Enrollment.objects.filter(sequence="won-handoff").delete()
    other = Company.objects.create(name="Else")
    ExternalRecord.objects.create(
        connection=grace.source, kind="company", external_id="c2", company=other
    )
    return newcomer(make_lead, frozen_clock, "alan@x.example", company=other)


def goes_to(lead, company):
    """What the CRM says of the lead."""
    record = LeadRecord(
        external_id=str(lead.pk), email=lead.email, first_name="Grace", company_id=company,
        status=lead.status, timezone=lead.timezone, modified_at=clock.now(),
        absent=frozenset({"owner_id"}),
    )  # fmt: skip
    land(lead.source, "lead", [record], now=clock.now())


def their_companies_are_merged(alan, make_lead):
    merged = CompanyRecord(
        external_id="c1", name="Hopper Ltd", merged_ids=("c2",), modified_at=clock.now()
    )
    land(alan.source, "company", [merged], now=clock.now())


def a_person_merges_them(alan, make_lead):
    """The other lead knows the company, a customer's."""
    Lead.objects.filter(pk=alan.pk).update(company=None)
    twin = make_lead("twin@customer.example")
    ExternalRecord.objects.filter(lead=twin).delete()
    merging.merge(alan, twin, by="ada")


@pytest.mark.parametrize(
    "comes",
    [
        lambda alan, make_lead: goes_to(alan, "c1"),
        their_companies_are_merged,
        a_person_merges_them,
    ],
)
def test_who_comes_to_a_customers_company_is_not_prospected_any_more(
    alan, comes, make_lead, frozen_clock
):
    message = until_queued(frozen_clock)
    before = (message.lead, stops.reason(message), ends())
    frozen_clock.now += timedelta(minutes=1)

    comes(alan, make_lead)

    stop = stops.reason(Message.objects.get(pk=message.pk))
    settle(frozen_clock)
    assert before == (alan, None, [])
    assert stop.reason == "company_won"
    assert ends() == [("alan@x.example", "approach-cold", "company won")]


def test_who_comes_to_a_company_that_is_no_customer_goes_on(alan, frozen_clock):
    ExternalRecord.objects.create(
        connection=alan.source, kind="company", external_id="c3",
        company=Company.objects.create(name="Third"),
    )  # fmt: skip
    message = until_queued(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)

    goes_to(alan, "c3")
    stop = stops.reason(message)
    settle(frozen_clock)

    assert (Lead.objects.get(pk=alan.pk).company.name, stop, ends()) == ("Third", None, [])


def test_what_began_at_a_customers_stays_when_nothing_else_changes(
    at_work, make_lead, frozen_clock
):
    grace = at_work()
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)
    alan = newcomer(make_lead, frozen_clock, "alan@customer.example")
    ExternalRecord.objects.create(
        connection=alan.source, kind="company", external_id="c2",
        company=Company.objects.create(name="Hopper Limited"),
    )  # fmt: skip
    frozen_clock.now += timedelta(minutes=1)

    their_companies_are_merged(alan, make_lead)
    goes_to(alan, "c1")
    settle(frozen_clock)

    assert Enrollment.objects.get(lead=alan).sequence == "approach-cold"
    assert ends() == []


#: The person of a deal, the company that it names -> for whom it counts once it is won.
WHOSE = {
    ("", ""): "",
    ("", "A"): "ann al",
    ("", "B"): "bob",
    ("free", ""): "free",
    ("free", "A"): "free ann al",
    ("free", "B"): "free bob",
    ("ann", ""): "ann al",
    ("ann", "A"): "ann al",
    ("ann", "B"): "ann bob",
}


@pytest.fixture
def people(at_work, loaded, make_lead, frozen_clock):
    """Four who are prospected: two at A, one at B, and one of whom no company is known."""
    at_work()
    companies = {name: Company.objects.create(name=name) for name in "AB"}
    at = {"ann": "A", "al": "A", "bob": "B", "free": ""}
    found = {
        name: make_lead(f"{name}@x.example", company=companies.get(company))
        for name, company in at.items()
    }
    for lead in found.values():
        note("lead_created", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    while Message.objects.count() < len(found):
        until_queued(frozen_clock)
        frozen_clock.now += timedelta(minutes=1)
        settle(frozen_clock)
    return found


@pytest.fixture(params=WHOSE, ids="-".join)
def deal(request, people):
    """With those for whom it counts once it is won."""
    lead, company = request.param
    found = Deal.objects.create(
        name="Big", source=people["ann"].source, lead=people.get(lead), stage_value="closing",
        company=Company.objects.filter(name=company).first(),
    )  # fmt: skip
    return found, sorted(people[name].pk for name in WHOSE[request.param].split())


def is_won(deal):
    Deal.objects.filter(pk=deal.pk).update(is_won=True, is_closed=True, stage_value="won")
    note("deal_closed", lead=deal.lead, deal=deal, occurred_at=clock.now(), data={"won": True})


def test_a_won_deal_ends_what_sells_to_those_for_whom_it_counts(deal, people, frozen_clock):
    deal, whose = deal
    before = stops.reasons(list(Message.objects.all()))

    is_won(deal)

    asked = stops.reasons(list(Message.objects.filter(lead__in=people.values())))
    stopped = Message.objects.filter(pk__in=asked).order_by("lead").values_list("lead", flat=True)
    settle(frozen_clock)
    rows = Enrollment.objects.filter(reason="company won").order_by("lead")
    assert before == {}
    assert {stop.reason for stop in asked.values()} == ({"company_won"} if whose else set())
    assert list(stopped) == whose
    assert list(rows.values_list("lead", flat=True)) == whose


def test_a_simulation_knows_for_whom_a_won_deal_counts(deal, people, loaded, frozen_clock):
    deal, whose = deal
    simulation = Simulation(load.scene(loaded, clock.now()), Script([]))
    scene = simulation.scene

    if deal.lead is not None:  # nothing happens to another in a simulation
        simulation.stages.close_deal(scene.leads[deal.lead.pk], scene.now, won=True)
        simulation.reactions.react()
    is_won(deal)

    ended = sorted(one.lead.pk for one in scene.enrollments if one.reason == "company won")
    assert bought(load.scene(loaded, clock.now()), people) == whose
    assert sorted(customers.bought(list(people.values()))) == whose
    assert ended == bought(scene, people) == (whose if deal.lead is not None else [])


def bought(scene, people):
    return sorted(lead.pk for lead in people.values() if scene.bought(scene.leads[lead.pk]))


def test_a_buyer_who_changes_jobs_makes_no_customer_of_the_new_company(
    at_work, make_lead, frozen_clock
):
    grace = at_work(customers=False)
    wins(grace)
    settle(frozen_clock)
    Enrollment.objects.filter(sequence="won-handoff").delete()
    new = Company.objects.create(name="New")
    ExternalRecord.objects.create(
        connection=grace.source, kind="company", external_id="c2", company=new
    )
    alan = newcomer(make_lead, frozen_clock, "alan@new.example", company=new)
    message = until_queued(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)

    goes_to(grace, "c2")
    settle(frozen_clock)
    ada = newcomer(make_lead, frozen_clock, "ada@new.example", company=new)

    assert message.lead == alan
    assert stops.reason(message) is None
    assert Enrollment.objects.get(lead=ada).sequence == "approach-cold"
    assert ends() == []


@pytest.mark.parametrize("customers", [True, False])
def test_who_is_to_begin_later_begins_at_a_customers_only_where_those_are_let_in(
    customers, at_work, make_lead, frozen_clock
):
    grace = at_work(customers=customers)
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)
    other = Company.objects.create(name="Else")
    alan = newcomer(make_lead, frozen_clock, "alan@x.example", company=other)
    tomorrow = clock.now() + timedelta(days=1)
    Enrollment.objects.filter(lead=alan).update(started_at=tomorrow, due_at=tomorrow)
    frozen_clock.now += timedelta(minutes=1)

    goes_to(alan, "c1")
    settle(frozen_clock)

    was_stopped = [("alan@x.example", "approach-cold", "company won")]
    assert ends() == ([] if customers else was_stopped)
    assert Enrollment.objects.filter(lead=alan).count() == 1


def twin_that_came(make_lead, frozen_clock):
    """Another row of somebody at the customer's, who came there after this one was enrolled."""
    twin = make_lead("twin@customer.example")
    frozen_clock.now += timedelta(minutes=1)
    note("joined_customer", lead=twin, occurred_at=clock.now(), data={"won": "Big"})
    settle(frozen_clock)
    return twin


def a_person_makes_them_one(keeper, twin):
    ExternalRecord.objects.filter(lead=twin).delete()
    merging.merge(keeper, twin, by="ada")


def their_crm_makes_them_one(keeper, twin):
    record = LeadRecord(
        external_id=str(keeper.pk), email=keeper.email, first_name="Grace", company_id="c1",
        status=keeper.status, timezone=keeper.timezone, merged_ids=(str(twin.pk),),
        modified_at=clock.now(), absent=frozenset({"owner_id"}),
    )  # fmt: skip
    land(keeper.source, "lead", [record], now=clock.now())


@pytest.mark.parametrize("become_one", [a_person_makes_them_one, their_crm_makes_them_one])
def test_that_another_row_of_a_person_came_later_ends_nothing(
    become_one, at_work, make_lead, frozen_clock
):
    grace = at_work()
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)
    Enrollment.objects.filter(sequence="won-handoff").delete()
    alan = newcomer(make_lead, frozen_clock, "alan@customer.example")
    message = until_queued(frozen_clock)
    twin = twin_that_came(make_lead, frozen_clock)

    become_one(alan, twin)
    settle(frozen_clock)

    assert message.lead == alan
    assert stops.reason(Message.objects.get(pk=message.pk)) is None
    assert ends() == []


def test_what_a_colleague_asks_for_is_a_new_matter(at_work, make_lead, frozen_clock):
    grace = at_work(customers=False)
    wins(grace)
    settle(frozen_clock)
    frozen_clock.now += timedelta(days=1)
    alan = newcomer(make_lead, frozen_clock, "alan@customer.example")
    Enrollment.objects.filter(sequence="won-handoff").delete()

    note("form_submitted", lead=alan, occurred_at=clock.now())
    settle(frozen_clock)
    message = until_queued(frozen_clock)

    assert (message.lead, message.sequence) == (alan, "approach-inbound")
    assert stops.reason(message) is None


def test_a_won_deal_is_handed_over_once(at_work, frozen_clock):
    grace = at_work(handoff=HANDOFF)
    Lead.objects.filter(pk=grace.pk).update(do_not_contact=True)

    wins(grace)
    settle(frozen_clock)
    wins(grace)
    settle(frozen_clock)

    [task] = Task.objects.filter(key__startswith="handoff:")
    assert (task.kind, task.title, task.say) == ("meeting", "Hand Grace over", "Big is won.")
    assert task.due_at == clock.now() + timedelta(days=2)


def told():
    return list(Task.objects.filter(key__startswith="stalled:").values_list("title", flat=True))


def test_a_deal_is_handed_over_whatever_the_crm_calls_the_time_zone(at_work, frozen_clock):
    grace = at_work(handoff=HANDOFF)
    Lead.objects.filter(pk=grace.pk).update(timezone="Mars/Phobos")

    wins(grace)
    settle(frozen_clock)

    [task] = Task.objects.filter(key__startswith="handoff:")
    assert task.due_at == clock.now() + timedelta(days=2)


def test_a_deal_that_stands_still_is_told_once_for_each_standstill(at_work, frozen_clock):
    grace = at_work(stalled=STALLED)
    begun = clock.now()
    due_at = stalled.next_due()
    assert due_at is not None
    frozen_clock.now = due_at - timedelta(seconds=1)
    early = (schedule.due().tell_stalled, stalled.tell())

    frozen_clock.now += timedelta(seconds=1)
    due = schedule.due().tell_stalled
    work.tell_stalled()
    counts = [stalled.tell()]
    frozen_clock.now += timedelta(days=30)
    counts.append(stalled.tell())
    note("called", lead=grace, occurred_at=clock.now())
    counts.append(stalled.tell())
    frozen_clock.now += timedelta(days=10)
    counts.append(stalled.tell())

    assert (early, due, counts) == ((False, 0), True, [0, 0, 0, 1])
    assert begun == clock.now() - timedelta(days=50)
    assert told() == [
        "Big stands still since 2026-03-02: move it with Grace, or close it",
        "Big stands still since 2026-04-11: move it with Grace, or close it",
    ]


@pytest.mark.parametrize(
    ("lead", "deal"),
    [
        ({"stage": "Presentation"}, {}),
        ({"deleted_at": "2026-03-02T06:00Z"}, {}),
        ({}, {"is_closed": True}),
        ({}, {"deleted_at": "2026-03-02T06:00Z"}),
    ],
)
def test_what_is_no_open_deal_in_such_a_stage_stands_still_untold(
    lead, deal, at_work, frozen_clock
):
    at_work(stalled=STALLED)
    Lead.objects.update(**lead)
    Deal.objects.update(**deal)
    frozen_clock.now += timedelta(days=30)

    assert (stalled.is_due(), stalled.tell(), stalled.next_due()) == (False, 0, None)


def test_the_task_of_a_standstill_is_no_motion_until_it_is_done(at_work, frozen_clock):
    at_work(stalled=STALLED)
    frozen_clock.now += timedelta(days=10)
    stalled.tell()
    [task] = Task.objects.filter(key__startswith="stalled:")
    frozen_clock.now += timedelta(days=1)

    tasks.done(task.pk, by="ada")
    frozen_clock.now += timedelta(days=10)

    assert (stalled.tell(), len(told())) == (1, 2)


def test_without_the_section_nobody_is_told(at_work, frozen_clock):
    at_work(stalled=None, handoff=None)
    frozen_clock.now += timedelta(days=30)

    assert (stalled.is_due(), stalled.tell(), stalled.next_due()) == (False, 0, None)
