"""An email that has left, with links that lead through us."""

from datetime import timedelta

import pytest

from crm.models import Connection, Lead
from mail import compose
from mail.models import EmailTemplate, Mailbox, Message, Sender
from runtime import clock

PUBLIC = "https://out.example.com"
LINKS = ["https://shop.example/a?b=1&c=%20", "http://shop.example/b#c"]


@pytest.fixture
def mailbox(db):
    return Mailbox.objects.create(
        address="ada@example.com",
        smtp_url="smtp://127.0.0.1:9",
        imap_url="imap://127.0.0.1:9",
        username="ada",
        password="${PASSWORD}",
        per_day=100,
        per_hour=100,
        gap=timedelta(0),
    )


@pytest.fixture
def send(mailbox, frozen_clock):
    """Write an email to somebody and let it have left an hour ago, pixel and all."""
    Sender.objects.create(
        company="Us",
        postal_address="Here",
        public_url=PUBLIC,
        track_clicks=True,
        track_opens=True,
    )
    source, _ = Connection.objects.get_or_create(
        name="crm", kind="csv", defaults={"pull_every": timedelta(hours=1)}
    )
    template = EmailTemplate.objects.create(
        name="opening",
        digest="1",
        subject="Hello",
        html="".join(f'<a href="{url.replace("&", "&amp;")}">x</a>' for url in LINKS)
        + "<a href='{{ unsubscribe_url }}'>out</a>",
    )

    def write(number=1):
        now, left_at = clock.now(), clock.now() - timedelta(hours=1)
        email = f"grace{number}@customer.example"
        lead = Lead.objects.create(email=email, source=source, created_at=now)
        message = Message.objects.create(
            enrollment_id=number,
            step_id="opening",
            token=f"token-{number}",
            lead=lead,
            mailbox=mailbox,
            template=template,
            to_email=email,
            message_id=f"<{number}@example.com>",
            window={},
            enrolled_at=left_at,
            queued_at=left_at,
            due_at=left_at,
            handed_at=left_at,
            sent_at=left_at,
        )
        for name, value in vars(compose.compose(message)).items():
            setattr(message, name, value)
        message.save()
        return message

    return write
