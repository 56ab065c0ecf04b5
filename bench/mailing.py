"""What the process of `bench.mail` does on its own database, once Django is up."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import call_command
from django.db import transaction

from bench.arrivals import ARRIVALS
from bench.crowd import NOON
from bench.process import serve
from crm.models import Company, Connection, Lead
from mail import outbox
from mail.classify import kinds, parsed
from mail.models import EmailTemplate, Mailbox, Message, Sender
from runtime import clock, memory

_EMAIL = Path(__file__).parent.parent / "templates" / "email" / "approach-cold-opening"
_WINDOW = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "00:00", "to": "24:00"}
_DKIM = {"domain": "us.example", "selector": "bench", "key": "${BENCH_DKIM_KEY}"}
_CLASSIFIED = 2_000
#: So many leads are at each company.
_COLLEAGUES = 10
_enrollments = count(1)


def main() -> None:
    clock.install(lambda: NOON)
    memory.settle()  # as a worker does when it begins
    serve(COMMANDS)


def fill(port: int, mailboxes: int = 1) -> int:
    """A team and its mailboxes, numbered from 1; the bytes of their email."""
    call_command("migrate", verbosity=0, interactive=False)
    os.environ["BENCH_DKIM_KEY"] = _key()
    Connection.objects.create(pk=1, name="hubspot", kind="hubspot", pull_every=timedelta(hours=1))
    Sender.objects.create(
        company="Us", postal_address="Street 1", public_url="https://out.us.example"
    )
    Mailbox.objects.bulk_create(_mailbox(1 + number, port) for number in range(mailboxes))
    EmailTemplate.objects.create(
        pk=1,
        name=_EMAIL.name,
        digest="1",
        subject=(_EMAIL / "subject.txt").read_text(),
        text=(_EMAIL / "body.txt").read_text(),
        html=(_EMAIL / "body.html").read_text(),
    )
    for mailbox in range(1, mailboxes + 1):
        queue(10, signed=True, mailbox=mailbox)
        deliver(10, mailbox)
    return len(bytes(Message.objects.latest("pk").raw or b""))


def queue(total: int, signed: bool, mailbox: int = 1) -> None:
    """So many emails of the mailbox, due now, each to somebody new."""
    Mailbox.objects.update(dkim=_DKIM if signed else None)
    sender, template = Mailbox.objects.get(pk=mailbox), EmailTemplate.objects.get()
    numbers = [next(_enrollments) for _ in range(total)]
    with transaction.atomic():
        Company.objects.bulk_create(
            map(_company, sorted({n // _COLLEAGUES for n in numbers})), ignore_conflicts=True
        )
        Lead.objects.bulk_create(map(_lead, numbers))
        outbox.queue([_draft(number, sender, template) for number in numbers])


def deliver(total: int, mailbox: int = 1) -> tuple[float, float]:
    """Seconds on the wall and of this process."""
    began, cpu = time.perf_counter(), time.process_time()
    counts = outbox.deliver(mailbox)
    took = time.perf_counter() - began, time.process_time() - cpu
    if counts != {"sent": total}:
        raise AssertionError(f"not all were sent: {counts}")
    return took


def classify() -> float:
    """Emails that came in, read and classified, per second."""
    began = time.perf_counter()
    for number in range(_CLASSIFIED):
        kind, raw = ARRIVALS[number % len(ARRIVALS)]
        found = kinds.classify(parsed.parse(raw)).kind
        if found != kind:
            raise AssertionError(f"taken for {found}: {raw!r}")
    return _CLASSIFIED / (time.perf_counter() - began)


def _mailbox(number: int, port: int) -> Mailbox:
    return Mailbox(
        pk=number,
        address=f"ada{number}@us.example",
        display_name="Ada Byron",
        smtp_url=f"smtp://127.0.0.1:{port}",
        imap_url="imap://127.0.0.1",
        username="ada@us.example",
        per_day=100_000,
        per_hour=100_000,
        gap=timedelta(0),
        read_at=NOON,
    )


def _company(number: int) -> Company:
    return Company(pk=1 + number, name="Hopper Ltd", industry="retail")


def _lead(number: int) -> Lead:
    return Lead(
        pk=number,
        email=f"grace{number}@customer.example",
        first_name="Grace",
        title="Head of Operations",
        company_id=1 + number // _COLLEAGUES,
        source_id=1,
        created_at=NOON,
    )


def _draft(number: int, mailbox: Mailbox, template: EmailTemplate) -> outbox.Draft:
    return outbox.Draft(
        enrollment_id=number,
        sequence="welcome",
        step_id="opening",
        token=f"token-{number}",
        lead_id=number,
        deal_id=None,
        mailbox_id=mailbox.pk,
        template_id=template.pk,
        parent_id=None,
        to_email=f"grace{number}@customer.example",
        message_id=outbox.message_id(mailbox.address),
        window={**_WINDOW, "timezone": "Europe/Berlin"},
        enrolled_at=NOON - timedelta(hours=1),
        due_at=NOON,
        because={"rule": "step"},
        is_prospecting=True,
    )


def _key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


COMMANDS: Mapping[str, Callable[..., object]] = {
    "classify": classify,
    "deliver": deliver,
    "fill": fill,
    "queue": queue,
}
