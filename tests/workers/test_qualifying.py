"""MQL, SAL and SQL: put before sales once, taken or given back, and the CRM hears of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import LeadRecord
from crm import edit
from crm.land import land
from crm.models import Activity, Change, Connection, Deal, ExternalRecord, Lead
from crm.timeline import note
from process import apply, tasks
from process.marketing.definition import Crm
from process.models import LeadQualification, Task
from process.prospecting import qualifying
from process.prospecting.qualification import Qualification
from runtime import clock
from sequences.enroll import enroll_matching
from sequences.models import Enrollment
from tests.console.test_tasks import browser, press
from tests.workers.test_language import OPENING, at_work, sequence  # noqa: F401 - a fixture
from workers import reactions
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
RULE = {"reject_reasons": ["too small", "no budget"], "respond_within": "1 day"}
MARKETING = {
    "mql": {"lifecycle_stage": "marketingqualifiedlead"},
    "sal": {"lifecycle_stage": "salesqualifiedlead"},
    "opportunity": {"lifecycle_stage": "opportunity"},
    "rejected": {"lifecycle_stage": "lead", "lead_status": "UNQUALIFIED"},
}


def with_rule(loaded, **more):
    """The files with a yes or no, told to HubSpot."""
    rule = {
        "qualification": Qualification.model_validate({**RULE, **more}),
        "marketing": {"hubspot": Crm.model_validate(MARKETING)},
    }
    return replace(loaded, process=loaded.process.model_copy(update=rule))


def react():
    """What reactions note has its own."""
    while reactions.waiting():
        reactions.react()


@pytest.fixture
def mql(loaded, team, make_lead):
    """A lead that HubSpot calls an MQL, put before sales."""
    apply.configure(with_rule(loaded))
    lead = make_lead(lifecycle_stage="lead")
    base = {"lifecycle_stage": "marketingqualifiedlead", "status": lead.status}
    ExternalRecord.objects.filter(lead=lead).update(base=base)
    edit.change(lead, {"lifecycle_stage": "marketingqualifiedlead"}, by="marketing")
    react()
    return lead


def owed():
    rows = Change.objects.filter(kind="update", status="pending").order_by("field")
    return dict(rows.values_list("field", "value"))


def states():
    rows = LeadQualification.objects.order_by("pk")
    return list(rows.values_list("state", "by", "reason", "answered_at"))


def open_tasks():
    rows = Task.objects.filter(kind="accept", done_at=None)
    return list(rows.values_list("title", "owner__email", "due_at"))


def test_an_mql_is_put_before_its_owner_once_with_the_time_there_is(mql):
    edit.change(mql, {"lifecycle_stage": "lead"}, by="marketing")
    edit.change(mql, {"lifecycle_stage": "marketingqualifiedlead"}, by="marketing")
    react()

    assert states() == [("open", "", "", None)]
    due_at = clock.now() + timedelta(days=1)
    assert open_tasks() == [("Accept or reject: Grace", "ada@example.com", due_at)]


def test_what_is_accepted_is_told_to_the_crm_and_asked_no_more(mql):
    qualifying.accept(mql, by="ada")

    assert states() == [("accepted", "ada", "", clock.now())]
    assert (open_tasks(), owed()) == ([], {"lifecycle_stage": "salesqualifiedlead"})
    assert Activity.objects.get(kind="accepted").data == {"by": "ada"}
    with pytest.raises(Fault, match="it was accepted by ada"):
        qualifying.reject(mql, "too small", by="bob")


def test_what_is_rejected_leaves_its_sequence_and_goes_back_with_the_reason(
    mql,
    at_work,  # noqa: F811 - the fixture
    loaded,
):
    at_work(sequence(OPENING))
    apply._process(with_rule(loaded))
    enroll_matching([mql.pk], moved=True)

    qualifying.reject(mql, "too small", by="ada")
    react()

    assert states() == [("rejected", "ada", "too small", clock.now())]
    assert Enrollment.objects.values_list("status", "reason").get() == (
        "stopped",
        "rejected by sales",
    )
    assert owed() == {"lifecycle_stage": "lead", "status": "UNQUALIFIED"}
    assert Activity.objects.get(kind="rejected").data == {"by": "ada", "reason": "too small"}


def test_a_reason_that_nobody_declared_changes_nothing(mql):
    with pytest.raises(Fault, match='unknown reason "too smal"; did you mean "too small"'):
        qualifying.reject(mql, "too smal", by="ada")

    assert states() == [("open", "", "", None)]


def test_who_was_rejected_may_qualify_once_more(mql):
    qualifying.reject(mql, "no budget", by="ada")
    react()

    edit.change(mql, {"lifecycle_stage": "marketingqualifiedlead"}, by="marketing")
    react()

    assert [state for state, *_ in states()] == ["rejected", "open"]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_deal_makes_an_opportunity_of_it(mql, accepted):
    if accepted:
        qualifying.accept(mql, by="ada")
    deal = Deal.objects.create(name="First", stage_value="open", lead=mql, source=mql.source)
    note("deal_created", lead=mql, deal=deal, occurred_at=clock.now())

    react()

    row = LeadQualification.objects.get()
    assert (row.state, row.deal_at, row.answered_at) == ("deal", clock.now(), clock.now())
    assert (open_tasks(), owed()) == ([], {"lifecycle_stage": "opportunity"})


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("Approach", "accepted"),
        ("Presentation", "sql"),
        ("Closing", "sql"),
        ("Follow-up", "accepted"),
    ],
)
def test_an_sal_is_an_sql_from_a_stage_on_but_not_where_the_lost_go(mql, loaded, stage, state):
    apply.configure(with_rule(loaded, sql_from="Presentation"))
    qualifying.accept(mql, by="ada")
    Lead.objects.filter(pk=mql.pk).update(stage=stage)

    note("stage_moved", lead=mql, occurred_at=clock.now(), data={"from": "", "to": stage})
    react()

    assert [found for found, *_ in states()] == [state]


def test_without_a_section_nothing_is_asked(make_lead):
    lead = make_lead(lifecycle_stage="marketingqualifiedlead")
    note("lead_created", lead=lead, occurred_at=clock.now())

    react()

    assert (Lead.objects.count(), states(), open_tasks()) == (1, [], [])
    with pytest.raises(Fault, match="has no qualification"):
        qualifying.accept(lead, by="ada")


def test_the_task_is_not_done_without_the_answer(mql):
    task = Task.objects.get(kind="accept")
    told = (
        f"it waits for an answer: cadenza accept {mql.pk}, or cadenza reject {mql.pk} --reason "
        "REASON; or give the answer as its disposition; valid: accepted, too small, no budget"
    )

    for end in (lambda: tasks.done(task.pk, by="ada"), lambda: tasks.skip(task.pk, why="busy")):
        with pytest.raises(Fault) as caught:
            end()
        assert str(caught.value) == told
    ticked_in_crm = tasks.done_in_crm(mql, tasks._mark(task))
    react()

    assert (ticked_in_crm, len(open_tasks()), states()) == (False, 1, [("open", "", "", None)])


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        ("accepted", ("accepted", "ada", ""), {"lifecycle_stage": "salesqualifiedlead"}),
        (
            "too small",
            ("rejected", "ada", "too small"),
            {"lifecycle_stage": "lead", "status": "UNQUALIFIED"},
        ),
    ],
)
def test_the_answer_may_be_the_tasks_disposition(mql, frozen_clock, answer, state, said):
    at = clock.now()
    tasks.done(Task.objects.get(kind="accept").pk, disposition=answer, by="ada")
    frozen_clock.now += timedelta(minutes=1)

    react()
    react()

    assert (states(), owed()) == ([(*state, at)], said)
    noted = Activity.objects.filter(kind__in=("accepted", "rejected"))
    assert [one.occurred_at for one in noted] == [at]


def test_whoever_answers_first_is_heard(mql):
    tasks.done(Task.objects.get(kind="accept").pk, disposition="too small", by="bob")

    qualifying.accept(mql, by="ada")
    react()

    assert states() == [("accepted", "ada", "", clock.now())]
    assert not Activity.objects.filter(kind="rejected").exists()


def test_where_nothing_is_asked_any_more_the_task_is_done_like_any_other(mql, loaded):
    apply.configure(loaded)

    assert tasks.done(Task.objects.get(kind="accept").pk, by="ada")

    assert states() == [("open", "", "", None)]


def test_a_rep_answers_on_the_page(mql):
    task = Task.objects.get(kind="accept")
    ada = browser("ada@example.com")

    blank = press(ada, task, "done")
    skipped = press(ada, task, "skip", why="busy")
    told = press(ada, task, "done", disposition="too small")
    react()

    command = f"cadenza accept {mql.pk}, or cadenza reject {mql.pk} --reason REASON"
    assert [command in page for page in (blank, skipped, told)] == [True, True, False]
    assert '<option value="accepted">' in blank
    assert states() == [("rejected", "ada@example.com", "too small", clock.now())]


def tells(lead, **values):
    """What HubSpot says of the lead; a field that it does not tell is as it was."""
    record = LeadRecord(
        external_id=str(lead.pk), email=lead.email, timezone=lead.timezone,
        modified_at=clock.now(), absent=frozenset({"owner_id", "company_id"}),
        **{
            "first_name": "Grace", "status": lead.status,
            "lifecycle_stage": "marketingqualifiedlead", **values,
        },
    )  # fmt: skip
    land(lead.source, "lead", [record], now=clock.now())
    react()


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ({"lifecycle_stage": "salesqualifiedlead"}, ("accepted", "hubspot", "")),
        ({"lifecycle_stage": "opportunity"}, ("accepted", "hubspot", "")),
        ({"lifecycle_stage": "lead", "status": "UNQUALIFIED"}, ("rejected", "hubspot", "")),
        ({"status": "UNQUALIFIED"}, ("open", "", "")),
        ({"first_name": "Grace B."}, ("open", "", "")),
    ],
)
def test_what_sales_answers_in_the_crm_is_its_answer(mql, says, state):
    mql.refresh_from_db()

    tells(mql, **says)

    is_open = state[0] == "open"
    assert [found[:3] for found in states()] == [state]
    assert len(open_tasks()) == is_open
    noted = Activity.objects.filter(kind__in=("accepted", "rejected"))
    assert [one.kind for one in noted] == [state[0]] * (not is_open)


NO = {"lifecycle_stage": "lead", "status": "UNQUALIFIED"}


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_a_no_of_a_crm_comes_with_its_reason_and_takes_none_away(crm, mql, loaded):
    fields = {"fields": {"lead": {"why_not": "why_not"}}}
    Connection.objects.filter(name=crm).update(settings=fields)
    ExternalRecord.objects.create(
        connection=Connection.objects.get(name="salesforce"), kind="lead", external_id="00Q1",
        lead=mql,
    )  # fmt: skip
    marketing = {
        "hubspot": {**MARKETING},
        "salesforce": {"rejected": {"lead_status": "Unqualified"}},
    }
    marketing[crm]["rejected"] = {**marketing[crm]["rejected"], "reason_field": "why_not"}
    process = with_rule(loaded).process
    words = {name: Crm.model_validate(said) for name, said in marketing.items()}
    apply._process(replace(loaded, process=process.model_copy(update={"marketing": words})))
    Lead.objects.update(extra={"why_not": "x" * 300})
    mql.refresh_from_db()

    tells(mql, **NO)

    reason = "x" * 100 if crm == "hubspot" else ""
    assert [found[:3] for found in states()] == [("rejected", "hubspot", reason)]
    assert Lead.objects.get().extra == {"why_not": "x" * 300}


def test_what_moves_the_lead_here_is_no_answer_of_sales(mql):
    edit.change(mql, {"lifecycle_stage": "salesqualifiedlead"}, by="a step")
    react()

    assert states() == [("open", "", "", None)]
