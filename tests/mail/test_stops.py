"""Never after: each stop, and what lies just beside it and is none."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from crm.models import Activity, Company, Deal
from mail import stops, suppression
from mail.models import Inbound, Suppression
from runtime import clock

HOUR = timedelta(hours=1)


def reason(message):
    found = stops.reason(message)
    return found and found.reason


def came_in(mailbox, at, kind="reply", **values):
    return Inbound.objects.create(
        mailbox=mailbox,
        uidvalidity=1,
        uid=1,
        fingerprint=str(Inbound.objects.count()),
        kind=kind,
        received_at=at,
        **values,
    )


def closed(connection, lead, at, **values):
    return Deal.objects.create(
        name="x", source=connection, created_at=at, is_closed=True, closed_at=at, **values
    )


def test_nothing_stops_a_message_to_somebody_silent(queue, lead):
    assert stops.reason(queue(lead)) is None


@pytest.mark.skipif(database.vendor != "sqlite", reason="PostgreSQL plans by what tables hold")
@pytest.mark.parametrize("ask", [stops.reason, stops.reason_or_pause])
def test_no_table_is_read_through_for_a_message(queue, lead, ask):
    message = queue(lead)
    with CaptureQueriesContext(database) as asked:
        ask(message)

    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
        steps = [row[3] for row in cursor.fetchall()]

    assert [step for step in steps if "AUTOMATIC" in step] == []
    read = {step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step}
    assert read == {"SCAN asked", "SCAN about", "SCAN found"}  # the last one is what it comes to
    assert [step for step in steps if "company_id" in step and " won " in step] == [
        "SEARCH won USING INDEX crm_deal_company_id_5f13cebb (company_id=?)"
    ]


@pytest.mark.parametrize("kind", Suppression.Kind.values)
def test_a_suppressed_address_however_it_is_spelled(queue, lead, kind):
    found = Suppression.objects.create(email=lead.email, kind=kind, at=clock.now())
    message = queue(lead)
    message.to_email = lead.email.upper()

    assert stops.reason(message) == stops.Stop(reason=kind, because={"suppression": found.pk})


def test_a_person_suppressed_under_another_address(queue, lead, make_lead):
    Suppression.objects.create(
        email="old@customer.example", kind="unsubscribed", at=clock.now(), lead=lead
    )

    assert reason(queue(lead)) == "unsubscribed"
    assert reason(queue(make_lead("alan@customer.example"))) is None


@pytest.mark.parametrize(
    ("change", "stop"),
    [({"deleted_at": True}, "lead_deleted"), ({"do_not_contact": True}, "do_not_contact")],
)
def test_a_lead_that_is_gone_or_opted_out(queue, lead, change, stop):
    message = queue(lead)
    type(lead).objects.update(
        **{k: clock.now() if k == "deleted_at" else v for k, v in change.items()}
    )

    assert stops.reason(message) == stops.Stop(reason=stop, because={"lead": lead.pk})


def test_a_reply_since_the_enrollment_began(queue, lead, mailbox):
    message = queue(lead)
    came_in(mailbox, message.enrolled_at, lead=lead)
    came_in(mailbox, clock.now(), kind="auto_reply", lead=lead)
    before = reason(message)

    found = came_in(mailbox, message.enrolled_at + HOUR / 2, lead=lead)

    assert before is None
    assert stops.reason(message) == stops.Stop(reason="replied", because={"inbound": found.pk})


def test_a_reply_to_the_enrollment_by_somebody_else(queue, lead, mailbox):
    first = queue(lead)
    found = came_in(mailbox, clock.now(), answers=first)

    message = queue(lead, step="reminder")

    assert stops.reason(message) == stops.Stop(reason="replied", because={"inbound": found.pk})
    assert reason(queue(lead, enrollment=999)) is None


@pytest.mark.parametrize("kind", ["crm_meeting", "meeting_booked"])
def test_a_meeting_since_the_enrollment_began(queue, lead, kind):
    message = queue(lead)
    Activity.objects.create(kind=kind, lead=lead, occurred_at=message.enrolled_at)
    Activity.objects.create(kind="stage_moved", lead=lead, occurred_at=clock.now())
    before = reason(message)

    found = Activity.objects.create(kind=kind, lead=lead, occurred_at=clock.now())

    assert before is None
    assert stops.reason(message) == stops.Stop(reason=kind, because={"activity": found.pk})


def test_its_deal_closed_since_the_enrollment_began(queue, lead, connection):
    now = clock.now()
    deals = [closed(connection, lead, at) for at in (now - 2 * HOUR, now)]
    undated = Deal.objects.create(
        name="x", source=connection, created_at=now, is_closed=True, closed_at=None
    )
    open_ = Deal.objects.create(name="x", source=connection, created_at=now)

    found = [
        reason(queue(lead, deal=deal, enrollment=number))
        for number, deal in enumerate([*deals, undated, open_, None], start=1)
    ]

    assert found == [None, "deal_closed", "deal_closed", None, None]


@pytest.mark.parametrize("whom", ["domain", "company", "hash"])
def test_whoever_a_wider_suppression_covers(queue, lead, make_lead, whom):
    company = Company.objects.create(name="Hopper")
    type(lead).objects.filter(pk=lead.pk).update(company=company)
    covers: dict[str, dict[str, object]] = {
        "domain": {"email": "@customer.example"},
        "company": {"email": "", "company": company},
        "hash": {"email": suppression.hashes(lead.email)[0]},
    }
    other = queue(make_lead("alan@elsewhere.example"))
    message = queue(lead)

    found = Suppression.objects.create(kind="manual", at=clock.now(), **covers[whom])

    stop = stops.Stop(reason="manual", because={"suppression": found.pk})
    assert stops.reasons([message, other]) == {message.pk: stop}


@pytest.mark.parametrize("suppressed", ["old@one.example", "new@other.example", "@other.example"])
def test_both_addresses_of_a_lead_that_changed_it_count(queue, make_lead, suppressed):
    lead = make_lead("old@one.example")
    message = queue(lead)
    lead.email = "new@other.example"
    lead.save()
    message.refresh_from_db()
    assert reason(message) is None

    Suppression.objects.create(email=suppressed, kind="unsubscribed", at=clock.now())

    assert reason(message) == "unsubscribed"
