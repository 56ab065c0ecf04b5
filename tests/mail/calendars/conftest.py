"""A meeting that is told of, moved and called off, as our mails have it, for calendars that are not ours."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from crm.models import Meeting
from mail import outbox
from process.meetings import by_hand
from workers import reactions

START = datetime(2026, 3, 30, 13, 0, tzinfo=UTC)  # summer time has begun in Berlin the day before
LATER = START + timedelta(days=1, hours=1)
TITLE = "Überblick, Preise; „Größe“ und \\ mehr, als in eine Zeile passt"
PLACE = "https://meet.example.com/straße?x=1;y=2,z#" + "lang" * 30
INVITE = {
    "title": TITLE,
    "start": "lead.extra.demo_at",
    "duration": 1800.0,
    "location": PLACE,
    "reminder": 900.0,
}


@pytest.fixture
def told(mailbox, queue, lead, sink, tmp_path):
    """Of each mail, the file that its calendar is in: asked, moved, called off."""
    lead.extra, lead.last_name = {"demo_at": START.isoformat()}, 'Höpper, "CTO"'
    lead.save()
    queue(lead, invite=INVITE)
    outbox.deliver(mailbox.pk)
    reactions.react()
    moved = by_hand.move(Meeting.objects.get(), LATER, by="Ada")
    outbox.deliver(mailbox.pk)
    by_hand.tell(moved, "meeting_canceled", by="Ada")
    outbox.deliver(mailbox.pk)

    files = [tmp_path / f"{name}.ics" for name in ("asked", "moved", "canceled")]
    for file, raw in zip(files, sink.taken, strict=True):
        parts = message_from_bytes(raw, policy=policy.default).walk()
        [calendar] = [part for part in parts if part.get_content_type() == "text/calendar"]
        file.write_bytes(calendar.get_payload(decode=True))
    return files
