"""Whose lead it is: by territory and in turn, told to the CRM, and never against its word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import LeadRecord
from crm import edit
from crm.land import land
from crm.models import Activity, Change, Connection, ExternalRecord, Lead, Owner
from crm.timeline import note
from process import apply
from process.models import Unassigned
from process.prospecting import assigning
from process.prospecting.territories import Assignment
from runtime import clock
from workers import reactions, schedule

pytestmark = pytest.mark.django_db
BOB, EVE = "bob@example.com", "eve@example.com"


@pytest.fixture
def assigns(loaded, team, make_lead):
    """Apply an assignment; Bob and Eve are owners 7 and 8 of the CRM."""
    source = Connection.objects.get(name="hubspot")
    for number, email in ((7, BOB), (8, EVE)):
        owner = Owner.objects.create(email=email)
        ExternalRecord.objects.create(
            connection=source, kind="owner", external_id=str(number), owner=owner
        )

    def begin(**section):
        given = {"on": ["lead_created"], "territories": [{"name": "All", "owners": [BOB, EVE]}]}
        rule = Assignment.model_validate({**given, **section})
        process = loaded.process.model_copy(update={"assignment": rule})
        apply.configure(replace(loaded, process=process))

    return begin


def comes(make_lead, email="grace@customer.example", base=None, **values):
    lead = make_lead(email, **{"owner": None, **values})
    ExternalRecord.objects.filter(lead=lead).update(base=base or {})
    note("lead_created", lead=lead, occurred_at=clock.now())
    reactions.react()
    return Lead.objects.get(pk=lead.pk)


def owed():
    rows = Change.objects.filter(field="owner_id").order_by("pk")
    return list(rows.values_list("record__lead", "value", "status"))


def test_leads_are_given_in_turn_and_the_crm_is_owed_their_owner(assigns, make_lead):
    assigns()

    first, second, third = (comes(make_lead, f"{n}@x.example") for n in range(3))

    assert [str(lead.owner) for lead in (first, second, third)] == [BOB, EVE, BOB]
    assert owed() == [(first.pk, "7", "pending"), (second.pk, "8", "pending"),
                      (third.pk, "7", "pending")]  # fmt: skip
    assert Activity.objects.filter(kind="assigned").values_list("data", flat=True)[1] == {
        "owner": EVE,
        "territory": "All",
        "because": {"rule": "all others", "after": BOB},
        "crm_is_told": True,
    }


def test_the_first_territory_that_takes_the_lead_gives_it(assigns, make_lead):
    german = {"name": "Germany", "when": 'lead.country == "DE"', "owners": [EVE]}
    assigns(territories=[german, {"name": "All", "owners": [BOB]}])

    leads = [comes(make_lead, f"{n}@x.example", country=c) for n, c in enumerate(("DE", "", "DE"))]

    assert [str(lead.owner) for lead in leads] == [EVE, BOB, EVE]


@pytest.mark.parametrize("base", [{"owner_id": "99"}, {}])
def test_an_owner_that_the_crm_names_stays(assigns, make_lead, base):
    assigns()
    ada = None if base else Owner.objects.get(email="ada@example.com")

    lead = comes(make_lead, base=base, owner=ada)

    assert (lead.owner, owed()) == (ada, [])


def test_an_owner_set_in_the_crm_meanwhile_stays_and_ours_is_given_up(assigns, make_lead):
    assigns()
    lead = comes(make_lead, base={"email": "grace@customer.example", "owner_id": ""})
    record = LeadRecord(external_id=str(lead.pk), email=lead.email, owner_id="8")

    land(lead.source, "lead", [record], now=clock.now())

    assert str(Lead.objects.get(pk=lead.pk).owner) == EVE
    assert owed() == [(lead.pk, "7", "conflicted")]


def test_our_owner_that_came_back_is_no_news_and_another_edit_takes_nothing(assigns, make_lead):
    assigns()
    lead = comes(make_lead, base={"email": "grace@customer.example", "owner_id": ""})
    record = LeadRecord(external_id=str(lead.pk), email=lead.email, title="CTO")

    land(lead.source, "lead", [record], now=clock.now())
    before = (str(Lead.objects.get(pk=lead.pk).owner), owed())
    land(lead.source, "lead", [replace(record, owner_id="7")], now=clock.now())

    assert before == (BOB, [(lead.pk, "7", "pending")])
    assert str(Lead.objects.get(pk=lead.pk).owner) == BOB
    assert owed() == [(lead.pk, "7", "pushed")]


def test_who_is_away_or_gone_is_passed_over_and_a_lead_for_nobody_waits(
    assigns, make_lead, frozen_clock
):
    Owner.objects.filter(email=EVE).update(active=False)
    assigns(absences=[{"owner": BOB, "from": "2026-03-01", "to": "2026-03-02"}])

    lead = comes(make_lead)
    waits = [(one.lead_id, one.reason) for one in Unassigned.objects.all()]
    frozen_clock.now += timedelta(days=1)
    due, given = schedule.due(inboxes=False).assign, assigning.retry_due()

    assert waits == [(lead.pk, f"{BOB} is away; {EVE} is not active")]
    assert (due, given) == (True, 1)
    assert (str(Lead.objects.get().owner), Unassigned.objects.count()) == (BOB, 0)


def test_an_owner_who_left_is_replaced_where_the_team_says_so(assigns, make_lead):
    gone = Owner.objects.create(email="gone@example.com", active=False)

    assigns()
    kept = comes(make_lead, "a@x.example", base={"owner_id": "9"}, owner=gone)
    assigns(reassign=True)
    replaced = comes(make_lead, "b@x.example", base={"owner_id": "9"}, owner=gone)

    assert (str(kept.owner), str(replaced.owner)) == ("gone@example.com", BOB)


def test_who_must_not_be_written_to_is_given_to_nobody(assigns, make_lead):
    assigns()
    lead = make_lead(owner=None)
    edit.opt_out(lead, at=clock.now())
    note("lead_created", lead=lead, occurred_at=clock.now())

    reactions.react()

    assert Lead.objects.get().owner is None
    assert Unassigned.objects.get().reason == "must not be written to"
