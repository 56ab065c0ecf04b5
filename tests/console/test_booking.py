"""Cal.com's webhooks: who is let in, whose booking it is, and what it comes to in any order."""

import hmac
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Activity, Connection, Lead, Meeting, Owner
from mail import booking
from mail.models import Mailbox, Sender

pytestmark = pytest.mark.django_db
SECRET = "zzzzzzzz"
PATH = "/webhooks/cal/ada@example.com"
START = datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
BOOKED, MOVED, CANCELED, SEEN = (f"2026-03-02T05:0{minute}:00.538Z" for minute in (0, 1, 2, 3))


@pytest.fixture(autouse=True)
def mailbox(frozen_clock, monkeypatch):
    monkeypatch.setenv("CAL_SECRET", SECRET)
    Sender.objects.create(
        company="Us", postal_address="Here", public_url="https://outreach.example",
        booking={"provider": "cal.com", "secret": "${CAL_SECRET}", "link": "https://cal.com/ada/30"},
    )  # fmt: skip
    return Mailbox.objects.create(
        address="ada@example.com", owner=Owner.objects.create(email="ada@example.com", name="Ada"),
        smtp_url="smtp://127.0.0.1:9", imap_url="imap://127.0.0.1:9", username="ada",
        per_day=100, per_hour=100, gap=timedelta(0),
    )  # fmt: skip


@pytest.fixture
def lead(mailbox, frozen_clock):
    source = Connection.objects.create(name="crm", kind="csv", pull_every=timedelta(hours=1))
    return Lead.objects.create(
        email="grace@customer.example", source=source, owner=mailbox.owner,
        created_at=frozen_clock.now,
    )  # fmt: skip


def told(trigger="BOOKING_CREATED", at=BOOKED, uid="first", start=START, **more):
    """As Cal.com writes it, with what it does not need left out."""
    payload = {
        "type": "30min",
        "title": "30min between Ada Byron and Grace Hopper",
        "startTime": start.isoformat().replace("+00:00", "Z"),
        "endTime": (start + timedelta(minutes=30)).isoformat().replace("+00:00", "Z"),
        "organizer": {"id": 5, "email": "ada@example.com", "timeZone": "Europe/Berlin"},
        "attendees": [
            {"email": "Grace@Customer.example", "name": "Grace", "timeZone": "America/New_York"}
        ],
        "location": "integrations:daily",
        "metadata": {"videoCallUrl": "https://app.cal.com/video/first"},
        "uid": uid,
        "bookingId": 91,
        **more,
    }
    return {"triggerEvent": trigger, "createdAt": at, "payload": payload}


def moved(at=MOVED, uid="second", former="first", days=1):
    start = START + timedelta(days=days)
    return told("BOOKING_RESCHEDULED", at, uid, start, rescheduleUid=former)


def canceled(at=CANCELED, uid="first", days=0):
    start = START + timedelta(days=days)
    return told("BOOKING_CANCELLED", at, uid, start, cancellationReason="ill")


def absent(at=SEEN, uid="first", value=True):
    people = [{"email": "grace@customer.example", "noShow": value}]
    payload = {"bookingUid": uid, "bookingId": 91, "attendees": people, "message": "..."}
    return {"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at, "payload": payload}


def ended(uid="first"):
    """The booking's row, as it is written down for later: there is no payload."""
    return {"triggerEvent": "MEETING_ENDED", "id": 91, "uid": uid, "createdAt": BOOKED}


def post(body, *, secret=SECRET, path=PATH, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = hmac.new(secret.encode(), content, "sha256").hexdigest()
    given_ = {"X-Cal-Signature-256": signature, **headers}
    answer = Client().post(path, content, content_type="application/json", headers=given_)
    return answer.status_code


def kinds():
    return list(Activity.objects.order_by("pk").values_list("kind", flat=True))


def test_a_booking_is_the_leads_with_its_time_and_place(lead):
    assert post(told()) == 200

    meeting = Meeting.objects.get()
    lead.refresh_from_db()
    assert (meeting.lead, meeting.owner, meeting.status) == (lead, lead.owner, "booked")
    assert (meeting.starts_at, meeting.ends_at) == (START, START + timedelta(minutes=30))
    assert lead.meeting == {
        "start": "2026-03-05T14:00:00+00:00",
        "day": "Thursday, 5 March",
        "time": "09:00",
        "timezone": "America/New_York",
        "title": "30min between Ada Byron and Grace Hopper",
        "url": "https://app.cal.com/video/first",
        "status": "booked",
    }
    assert kinds() == ["meeting_booked"]


def test_the_link_brings_a_booking_back_to_its_lead_whatever_address_is_given(lead):
    link = booking.link(lead, Sender.objects.get())
    page, _, token = link.partition("?metadata%5Bcadenza%5D=")
    stranger = [{"email": "g@home.example", "name": "G", "timeZone": "nowhere"}]

    post(told(attendees=stranger, metadata={"cadenza": token}))

    meeting = Meeting.objects.get()
    assert (page, meeting.lead, meeting.attendee) == (
        "https://cal.com/ada/30", lead, "g@home.example",
    )  # fmt: skip


@pytest.mark.parametrize("token", ["", "x", 7, None, ["a"], "A" * 32])
def test_a_forged_token_is_nobodys_and_the_address_counts(lead, token):
    post(told(metadata={"cadenza": token}))

    assert Meeting.objects.get().lead == lead


@pytest.mark.parametrize("leads", [0, 2])
def test_whose_it_is_is_not_guessed(lead, leads):
    lead.delete() if leads == 0 else Lead.objects.create(
        email=lead.email, source=lead.source, created_at=lead.created_at
    )

    assert post(told()) == 200

    assert (Meeting.objects.get().lead, kinds()) == (None, [])


def test_a_moved_booking_is_the_same_meeting(lead):
    post(told())
    post(moved())

    meeting = Meeting.objects.get()
    lead.refresh_from_db()
    assert (meeting.uid, meeting.sequence, meeting.status) == ("second", 1, "booked")
    assert lead.meeting["start"] == "2026-03-06T14:00:00+00:00"
    assert kinds() == ["meeting_booked", "meeting_moved"]


def test_what_is_called_off_is_no_meeting_any_more(lead):
    post(told())
    post(canceled())

    lead.refresh_from_db()
    assert (Meeting.objects.get().status, lead.meeting) == ("canceled", None)
    assert kinds() == ["meeting_booked", "meeting_canceled"]


def test_the_end_of_a_meeting_says_that_it_was_held_when_it_is_over(lead, frozen_clock):
    post(told())
    post(ended())
    before = Meeting.objects.get().status

    frozen_clock.now = START + timedelta(minutes=30)
    post(ended())

    lead.refresh_from_db()
    assert (before, lead.meeting["status"]) == ("booked", "held")
    assert kinds() == ["meeting_booked", "meeting_held"]


def test_who_did_not_come_missed_it_until_it_is_taken_back(lead):
    post(told())
    post(absent())
    missed = Meeting.objects.get().status
    post(absent("2026-03-06T09:00:00Z", value=False))

    assert (missed, Meeting.objects.get().status) == ("missed", "held")
    assert kinds() == ["meeting_booked", "meeting_missed", "meeting_held"]


def test_a_request_is_no_booking_before_it_is_confirmed(lead):
    post(told("BOOKING_REQUESTED"))
    asked, noted = Meeting.objects.get().status, kinds()
    post(told("BOOKING_CREATED", MOVED))

    assert (asked, noted) == ("invited", [])
    assert (Meeting.objects.get().status, kinds()) == ("booked", ["meeting_booked"])


LIFE = [
    told(),
    moved(),
    moved("2026-03-02T05:01:30Z", "third", "second", days=2),
    absent("2026-03-02T05:01:20Z", "second"),
    canceled(uid="third", days=2),
]


@pytest.mark.parametrize("upto", [3, 4, 5])
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_and_however_often_it_is_told_the_meeting_is_the_same(lead, upto, data):
    news = LIFE[:upto]
    order = data.draw(st.permutations([*news, *data.draw(st.lists(st.sampled_from(news)))]))

    with transaction.atomic():
        for one in order:
            assert post(one) == 200
        meetings = list(Meeting.objects.values_list("uid", "starts_at", "status", "lead"))
        calls = kinds().count("meeting_canceled")
        transaction.set_rollback(True)

    status = "canceled" if upto == 5 else "booked"
    assert meetings == [("third", START + timedelta(days=2), status, lead.pk)]
    assert calls <= 1


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"secret": "another"}, 401, "the signature is another one"),
        ({"X-Cal-Signature-256": "no-secret-provided"}, 401, "the signature is another one"),
        ({"X-Cal-Signature-256": "é"}, 401, "the signature is another one"),
        ({"path": "/webhooks/cal/nobody@example.com"}, 404, "no such mailbox"),
        ({"body": b"{"}, 400, "no JSON"),
        ({"body": b"[]"}, 400, "no object"),
        ({"body": told(uid="")}, 400, "not as expected: payload.uid"),
        ({"body": told(startTime="2026-03-05T14:00:00")}, 400, "not as expected: payload.startTime"),
        ({"body": told(endTime="2026-03-05T13:00:00Z")}, 400, "not as expected: payload"),
        ({"body": {"triggerEvent": "MEETING_ENDED"}}, 400, "not as expected: uid"),
        ({"Content-Length": str(2 << 20)}, 413, "too large"),
    ],
)  # fmt: skip
def test_who_is_refused_changes_nothing(lead, caplog, how, status, reason):
    body = how.pop("body", told())
    with caplog.at_level(logging.WARNING, "console.booking"):
        answer = post(body, **how)

    assert (answer, Meeting.objects.count()) == (status, 0)
    ours = [record for record in caplog.records if record.name == "console.booking"]
    [said] = [record.getMessage() for record in ours]
    assert reason in said


def test_without_its_secret_nothing_is_taken_in(lead, monkeypatch):
    monkeypatch.delenv("CAL_SECRET")

    assert (post(told()), Meeting.objects.count()) == (404, 0)


@pytest.mark.parametrize("trigger", ["PING", "FORM_SUBMITTED", None, 7, ["BOOKING_CREATED"]])
def test_what_is_about_no_booking_is_left_aside(trigger):
    assert (post(told(trigger)), Meeting.objects.count()) == (200, 0)
