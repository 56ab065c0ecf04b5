"""Invitations that change, and what calendars answer: as a real server takes them, and once each."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from crm.models import Activity, Meeting
from crm.timeline import note
from mail import outbox, receive
from mail.classify import calendar_reply, parsed
from mail.inbound import Arrived
from mail.models import Inbound, Message, Suppression
from mail.suppression import suppress
from process.meetings import by_hand, invitations
from process.models import Task
from tests.mail.conftest import ADA
from workers import reactions
from workspace.problems import Fault

START = datetime(2026, 3, 30, 13, 0, tzinfo=UTC)
LATER = START + timedelta(days=1, hours=1)


@pytest.fixture
def meeting(mailbox, lead, sink):
    """Agreed on by voice; the invitation has left."""
    made = by_hand.book(lead, START, by="Ada", title="Demo", location="Room 1", invite_from=mailbox)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    return made


def calendars(sink):
    """Of each email that left: the method that its head names, and its calendar."""
    found = []
    for raw in sink.taken:
        mail = message_from_bytes(raw, policy=policy.default)
        [part] = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
        found.append(
            (part.get_param("method"), Calendar.from_ical(bytes(part.get_payload(decode=True))))
        )
    return found


def told(calendar):
    [event] = calendar.events
    return (
        str(calendar["METHOD"]), str(event["UID"]), event["SEQUENCE"], str(event["STATUS"]),
        event.start, event.duration,
    )  # fmt: skip


def test_a_meeting_keeps_its_identity_while_it_moves_and_is_called_off(meeting, mailbox, sink):
    moved = by_hand.move(meeting, LATER, by="Ada")
    outbox.deliver(mailbox.pk)
    by_hand.tell(moved, "meeting_canceled", by="Ada")
    outbox.deliver(mailbox.pk)

    half = timedelta(minutes=30)
    found = calendars(sink)
    assert [method for method, _ in found] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [told(calendar) for _, calendar in found] == [
        ("REQUEST", meeting.uid, 0, "CONFIRMED", START, half),
        ("REQUEST", meeting.uid, 1, "CONFIRMED", LATER, half),
        ("CANCEL", meeting.uid, 2, "CANCELLED", LATER, half),
    ]


def test_of_two_who_call_it_off_at_once_one_is_told_so(meeting, mailbox, sink):
    """Both have read it before the other wrote."""
    by_hand.tell(meeting, "meeting_canceled", by="Ada")
    refusals = []
    for late in (
        lambda: by_hand.tell(meeting, "meeting_canceled", by="Bob"),
        lambda: by_hand.tell(meeting, "meeting_held", by="Bob"),
        lambda: by_hand.move(meeting, LATER, by="Bob"),
    ):
        with pytest.raises(Fault) as refused:
            late()
        refusals.append(str(refused.value))
    outbox.deliver(mailbox.pk)

    assert refusals == [f"meeting {meeting.pk} was called off"] * 3
    assert [method for method, _ in calendars(sink)] == ["REQUEST", "CANCEL"]


def test_what_was_held_is_noted_as_held_once(meeting):
    for name in ("Ada", "Bob"):
        by_hand.tell(meeting, "meeting_held", by=name)

    held = Activity.objects.filter(kind="meeting_held")
    assert [one.data["by"] for one in held] == ["Ada"]


def test_what_leaves_is_what_calendars_ask_for(meeting, mailbox, sink):
    by_hand.tell(meeting, "meeting_canceled", by="Ada")
    outbox.deliver(mailbox.pk)

    _, calendar = calendars(sink)[-1]
    [event] = calendar.events
    written = calendar.to_ical()
    assert str(event["ORGANIZER"]) == f"mailto:{ADA}"
    assert str(event["ATTENDEE"]) == "mailto:grace@customer.example"
    assert "RSVP" not in event["ATTENDEE"].params
    assert [str(zone["TZID"]) for zone in calendar.timezones] == ["Europe/Berlin"]
    assert "DTSTAMP" in event
    assert max(map(len, written.split(b"\r\n"))) <= 75
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_the_text_says_it_too(meeting, mailbox, sink):
    by_hand.move(meeting, LATER, by="Ada")
    outbox.deliver(mailbox.pk)

    mail = message_from_bytes(sink.taken[-1], policy=policy.default)
    assert mail["Subject"] == "Moved: Demo"
    text = mail.get_body(("plain",)).get_content()
    assert "It is now on Tuesday, 31 March at 16:00 (Europe/Berlin time)." in text
    assert "It is here: Room 1" in text


def test_each_change_is_told_once(meeting, mailbox, sink):
    by_hand.move(meeting, LATER, by="Ada")

    assert [dict(outbox.deliver(mailbox.pk)) for _ in range(2)] == [{"sent": 1}, {}]
    assert sorted(Message.objects.values_list("step_id", flat=True)) == [
        f"meeting:{meeting.pk}:0",
        f"meeting:{meeting.pk}:1",
    ]


def test_an_answer_or_a_booking_does_not_hold_it(meeting, mailbox, lead, sink, time):
    by_hand.move(meeting, LATER, by="Ada")
    at = time.forward(seconds=1)
    note("answered", lead=lead, occurred_at=at)
    note("meeting_booked", lead=lead, occurred_at=at)

    assert outbox.deliver(mailbox.pk) == {"sent": 1}


@pytest.mark.parametrize("kind", ["unsubscribed", "hard_bounce", "do_not_contact"])
def test_whoever_must_not_be_written_to_gets_none(meeting, mailbox, lead, sink, time, kind):
    suppress(lead.email, Suppression.Kind(kind), at=time.now, lead=lead)

    by_hand.move(meeting, LATER, by="Ada")

    assert (outbox.deliver(mailbox.pk), len(sink.taken)) == ({"cancelled": 1}, 1)


def test_a_flag_in_the_crm_holds_it_too(meeting, mailbox, lead, sink):
    by_hand.move(meeting, LATER, by="Ada")
    lead.do_not_contact = True
    lead.save()

    assert outbox.deliver(mailbox.pk) == {"cancelled": 1}


def test_a_meeting_that_others_organize_is_theirs_to_tell(mailbox, lead, sink):
    made = by_hand.book(lead, START, by="Ada")

    by_hand.move(made, LATER, by="Ada")

    assert Message.objects.count() == 0


def test_news_that_a_server_refuses_is_a_persons_work(meeting, mailbox, lead, sink):
    sink.answers["DATA"] = ["554 5.7.1 no"]
    by_hand.move(meeting, LATER, by="Ada")

    outbox.deliver(mailbox.pk)
    reactions.react()

    assert [task.lead for task in Task.objects.filter(kind="email")] == [lead]


# -- what calendars answer -------------------------------------------------------------------

INVITE = {
    "title": "Demo", "start": "lead.extra.demo_at", "duration": 1800.0, "location": "Room 1",
    "reminder": None,
}  # fmt: skip


@pytest.fixture
def invited(mailbox, queue, lead, sink):
    """An email of a sequence invited to a meeting."""
    lead.extra = {"demo_at": START.isoformat()}
    lead.save()
    message = queue(lead, invite=INVITE)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    message.refresh_from_db()
    reactions.react()
    return message


def answer(message, state, *, sequence=0, uid="", text="Grace has answered.", kind="text/calendar"):
    """As calendars write it, folded."""
    uid = uid or f"{message.token}@example.com"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Another//Calendar//EN", "METHOD:REPLY",
        "BEGIN:VEVENT", f"UID:{uid[:20]}", f" {uid[20:]}", f"SEQUENCE:{sequence}",
        'ATTENDEE;CN="Hopper; Grace: CTO";ROLE=REQ-PARTICIPANT;', f" PARTSTAT={state}:",
        " mailto:grace@customer.example", "DTSTAMP:20260302T070000Z", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "grace@customer.example", ADA, f"{state}: Demo"
    mail["Message-ID"] = f"<{state}{sequence}{len(text)}@customer.example>"
    mail.set_content(text)
    main, sub = kind.split("/")
    written = "\r\n".join(lines).encode()
    mail.add_alternative(written, maintype=main, subtype=sub, params={"method": "REPLY"})
    return mail.as_bytes(policy=policy.SMTP)


def arrives(mailbox, raw, at):
    return receive.receive(mailbox, Arrived(uidvalidity=1, uid=1, raw=raw, received_at=at))


def test_an_invitation_that_left_is_a_meeting_that_nobody_has_agreed_to(invited, lead, mailbox):
    meeting = Meeting.objects.get()

    lead.refresh_from_db()
    assert (meeting.lead, meeting.status, meeting.source) == (lead, "invited", "invitation")
    assert (meeting.starts_at, meeting.ends_at) == (START, START + timedelta(minutes=30))
    assert (meeting.title, meeting.location, meeting.mailbox_id) == ("Demo", "Room 1", mailbox.pk)
    assert lead.meeting is None


@pytest.mark.parametrize(
    ("state", "status", "kinds"),
    [
        ("ACCEPTED", "booked", ["meeting_booked"]),
        ("DECLINED", "canceled", ["meeting_canceled"]),
        ("TENTATIVE", "invited", []),
    ],
)
@pytest.mark.parametrize("kind", ["text/calendar", "application/ics"])
def test_what_a_calendar_answers_settles_it(
    invited, mailbox, lead, time, state, status, kinds, kind
):
    counted = arrives(mailbox, answer(invited, state, kind=kind), time.forward(hours=1))
    reactions.react()

    assert (counted, Inbound.objects.get().kind) == ("calendar", "calendar")
    assert Meeting.objects.get().status == status
    noted = Activity.objects.filter(kind__startswith="meeting_").order_by("pk")
    assert [one.kind for one in noted] == kinds
    assert not Activity.objects.filter(kind="answered").exists()


def test_an_answer_to_what_was_moved_since_settles_nothing(invited, mailbox, time):
    meeting = by_hand.move(Meeting.objects.get(), LATER, by="Ada")

    arrives(mailbox, answer(invited, "DECLINED"), time.forward(hours=1))
    reactions.react()

    meeting.refresh_from_db()
    assert meeting.status == "booked"


def test_its_reminder_moves_with_it(mailbox, queue, lead, sink):
    lead.extra = {"demo_at": START.isoformat()}
    lead.save()
    queue(lead, invite={**INVITE, "reminder": 900.0})
    outbox.deliver(mailbox.pk)
    reactions.react()

    meeting = by_hand.move(Meeting.objects.get(), LATER, by="Ada")
    outbox.deliver(mailbox.pk)
    by_hand.tell(meeting, "meeting_canceled", by="Ada")
    outbox.deliver(mailbox.pk)

    quarter = timedelta(minutes=15)
    alarms = [calendar.events[0].alarms.times for _, calendar in calendars(sink)]
    triggers = [[alarm.trigger for alarm in found] for found in alarms]
    assert triggers == [[START - quarter], [LATER - quarter], []]


def test_who_declines_after_all_gets_no_news_of_it(invited, mailbox, sink, time):
    arrives(mailbox, answer(invited, "ACCEPTED"), time.forward(hours=1))
    reactions.react()
    arrives(mailbox, answer(invited, "DECLINED"), time.forward(hours=1))
    reactions.react()

    assert Meeting.objects.get().status == "canceled"
    assert not Message.objects.filter(is_notice=True).exists()


def test_who_asks_in_the_answer_to_be_left_alone_is(invited, mailbox, lead, time):
    raw = answer(invited, "DECLINED", text="Please unsubscribe me.")

    assert arrives(mailbox, raw, time.forward(hours=1)) == "unsubscribe"


def test_an_answer_to_another_meeting_is_noted_and_settles_nothing(invited, mailbox, time):
    arrives(mailbox, answer(invited, "ACCEPTED", uid="x" * 30), time.forward(hours=1))
    reactions.react()

    assert Meeting.objects.get().status == "invited"


def test_it_is_read_as_the_library_reads_it(invited):
    mail = parsed.parse(answer(invited, "ACCEPTED", sequence=3))

    found = calendar_reply.detect(mail)

    [part] = [one for one in mail.own if one.get_content_type() == "text/calendar"]
    [event] = Calendar.from_ical(parsed.content(part)).events
    assert found == calendar_reply.CalendarReply(
        uid=str(event["UID"]), answer="accepted", sequence=int(str(event["SEQUENCE"]))
    )


def test_a_notice_is_no_meeting_of_its_own(meeting, mailbox):
    message = Message.objects.get()

    assert (invitations.sent(message), Meeting.objects.count()) == (None, 1)
