"""One person or two: nothing is lost, and who asked to be left alone is left alone."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import consent, edit, identity, joining, meetings
from crm.models import (
    Activity,
    Change,
    Connection,
    Deal,
    ExternalRecord,
    Lead,
    Meeting,
    Separated,
)
from crm.timeline import note
from mail import booking, unsubscribe
from mail.models import Mailbox, Suppression
from mail.suppression import is_suppressed, suppress
from process.models import HeldMove, Task
from process.prospecting.merging import merge, separate
from runtime import clock
from sequences.models import AppliedVersion, Enrollment
from tests.workers.test_language import OPENING, at_work, sequence  # noqa: F401 - a fixture
from workers import reactions
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
SIDE = st.fixed_dictionaries({
    "opted_out": st.booleans(),
    "suppressed": st.booleans(),
    "consented": st.booleans(),
    "enrolled": st.booleans(),
    "title": st.sampled_from(["", "CTO", "Clerk"]),
    "happened": st.integers(min_value=0, max_value=3),
    "same_address": st.booleans(),
})  # fmt: skip


@pytest.fixture
def world(team, make_lead, at_work):  # noqa: F811 - the fixture
    at_work(sequence(OPENING))
    base = {"email": "", "title": "", "do_not_contact": False}

    def make(number, side):
        source = Connection.objects.get(name=("hubspot", "salesforce")[number])
        email = "grace@x.example" if side["same_address"] else f"grace{number}@x.example"
        lead = Lead.objects.create(
            email=email, title=side["title"], source=source, created_at=clock.now()
        )
        ExternalRecord.objects.create(
            connection=source, kind="lead", external_id=f"00Q{number}", lead=lead,
            base={**base, "email": email, "title": side["title"]},
        )  # fmt: skip
        Deal.objects.create(name="d", stage_value="open", lead=lead, source=source)
        for _ in range(side["happened"]):
            note("page_visited", lead=lead, occurred_at=clock.now())
        if side["consented"]:
            Lead.objects.filter(pk=lead.pk).update(consented_at=clock.now())
        if side["suppressed"]:
            suppress(email, "unsubscribed", at=clock.now(), lead=lead)
        if side["opted_out"]:
            lead.refresh_from_db()
            consent.opt_out(lead, None, at=clock.now())
        if side["enrolled"]:
            enroll(lead)
        return lead

    return make


def enroll(lead):
    version = AppliedVersion.objects.order_by("pk").first()
    return Enrollment.objects.create(
        lead=lead, version=version, sequence=version.sequence, timezone="UTC",
        mailbox_id=Mailbox.objects.get().pk, started_at=clock.now(),
        due_at=clock.now() + timedelta(days=3),
    )  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.tuples(SIDE, SIDE), st.booleans())
def test_nothing_is_lost_and_no_opt_out_is(world, sides, turned):
    with transaction.atomic():
        one, two = (world(number, side) for number, side in enumerate(sides))
        before = Activity.objects.count()
        left_alone = any(side["opted_out"] or side["suppressed"] for side in sides)

        keeper = merge(*((two, one) if turned else (one, two)), by="ada")
        while reactions.waiting():
            reactions.react()
        keeper.refresh_from_db()

        assert (keeper.pk, Lead.objects.get(deleted_at=None).pk) == (one.pk, one.pk)
        assert Activity.objects.filter(lead=keeper, kind="page_visited").count() == sum(
            side["happened"] for side in sides
        )
        assert Activity.objects.count() > before
        assert {record.lead_id for record in ExternalRecord.objects.filter(kind="lead")} == {one.pk}
        assert list(Deal.objects.values_list("lead", flat=True)) == [one.pk] * 2
        assert keeper.title == (sides[0]["title"] or sides[1]["title"])
        assert (keeper.do_not_contact, is_suppressed(keeper.email, keeper)) == (left_alone,) * 2
        owed = Change.objects.filter(field="do_not_contact", status="pending", value=True)
        assert owed.count() == (2 if left_alone else 0)
        open_ = Enrollment.objects.filter(status__in=("active", "paused"))
        wanted = any(side["enrolled"] for side in sides) and not left_alone
        assert list(open_.values_list("lead", flat=True)) == [one.pk] * wanted
        assert Enrollment.objects.exclude(lead=one).count() == 0
        assert not Activity.objects.exclude(reaction_error="").exists()
        transaction.set_rollback(True)


@pytest.fixture
def pair(world):
    side = {
        "opted_out": False, "suppressed": False, "consented": False, "enrolled": False,
        "title": "", "happened": 0, "same_address": True,
    }  # fmt: skip
    one, two = world(0, side), world(1, side)
    identity.doubt_shared_emails(["grace@x.example"])
    return Lead.objects.get(pk=one.pk), Lead.objects.get(pk=two.pk)


def doubts():
    return [bool(lead.doubt) for lead in Lead.objects.order_by("pk")]


def test_two_people_with_one_address_are_told_apart_for_good(pair):
    before = doubts()

    separate(*pair, by="ada")
    identity.doubt_shared_emails(["grace@x.example"])

    assert (before, doubts()) == ([True, True], [False, False])
    assert [(row.first, row.second, row.by) for row in Separated.objects.all()] == [(*pair, "ada")]


def test_a_third_one_is_doubtful_again(pair, make_lead):
    separate(*pair, by="ada")

    make_lead("grace@x.example")
    identity.doubt_shared_emails(["grace@x.example"])

    assert doubts() == [True, True, True]


def test_one_person_is_in_no_doubt_and_the_tasks_are_kept(pair):
    Task.objects.create(kind="call", title="Call", lead=pair[1], created_at=clock.now(), key="c")

    keeper = merge(*pair, by="ada")

    assert (keeper.doubt, Task.objects.get().lead) == ("", pair[0])
    assert doubts() == [False, False]


def test_two_records_of_one_crm_are_merged_there(pair):
    ExternalRecord.objects.update(connection=pair[0].source)

    with pytest.raises(Fault, match="both have a record in hubspot: merge them there"):
        merge(*pair, by="ada")

    assert Lead.objects.filter(deleted_at=None).count() == 2


def test_who_is_one_already_is_not_merged(pair):
    with pytest.raises(Fault, match="are one lead already"):
        merge(pair[0], pair[0], by="ada")


def test_a_suppressed_address_that_goes_forbids_the_one_that_stays(pair):
    Lead.objects.filter(pk=pair[1].pk).update(email="other@x.example")
    suppress("other@x.example", "hard_bounce", at=clock.now())

    keeper = merge(*pair, by="ada")

    assert set(Suppression.objects.values_list("email", "kind")) >= {
        ("other@x.example", "hard_bounce"),
        ("grace@x.example", "hard_bounce"),
    }
    assert keeper.do_not_contact
    assert edit.opt_out(keeper, at=clock.now()) is False


def by_a_person(keeper, other):
    merge(keeper, other, by="ada")


def in_the_crm(keeper, other):
    joining._absorb(keeper, other, other.source, now=clock.now())


def settle():
    while reactions.waiting():
        reactions.react()
    assert list(Activity.objects.exclude(reaction_error="")) == []


@pytest.fixture(params=[by_a_person, in_the_crm])
def merging(request, world):
    """Two leads of different addresses, the older one first, and how they become one."""
    side = {
        "opted_out": False, "suppressed": False, "consented": False, "enrolled": False,
        "title": "", "happened": 0, "same_address": False,
    }  # fmt: skip
    one, two = (Lead.objects.get(pk=world(number, side).pk) for number in (0, 1))
    settle()
    return one, two, request.param


def left_alone(lead):
    lead.refresh_from_db()
    return lead.do_not_contact, is_suppressed(lead.email, lead)


def test_the_link_of_an_old_email_still_unsubscribes_the_person(merging):
    one, two, become_one = merging
    path = f"/u/{unsubscribe.token(two)}"
    become_one(one, two)
    settle()
    before = left_alone(one)

    page = Client().post(path)
    settle()

    assert (before, page.status_code, left_alone(one)) == ((False, False), 200, (True, True))
    assert is_suppressed(two.email)


def test_who_unsubscribed_a_moment_before_has_unsubscribed(merging):
    one, two, become_one = merging
    unsubscribe.unsubscribe(two, how="one-click", at=clock.now())

    become_one(one, two)
    at_once = left_alone(one)[0]
    settle()

    assert (at_once, left_alone(one)) == (True, (True, True))


def test_what_hangs_on_the_other_hangs_on_the_one_that_stays(merging):
    one, two, become_one = merging
    Lead.objects.filter(pk=two.pk).update(nps=3, line="We met in Berlin.")
    two.refresh_from_db()
    Task.objects.create(kind="call", title="Call", lead=two, created_at=clock.now(), key="c")
    Meeting.objects.create(
        lead=two, uid="m", source="by hand", status="booked", timezone="UTC", told_at=clock.now(),
        starts_at=clock.now() + timedelta(days=1), ends_at=clock.now() + timedelta(days=1),
    )  # fmt: skip
    meetings.settle(two)
    for lead in (one, two):
        HeldMove.objects.create(
            lead=lead, from_stage="Approach", to_stage="Closing", asked_at=clock.now()
        )
    token = booking.token(two)

    become_one(one, two)
    settle()

    one.refresh_from_db()
    assert (one.nps, one.line, one.meeting["status"]) == (3, "We met in Berlin.", "booked")
    assert (Task.objects.get().lead, Meeting.objects.get().lead) == (one, one)
    assert list(HeldMove.objects.values_list("lead", flat=True)) == []
    assert booking.lead_of(token) == one
