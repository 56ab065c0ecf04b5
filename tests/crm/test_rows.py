"""Many rows at once are the rows that the ORM would have written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crm import rows
from crm.models import Activity, Connection, Lead
from mail.models import EmailTemplate, Mailbox, Message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
DATA = {"said": 'It\'s "100 %s" ü \\ \n🎉', "deep": {"list": [1, 2.5, None, True]}}


def activity(**values):
    return Activity(**{"kind": "queued", "occurred_at": NOON, "data": DATA, **values})


def stored():
    fields = "id kind occurred_at enrollment_id data key reaction_attempts reaction_error".split()
    return list(Activity.objects.order_by("id").values_list(*fields))


def test_what_is_inserted_is_read_back_to_the_letter():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    made = [
        activity(enrollment_id=2**40, key="one", reaction_error="it's"),
        activity(occurred_at=elsewhere, data={}, reaction_attempts=3),
    ]

    rows.insert(made)

    assert stored() == [
        (made[0].pk, "queued", NOON, 2**40, DATA, "one", 0, "it's"),
        (made[1].pk, "queued", NOON, None, {}, None, 3, ""),
    ]


def test_rows_know_their_ids_behind_others():
    rows.insert([activity(key="first")])
    made = [activity(key=str(number)) for number in range(700)]

    rows.insert(made)

    assert [row.pk for row in made] == [
        Activity.objects.get(key=str(number)).pk for number in range(700)
    ]


def test_what_is_there_is_left_out_and_stays():
    rows.insert([activity(key="known", data={"first": True})])

    rows.insert_new([activity(key="known", data={}), activity(key="new"), activity(key="new")])

    told = Activity.objects.order_by("id").values_list("key", "data")
    assert list(told) == [("known", {"first": True}), ("new", DATA)]


def test_only_the_named_fields_are_written():
    made = [activity(key=str(number)) for number in range(3)]
    rows.insert(made)
    for row in made[:2]:
        row.reaction_error, row.reacted_at, row.kind = f"of {row.key}", NOON, "forgotten"
    made[1].reacted_at = None

    rows.update(made[:2], "reaction_error", "reacted_at")

    told = Activity.objects.order_by("id").values_list("kind", "reaction_error", "reacted_at")
    assert list(told) == [("queued", "of 0", NOON), ("queued", "of 1", None), ("queued", "", None)]


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        rows.insert([])
        rows.insert_new([])
        rows.update([], "kind")

    assert stored() == []


def test_a_conditional_update_writes_every_kind_of_value_or_nothing():
    lead = Lead.objects.create(
        email="a@b.example",
        source=Connection.objects.create(name="x", kind="csv", pull_every=timedelta(hours=1)),
        created_at=NOON,
    )
    values = {"first_name": "Ada", "deleted_at": NOON, "do_not_contact": True, "extra": {"a": [1]}}

    missed = rows.update_where(Lead, "id = %s AND first_name = %s", [lead.pk, "Bob"], values)
    written = rows.update_where(Lead, "id = %s AND first_name = %s", [lead.pk, ""], values)

    lead.refresh_from_db()
    assert (missed, written) == (False, True)
    assert {name: getattr(lead, name) for name in values} == values


def test_rows_are_fetched_by_what_sql_says_and_by_their_ids():
    source = Connection.objects.create(name="x", kind="csv", pull_every=timedelta(hours=1))
    leads = [
        Lead.objects.create(
            email=f"{name}@b.example",
            first_name=name,
            source=source,
            created_at=NOON,
            extra={"a": 1},
        )
        for name in ("ada", "bob", "cy")
    ]

    named = rows.fetch(
        Lead, "first_name <> %s ORDER BY id DESC LIMIT 2", ["bob"], lock="FOR NO KEY UPDATE"
    )
    by_id = rows.by_id(Lead, [leads[1].pk, None, leads[1].pk, -1])

    assert named == [leads[2], leads[0]]
    assert (named[0].created_at, named[0].extra) == (NOON, {"a": 1})
    assert by_id == {leads[1].pk: leads[1]}
    assert rows.by_id(Lead, [None]) == {}


def test_bytes_are_updated_as_they_are():
    source = Connection.objects.create(name="x", kind="csv", pull_every=timedelta(hours=1))
    lead = Lead.objects.create(email="a@b.example", source=source, created_at=NOON)
    message = Message.objects.create(
        enrollment_id=1,
        step_id="opening",
        lead=lead,
        mailbox=Mailbox.objects.create(
            address="ada@us.example", per_day=1, per_hour=1, gap=timedelta(0)
        ),
        template=EmailTemplate.objects.create(name="opening", digest="1", subject="x"),
        message_id="<1@us.example>",
        window={},
        enrolled_at=NOON,
        queued_at=NOON,
        due_at=NOON,
    )
    message.raw, message.references = b"\x00\\x41\xff\r\n'", "<0@us.example>"

    rows.update([message], "raw", "references")

    message.refresh_from_db()
    assert (bytes(message.raw), message.references) == (b"\x00\\x41\xff\r\n'", "<0@us.example>")
