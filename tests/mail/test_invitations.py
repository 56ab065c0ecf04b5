"""Invitations as a real server takes them, read back by a library that is not ours to change."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from mail import invitations, outbox
from mail.invitations import Invitation, Party
from mail.models import Message, Sender
from tests.mail.conftest import ADA, NOON

INVITE = {
    "title": 'Demo for {{ lead.first_name | default("you") }}',
    "start": "lead.extra.demo_at",
    "duration": 1800.0,
    "location": "https://meet.example.com/ada",
    "reminder": 900.0,
}
START = datetime(2026, 3, 30, 13, 0, tzinfo=UTC)  # in Berlin it is 15:00, in summer time
DEMO_AT = START.isoformat()
NEVER = "9999-12-31T23:59:59-12:00"  # as CRMs write that there is no end


def invitation(**values):
    values = {
        "uid": "1@example.com",
        "title": "Demo",
        "starts_at": START.astimezone(ZoneInfo("Europe/Berlin")),
        "duration": timedelta(minutes=30),
        "organizer": Party(email=ADA, name="Ada Byron"),
        "attendee": Party(email="grace@customer.example", name="Grace Hopper"),
        **values,
    }
    return Invitation(**values)


def event_of(written):
    (event,) = Calendar.from_ical(written).events
    return event


@pytest.fixture
def invited(mailbox, queue, lead, sink):
    """Deliver an invitation to the lead; what the server took, opened."""

    def send(demo_at=DEMO_AT, **changes):
        lead.extra = {"demo_at": demo_at}
        lead.save()
        queue(lead, invite={**INVITE, **changes})
        assert outbox.deliver(mailbox.pk) == {"sent": 1}
        return message_from_bytes(sink.taken[-1], policy=policy.default)

    return send


@pytest.mark.django_db
def test_the_mail_has_the_invitation_beside_its_texts_and_as_a_file(invited):
    mail = invited()

    texts, file = mail.iter_parts()
    kinds = [part.get_content_type() for part in texts.iter_parts()]
    calendar = list(texts.iter_parts())[2]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert (calendar.get_param("method"), calendar.get_content_charset()) == ("REQUEST", "utf-8")
    assert (file.get_filename(), file.get_content_type()) == ("invite.ics", "application/ics")
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True)
    assert calendar.get_content_disposition() is None


def test_a_mail_of_text_alone_has_it_too(invited, template):
    template.html = ""
    template.save()

    texts, _ = invited().iter_parts()

    kinds = [part.get_content_type() for part in texts.iter_parts()]
    assert kinds == ["text/plain", "text/calendar"]


def test_the_invitation_is_what_was_written(invited):
    (file,) = invited().iter_attachments()

    read = Calendar.from_ical(file.get_payload(decode=True))
    event = event_of(file.get_payload(decode=True))
    assert (str(read["METHOD"]), str(read["VERSION"])) == ("REQUEST", "2.0")
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("Demo for Grace", INVITE["location"])
    assert (event.start, event.duration) == (START, timedelta(minutes=30))
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event.start.strftime("%H:%M") == "15:00"
    assert [str(zone["TZID"]) for zone in read.timezones] == ["Europe/Berlin"]
    assert (event["SEQUENCE"], str(event["STATUS"])) == (0, "CONFIRMED")
    assert event["DTSTAMP"].dt == NOON
    assert str(event["ORGANIZER"]) == f"mailto:{ADA}"
    assert str(event["ATTENDEE"]) == "mailto:grace@customer.example"
    assert dict(event["ATTENDEE"].params) == {
        "CN": "Grace",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }
    (alarm,) = event.alarms.times
    assert alarm.trigger == START - timedelta(minutes=15)


@pytest.mark.parametrize(
    ("starts_at", "zone", "zones"),
    [
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), "Europe/Berlin", ["Europe/Berlin"]),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), "Europe/Berlin", []),
        (datetime(2026, 10, 25, 1, 59, tzinfo=UTC), "Europe/Berlin", []),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "Europe/Berlin", ["Europe/Berlin"]),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Dublin", []),
    ],
)
def test_an_hour_that_comes_twice_is_told_in_utc(starts_at, zone, zones):
    written = invitations.written(invitation(starts_at=starts_at.astimezone(ZoneInfo(zone))))

    told = [str(zone["TZID"]) for zone in Calendar.from_ical(written).timezones]
    assert (event_of(written).start, told) == (starts_at, zones)


def test_the_identity_is_the_steps(invited, lead):
    (file,) = invited().iter_attachments()

    message = Message.objects.get()
    uid = str(event_of(file.get_payload(decode=True))["UID"])
    assert uid == f"{message.token}@example.com"


def test_in_staging_who_gets_it_is_asked(invited):
    Sender.objects.update(redirect_to="staging@example.com")

    (file,) = invited().iter_attachments()

    assert str(event_of(file.get_payload(decode=True))["ATTENDEE"]) == "mailto:staging@example.com"


def test_without_place_and_reminder_there_are_none(invited):
    (file,) = invited(location=None, reminder=None).iter_attachments()

    event = event_of(file.get_payload(decode=True))
    assert ("LOCATION" in event, event.subcomponents) == (False, [])


@pytest.mark.parametrize(
    ("demo_at", "title", "error"),
    [
        (None, "Demo", "start, lead.extra.demo_at, is blank"),
        ("soon", "Demo", "start, lead.extra.demo_at, is no moment: soon"),
        ("2026-03-30", "Demo", "start, lead.extra.demo_at, is no moment: 2026-03-30"),
        (NEVER, "Demo", f"start, lead.extra.demo_at, is no moment: {NEVER}"),
        (
            NOON.isoformat(),
            "Demo",
            f"start, lead.extra.demo_at, has passed: {NOON.isoformat()}",
        ),
        (DEMO_AT, "Demo {{ lead.title }}", "title: lead.title is blank"),
    ],
)
def test_what_cannot_be_made_does_not_leave(mailbox, queue, lead, sink, demo_at, title, error):
    lead.extra = {"demo_at": demo_at}
    lead.save()
    message = queue(lead, invite={**INVITE, "title": title})

    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (outcome, sink.taken) == ({"failed": 1}, [])
    assert message.last_error.startswith(f"the invitation's {error}")


@pytest.mark.django_db
def test_one_that_is_tried_again_does_not_leave_once_its_meeting_has_begun(
    mailbox, queue, lead, sink, time
):
    lead.extra = {"demo_at": (NOON + timedelta(minutes=10)).isoformat()}
    lead.save()
    sink.answers["RCPT"] = ["451 4.3.0 later"]
    message = queue(lead, invite=INVITE)
    assert outbox.deliver(mailbox.pk) == {"retried": 1}

    time.forward(hours=1)
    outcome = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (outcome, sink.taken) == ({"failed": 1}, [])
    assert "has passed" in message.last_error


TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\x85")
)


@given(title=TEXT, location=TEXT, name=TEXT)
def test_any_text_comes_back_in_lines_as_rfc_5545_has_them(title, location, name):
    told = invitation(
        title=title, location=location, attendee=Party(email="g@c.example", name=name)
    )

    written = invitations.written(told)

    event = event_of(written)
    lines = written.split(b"\r\n")
    assert (str(event["SUMMARY"]), str(event.get("LOCATION", ""))) == (title, location)
    assert event["ATTENDEE"].params.get("CN", "") == name.replace("\\", "/")
    assert max(map(len, lines)) <= 75
    assert re.findall(rb"(?<!\r)\n|\r(?!\n)", written) == []
    assert [line.decode() for line in lines][-1] == ""


@pytest.mark.parametrize("name", ["a\r\nATTENDEE:mailto:x@y.example", "a\0"])
def test_case_16_a_control_character_in_a_name_is_refused(name):
    with pytest.raises(ValueError) as caught:
        invitations.written(invitation(attendee=Party(email="g@c.example", name=name)))

    assert str(caught.value) == f"the name {name!r} has a line break or control character in it"
