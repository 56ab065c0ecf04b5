"""What the processes of the crash test do, each on the same database: fill, work, tell, tally."""

import json
import os
import sys
import time
from datetime import timedelta

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.core.management import call_command  # noqa: E402 - after set-up
from django.test import Client  # noqa: E402 - likewise

from crm.models import Connection, Lead  # noqa: E402 - likewise
from mail import claims, outbox  # noqa: E402 - likewise
from mail.models import EmailTemplate, Mailbox, Message, Sender  # noqa: E402 - likewise
from runtime import clock  # noqa: E402 - likewise
from tests.mail.conftest import ADA, NOON  # noqa: E402 - likewise
from tests.mail.esp.conftest import BLOCKS  # noqa: E402 - likewise
from tests.mail.esp.payloads import authorization, event  # noqa: E402 - likewise

WINDOW = {"days": ["wed"], "from": "00:00", "to": "24:00", "timezone": "UTC"}
UNDER_WAY = (Message.Status.QUEUED, Message.Status.SENDING)


def fill(total: str, port: str) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    source = Connection.objects.create(name="crm", kind="csv", pull_every=timedelta(hours=1))
    Sender.objects.create(company="Us", postal_address="Street 1")
    template = EmailTemplate.objects.create(
        name="opening", digest="1", subject="Hello", text="{{ unsubscribe_url }}"
    )
    mailbox = Mailbox.objects.create(
        address=ADA,
        username=ADA,
        esp={"kind": "postmark", "url": f"http://127.0.0.1:{port}", **BLOCKS["postmark"]},
        per_day=100_000,
        per_hour=100_000,
        gap=timedelta(0),
    )
    for number in range(int(total)):
        lead = Lead.objects.create(
            email=f"lead-{number}@customer.example", source=source, created_at=NOON
        )
        draft = outbox.Draft(
            enrollment_id=number + 1, step_id="opening", sequence="approach", token=str(number),
            lead_id=lead.pk, deal_id=None, mailbox_id=mailbox.pk, template_id=template.pk,
            parent_id=None, to_email=lead.email, message_id=outbox.message_id(ADA), window=WINDOW,
            enrolled_at=NOON, due_at=NOON, because={},
        )  # fmt: skip
        outbox.queue([draft])


def work() -> None:
    """Until nothing is under way, or it is killed."""
    claims.LEASE = 1.0
    mailbox_id = Mailbox.objects.get().pk
    while Message.objects.filter(status__in=UNDER_WAY).exists():
        outbox.deliver(mailbox_id)
        time.sleep(0.01)


def tell(*addresses: str) -> None:
    """The ESP's events of what it has taken."""
    for message in Message.objects.filter(to_email__in=addresses):
        body = event("postmark", "delivered", message)
        Client().post(
            f"/webhooks/esp/{ADA}/tracking",
            json.dumps(body),
            content_type="application/json",
            headers={**authorization(), "Host": "localhost"},
        )


def tally() -> None:
    print(json.dumps(dict(Message.objects.values_list("to_email", "status"))))  # noqa: T201 - its answer


if __name__ == "__main__":
    clock.install(lambda: NOON)
    globals()[sys.argv[1]](*sys.argv[2:])
