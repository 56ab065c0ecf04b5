"""Very many people in one small sequence, written straight into the tables.

By the number of a person, when asked at NOON: every third one gets the first email, every third one
is called (the email left a week ago), and every third one has to wait for a day to pass.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection, models, transaction

from crm.models import Activity, Company, Connection, Lead, Owner
from mail.models import EmailTemplate, Mailbox, Message, Sender
from sequences.definition import Sequence as Definition
from sequences.models import AppliedVersion, Enrollment, StepRun

#: A Wednesday, in everybody's window.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_WRITTEN_TO, _CALLED, _WAITING = range(3)
_RESEARCHED = (timedelta(days=2), timedelta(days=9), timedelta(hours=1))
_OPENED = timedelta(days=7)
_COMPANIES, _REPS = 500, 10
#: So many are made one by one.
_BLOCK = 10_000
_REPEAT = """
WITH RECURSIVE times(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < %s)
INSERT INTO {table} ({columns}) SELECT {values} FROM times CROSS JOIN {table}
"""
_WINDOW = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "00:00", "to": "24:00"}
_DEFINITION = {
    "name": "bench",
    "stage": "Approach",
    "window": _WINDOW,
    "exit": ['lead.stage in ["Presentation", "Closing", "Follow-up"]', "event.clicked > 2"],
    "steps": [
        {"id": "research", "task": "research", "title": "Look it up", "due": "1 day"},
        {"id": "settle", "wait": "1 day"},
        {"id": "opening", "email": "opening"},
        {"id": "breathe", "wait": "3 days"},
        {"id": "call", "task": "call", "title": "Call {{ lead.first_name }}", "due": "1 day"},
        {"id": "rest", "wait": "5 business days"},
        {"id": "closing", "email": "closing"},
    ],
}


def fill(total: int) -> None:
    """`total` active enrollments, none of them due; a multiple of `_BLOCK`."""
    version, templates = _team()
    numbers = range(1, _BLOCK + 1)
    called = (number for number in numbers if number % 3 == _CALLED)
    with transaction.atomic():
        Lead.objects.bulk_create(map(_lead, numbers))
        Enrollment.objects.bulk_create(_enrollment(number, version) for number in numbers)
        Activity.objects.bulk_create(map(_activity, numbers))
        StepRun.objects.bulk_create(run for number in numbers for run in _runs(number))
        Message.objects.bulk_create(_message(number, templates["opening"]) for number in called)
        _repeat(total // _BLOCK - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def make_due(numbers: range, now: datetime) -> None:
    """These people, and nobody else, are due."""
    due_at = now - timedelta(minutes=5)
    Enrollment.objects.filter(pk__gte=numbers.start, pk__lt=numbers.stop).update(due_at=due_at)


def _team() -> tuple[int, dict[str, int]]:
    """The applied version and its templates; companies, reps and mailboxes count from one."""
    Owner.objects.bulk_create(Owner(pk=n, email=f"r{n}@us.example") for n in _to(_REPS))
    Company.objects.bulk_create(Company(pk=n, name=f"Company {n}") for n in _to(_COMPANIES))
    Connection.objects.create(pk=1, name="hubspot", kind="hubspot", pull_every=timedelta(hours=1))
    Sender.objects.create(company="Us", postal_address="Street 1")
    Mailbox.objects.bulk_create(
        Mailbox(
            pk=n, address=f"r{n}@us.example", owner_id=n, per_day=100, per_hour=100, gap=_OPENED
        )
        for n in _to(_REPS)
    )
    definition = Definition.model_validate(_DEFINITION)
    templates = {
        name: EmailTemplate.objects.create(name=name, digest=name, subject="s", text="t").pk
        for name in definition.templates()
    }
    version = AppliedVersion.objects.create(
        sequence=definition.name,
        digest="bench",
        active=True,
        applied_at=NOON,
        templates=templates,
        definition=definition.model_dump(mode="json", by_alias=True),
    )
    return version.pk, templates


def _lead(number: int) -> Lead:
    return Lead(
        id=number,
        email=f"p{number}@customer.example",
        first_name=f"Person{number}",
        stage="Approach",
        timezone="UTC",
        source_id=1,
        owner_id=number % _REPS + 1,
        company_id=number % _COMPANIES + 1,
        created_at=NOON - timedelta(days=30),
    )


def _enrollment(number: int, version: int) -> Enrollment:
    return Enrollment(
        id=number,
        lead_id=number,
        version_id=version,
        sequence="bench",
        mailbox_id=number % _REPS + 1,
        timezone="UTC",
        started_at=NOON - timedelta(days=10),
        due_at=NOON + timedelta(days=30, seconds=number),
    )


def _activity(number: int) -> Activity:
    return Activity(
        kind="enrolled",
        lead_id=number,
        enrollment_id=number,
        occurred_at=NOON - timedelta(days=10),
        key=f"enrolled:{number}",
        reacted_at=NOON - timedelta(days=10),
    )


def _runs(number: int) -> Iterator[StepRun]:
    at = NOON - _RESEARCHED[number % 3]
    yield StepRun(enrollment_id=number, step_id="research", kind="task", at=at)
    if number % 3 == _CALLED:
        opened = NOON - _OPENED
        yield StepRun(enrollment_id=number, step_id="opening", kind="email", at=opened)


def _message(number: int, template: int) -> Message:
    at = NOON - _OPENED
    return Message(
        enrollment_id=number,
        step_id="opening",
        sequence="approach",
        token=str(number),
        lead_id=number,
        mailbox_id=number % _REPS + 1,
        template_id=template,
        to_email=f"p{number}@customer.example",
        message_id=f"<{number}@us.example>",
        window=_WINDOW,
        status=Message.Status.SENT,
        enrolled_at=NOON - timedelta(days=10),
        queued_at=at,
        due_at=at,
        sent_at=at,
    )


def _to(last: int) -> range:
    return range(1, last + 1)


def _repeat(times: int) -> None:
    """The rows of the first block once more, so many times, as those of ever more people."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")  # no references to check
        for model in (Lead, Enrollment, Activity, StepRun, Message) if times else ():
            cursor.execute(_repetition(model), [times])


def _repetition(model: type[models.Model]) -> str:
    meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001 - Django's public name
    shifted = {"lead_id", "enrollment_id"} | ({"id"} if model in {Lead, Enrollment} else set())
    values = {}
    for field in meta.concrete_fields:
        name = quote(str(field.column))
        if field.column in shifted:
            values[name] = f"{name} + {_BLOCK} * n"
        elif (
            field.column in {"email", "key", "message_id"}
            and field.get_internal_type() == "CharField"
        ):
            values[name] = f"n || '.' || {name}"
        elif not field.primary_key:
            values[name] = name
    return _REPEAT.format(
        table=quote(meta.db_table), columns=", ".join(values), values=", ".join(values.values())
    )
