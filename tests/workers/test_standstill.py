"""Who stands still: beyond the stage's service level, and nothing to come."""

from datetime import timedelta

import pytest

from crm.models import Deal, Meeting
from mail.models import Mailbox
from mail.suppression import suppress
from process import desk, standstill, tasks
from runtime import clock
from sequences.models import AppliedVersion, Enrollment, Waiting

pytestmark = pytest.mark.django_db

#: Presentation's service level is over then.
LATER = timedelta(days=8)


@pytest.fixture
def lead(make_lead):
    return make_lead(stage="Presentation", stage_since=clock.now())


def idle(after=LATER):
    return standstill.leads(clock.now() + after)


def test_who_has_nothing_to_come_stands_still_once_the_service_level_is_over(lead):
    assert idle(timedelta(days=7) - timedelta(seconds=1)) == []
    assert idle(timedelta(days=7)) == [lead]


def test_a_zone_that_is_none_is_reckoned_as_utc(make_lead):
    lead = make_lead(stage="Presentation", stage_since=clock.now(), timezone="Mars/Phobos")
    idle_then = idle(timedelta(days=7))
    tasks.make("call", "Call", lead=lead, key="call")

    [entry] = desk.entries(clock.now())

    assert idle_then == [lead]
    assert entry.place.deadline == clock.now()


def enrolled(lead, status="active"):
    version = AppliedVersion.objects.create(
        sequence="s", digest="d", definition={}, templates={}, applied_at=clock.now()
    )
    Enrollment.objects.create(
        lead=lead, version=version, sequence="s", status=status, timezone="UTC",
        mailbox_id=Mailbox.objects.first().pk, started_at=clock.now(),
    )  # fmt: skip


def meets(lead, status="booked", after=timedelta(days=9)):
    starts_at = clock.now() + after
    Meeting.objects.create(
        lead=lead, uid="u", source="by hand", status=status, timezone="UTC", told_at=clock.now(),
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30),
    )  # fmt: skip


def waits(lead):
    now = clock.now()
    Waiting.objects.create(sequence="s", lead=lead, reason="rests", since=now, retry_at=now)


def has_task(lead):
    return tasks.make("call", "Call", lead=lead, key="k")


def is_opted_out(lead):
    lead.do_not_contact = True
    lead.save()


def is_suppressed(lead):
    suppress(lead.email, "unsubscribed", at=clock.now(), lead=lead)


@pytest.mark.parametrize(
    "begins",
    [enrolled, lambda lead: enrolled(lead, "paused"), meets, waits, has_task, is_opted_out,
     is_suppressed],
)  # fmt: skip
def test_who_has_something_to_come_or_is_left_alone_does_not(begins, lead):
    begins(lead)

    assert idle() == []


@pytest.mark.parametrize(
    "is_over",
    [
        lambda lead: enrolled(lead, "finished"),
        lambda lead: meets(lead, "held"),
        lambda lead: meets(lead, after=timedelta(days=1)),
        lambda lead: tasks.done(has_task(lead).pk),
    ],
)
def test_what_is_over_is_not_to_come(is_over, lead):
    is_over(lead)

    assert idle() == [lead]


def test_an_exit_by_time_is_something_to_come_until_its_time(make_lead):
    lead = make_lead(stage="Approach", stage_since=clock.now())

    assert idle(timedelta(days=44)) == []
    assert idle(timedelta(days=45)) == [lead]


def test_who_will_stand_still_is_told_before_and_an_exit_by_time_is_not_forestalled(make_lead):
    grace = make_lead(stage="Presentation", stage_since=clock.now())
    make_lead("alan@customer.example", stage="Approach", stage_since=clock.now())

    def told(after):
        return standstill.leads(clock.now() + timedelta(days=after), ahead=timedelta(days=2))

    assert told(4) == []
    assert told(5) == [grace]
    assert told(44) == [grace]


def test_a_customer_is_where_the_process_ends(make_lead):
    lead = make_lead(stage="Follow-up", stage_since=clock.now())
    after = timedelta(days=91)
    before = idle(after)

    Deal.objects.create(name="Big", lead=lead, source=lead.source, is_closed=True, is_won=True)

    assert before == [lead]
    assert idle(after) == []
