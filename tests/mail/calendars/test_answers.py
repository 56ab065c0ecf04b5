"""Answers as calendar programs wrote them to our invitations, byte for byte."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from crm.models import Meeting
from mail import outbox, receive
from mail.classify import calendar_reply, kinds, parsed
from mail.classify.calendar_reply import CalendarReply
from mail.inbound import Arrived
from tests.mail.calendars.conftest import INVITE, START
from workers import reactions

ANSWERS = Path(__file__).with_name("answers")
INVITED = "token-1.opening@example.com"  # to which the programs answered


def as_mail(written, text="Declined"):
    """What KDE's library wrote, in a mail: its mail program was not there."""
    mail = EmailMessage()
    mail["From"] = "grace@customer.example"
    mail.set_content(text)
    mail.add_alternative(
        written, maintype="text", subtype="calendar", params={"method": "REPLY"}, cte="base64"
    )
    return mail.as_bytes()


@pytest.mark.parametrize(
    ("name", "uid", "answer", "sequence"),
    [
        ("thunderbird-tentative.eml", INVITED, "tentative", 0),
        ("thunderbird-accepted.eml", INVITED, "accepted", 1),
        ("thunderbird-declined.eml", "1058da943e141e50f8dab78860be6b05@cadenza", "declined", 0),
        ("evolution-accepted.eml", "second-1@example.com", "accepted", 0),
        ("evolution-tentative.eml", "second-1@example.com", "tentative", 1),
        ("evolution-declined.eml", "9ac4602425453597782e87f5738bd4af@cadenza", "declined", 0),
        ("kde-declined.ics", INVITED, "declined", 0),
    ],
)
def test_it_is_read(name, uid, answer, sequence):
    written = (ANSWERS / name).read_bytes()
    raw = as_mail(written) if name.endswith(".ics") else written

    found = calendar_reply.detect(parsed.parse(raw))

    assert found == CalendarReply(uid=uid, answer=answer, sequence=sequence)


@pytest.mark.parametrize(
    ("comment", "kind", "text"),
    [
        (b"Not\\, now\\; in May.\\nGrace", "calendar", "Not, now; in May.\nGrace"),
        (b"Please unsubscribe me.", "unsubscribe", "Please unsubscribe me."),
    ],
)
def test_what_is_typed_beside_evolutions_buttons_is_read(comment, kind, text):
    """It stands in no other place; the time zone has a comment too."""
    written = (ANSWERS / "evolution-declined.eml").read_bytes()
    typed = written.replace(b"COMMENT:\r\n", b"COMMENT:" + comment + b"\r\n")

    opinion = kinds.classify(parsed.parse(typed))

    assert (opinion.kind, opinion.text) == (kind, text)


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("Declined", "Stop."),
        ("Declined. Stop by later.", "Stop"),
        ("When: Monday\n" * 200, "Please unsubscribe me."),
    ],
    ids=["a word alone", "a word of the text", "behind a long text"],
)
def test_a_wish_to_be_left_alone_is_seen_beside_any_text(text, comment):
    written = (ANSWERS / "kde-declined.ics").read_bytes()
    begins = b"BEGIN:VEVENT\r\n"
    typed = written.replace(begins, begins + f"COMMENT:{comment}\r\n".encode())

    opinion = kinds.classify(parsed.parse(as_mail(typed, text)))

    assert (opinion.kind, opinion.text) == ("unsubscribe", comment)


def test_a_line_that_fits_no_form_is_passed_over_at_once():
    """Each two of its parameters once took four times as long."""
    written = (ANSWERS / "kde-declined.ics").read_bytes()
    begins = b"BEGIN:VEVENT\r\n"
    long = begins + b"X" + b";a" * 500 + b"\r\n"

    found = calendar_reply.detect(parsed.parse(as_mail(written.replace(begins, long))))

    assert found == CalendarReply(uid=INVITED, answer="declined", sequence=0)


@pytest.mark.parametrize(
    ("program", "token"), [("thunderbird", "token-1.opening"), ("evolution", "second-1")]
)
def test_they_settle_the_meeting(mailbox, queue, lead, time, program, token):
    lead.extra = {"demo_at": START.isoformat()}
    lead.save()
    queue(lead, invite=INVITE, token=token)
    outbox.deliver(mailbox.pk)
    reactions.react()
    counted, statuses = [], []

    for number, name in enumerate(("tentative", "accepted"), 1):
        raw = (ANSWERS / f"{program}-{name}.eml").read_bytes()
        at = time.forward(hours=1)
        arrived = Arrived(uidvalidity=1, uid=number, raw=raw, received_at=at)
        counted.append(receive.receive(mailbox, arrived))
        reactions.react()
        statuses.append(Meeting.objects.get().status)

    assert (counted, statuses) == (["calendar", "calendar"], ["invited", "booked"])
