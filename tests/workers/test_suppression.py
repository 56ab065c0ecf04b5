"""What a suppression sets in motion: enrollments end, emails are cancelled, CRMs are owed it."""

import pytest

from crm.joining import _absorb
from crm.models import Activity, Change, Company, Lead
from crm.timeline import note
from mail import blocklist
from mail.blocklist import Entry
from mail.models import Message, Suppression
from mail.targets import target
from process import explain, planning
from process.simulation import load
from runtime import clock
from sequences.enroll import enroll_matching
from sequences.models import Enrollment
from tests.workers.test_life import settle, until_queued
from workers import reactions

pytestmark = pytest.mark.django_db

SCOPES = {
    "address": "grace@customer.example",
    "domain": "customer.example",
    "company": "Hopper Ltd",
}


def suppress(scope, kind="manual"):
    entry = Entry(
        target=target(SCOPES[scope], scope), kind=kind, at=clock.now(), by="ada", reason="a letter"
    )
    return blocklist.add([entry])


@pytest.mark.parametrize("scope", SCOPES)
def test_it_ends_the_enrollment_cancels_the_email_and_is_owed_to_the_crm(
    team, make_lead, frozen_clock, scope
):
    lead = make_lead()
    lead.externalrecord_set.update(base={"do_not_contact": False})
    team()
    until_queued(frozen_clock)

    suppress(scope)
    settle(frozen_clock)

    enrollment = Enrollment.objects.get()
    owed = Change.objects.filter(kind="update").values_list("field", "value", "priority")
    assert (enrollment.status, enrollment.reason) == ("stopped", "suppressed")
    assert list(Message.objects.values_list("status", flat=True)) == ["cancelled"]
    assert list(owed) == [("do_not_contact", True, 0)]


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_taken_back_before_a_worker_sees_it_opts_nobody_out(
    team, make_lead, frozen_clock, scope
):
    lead = make_lead()
    team()
    until_queued(frozen_clock)
    suppress(scope)

    blocklist.remove(target(SCOPES[scope], scope), by="ada", reason="", consented=False)
    settle(frozen_clock)

    lead.refresh_from_db()
    assert (lead.do_not_contact, Suppression.objects.count()) == (False, 0)
    assert Enrollment.objects.get().status == "active"


def test_what_is_taken_back_in_part_still_opts_out(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    suppress("domain")
    suppress("company")

    blocklist.remove(target(SCOPES["domain"], "domain"), by="ada", reason="", consented=False)
    settle(frozen_clock)

    lead.refresh_from_db()
    assert (lead.do_not_contact, Enrollment.objects.get().status) == (True, "stopped")


@pytest.mark.parametrize("scope", SCOPES)
def test_whom_it_covers_is_not_enrolled_planned_or_simulated(
    team, make_lead, loaded, frozen_clock, scope
):
    lead = make_lead()
    suppress(scope)

    plan = planning.plan(loaded)
    team()

    refusals = {text for one in plan.sequences for text in one.refused}
    told = next(line for line in explain.explanation(lead) if line.startswith("suppressed"))
    of = {"address": ""}.get(scope, f", the {scope} {SCOPES[scope]}")
    assert (Enrollment.objects.count(), "suppressed" in refusals) == (0, True)
    assert load.scene(loaded, clock.now()).suppressed == {lead.email}
    assert told == f"suppressed since Mon 2026-03-02 07:00{of}: manual (by ada) a letter"


@pytest.mark.parametrize("scope", SCOPES)
def test_who_comes_later_is_opted_out_in_the_crm_too(team, make_lead, frozen_clock, scope):
    team()
    suppress(scope)
    lead = make_lead()
    lead.externalrecord_set.update(base={"do_not_contact": False})

    note("lead_created", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)

    assert Lead.objects.get().do_not_contact
    assert list(Change.objects.values_list("field", "value")) == [("do_not_contact", True)]
    assert enroll_matching([lead.pk], moved=True) == 0


def test_who_was_there_when_a_crm_was_connected_is_opted_out_once(team, make_lead, frozen_clock):
    suppress("domain")
    lead, other = make_lead(), make_lead("ada@elsewhere.example")

    note("first_pulled", connection=lead.source, occurred_at=clock.now())
    settle(frozen_clock)
    reactions.react()

    assert list(Lead.objects.filter(do_not_contact=True)) == [lead]
    assert Activity.objects.filter(kind="suppressed").count() == 1
    assert not Lead.objects.get(pk=other.pk).do_not_contact


def test_it_goes_on_with_the_company_into_which_its_own_was_merged(make_lead):
    lead = make_lead()
    company = lead.company
    suppress("company")
    keeper = Company.objects.create(name="Hopper Group")

    _absorb(keeper, company, lead.source, now=clock.now())

    assert Suppression.objects.get().company == keeper
    assert Lead.objects.get().company == keeper
    assert not Company.objects.filter(pk=company.pk).exists()


def test_what_was_ours_alone_is_lifted_when_it_is_taken_back(team, make_lead, frozen_clock):
    lead = make_lead()
    lead.externalrecord_set.update(base={"do_not_contact": False})
    suppress("domain")
    settle(frozen_clock)

    removed = blocklist.remove(
        target("customer.example", "domain"), by="bob", reason="a typo", consented=False
    )

    lead.refresh_from_db()
    assert (removed.lifted, lead.do_not_contact) == ([lead], False)
    assert not Suppression.objects.exists()
    assert list(Change.objects.values_list("status", flat=True)) == ["superseded"]


def test_what_the_crm_holds_by_now_stays_until_a_person_clears_it_there(
    team, make_lead, frozen_clock
):
    lead = make_lead()
    lead.externalrecord_set.update(base={"do_not_contact": False})
    suppress("address")
    settle(frozen_clock)
    lead.externalrecord_set.update(base={"do_not_contact": True})

    removed = blocklist.remove(
        target("grace@customer.example", "address"), by="bob", reason="a typo", consented=False
    )

    lead.refresh_from_db()
    assert (removed.held, lead.do_not_contact) == ([(lead, "hubspot")], True)
    assert enroll_matching([lead.pk], moved=True) == 0
