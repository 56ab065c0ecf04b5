"""Many rows at once are the rows that the ORM would have written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm import rows
from crm.models import Activity, Connection, Deal, Hint, Lead
from mail.models import EmailTemplate, Mailbox, Message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
DATA = {"said": 'It\'s "100 %s" ü \\ \n🎉', "deep": {"list": [1, 2.5, None, True]}}


FIELDS = ("kind", "occurred_at", "enrollment_id", "data", "key", "reaction_error")


def activity(
    *, kind="queued", occurred_at=NOON, enrollment_id=None, data=DATA, key=None, reaction_error=""
):
    return (kind, occurred_at, enrollment_id, data, key, reaction_error)


def typed(row):
    return {
        field.attname: (type(value), value)
        for field in row._meta.concrete_fields
        for value in [getattr(row, field.attname)]
    }


def stored():
    fields = "id kind occurred_at enrollment_id data key reaction_attempts reaction_error".split()
    return list(Activity.objects.order_by("id").values_list(*fields))


def test_what_is_inserted_is_read_back_to_the_letter():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    made = [
        activity(enrollment_id=2**40, key="one", reaction_error="it's"),
        activity(occurred_at=elsewhere, data={}),
    ]

    first, second = rows.insert(Activity, FIELDS, made)

    assert stored() == [
        (first, "queued", NOON, 2**40, DATA, "one", 0, "it's"),
        (second, "queued", NOON, None, {}, None, 0, ""),
    ]
    assert rows.read(Activity, ("id", *FIELDS), [first]) == [(first, *made[0])]
    assert rows.read(Activity, ("id", "occurred_at"), [second]) == [(second, NOON)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows no such text")
def test_half_a_character_is_kept_in_json():
    rows.insert(Activity, FIELDS, [activity(data={"title": "\ud83c"})])

    assert [row[4] for row in stored()] == [{"title": "\ud83c"}]


def test_ids_are_told_behind_others():
    rows.insert(Activity, FIELDS, [activity(key="first")])

    ids = rows.insert(Activity, FIELDS, [activity(key=str(number)) for number in range(700)])

    assert list(ids) == [Activity.objects.get(key=str(number)).pk for number in range(700)]


def test_what_is_there_is_left_out_and_stays():
    rows.insert(Activity, FIELDS, [activity(key="known", data={"first": True})])

    again = [activity(key="known", data={}), activity(key="new"), activity(key="new")]
    rows.insert_new(Activity, FIELDS, again)

    told = Activity.objects.order_by("id").values_list("key", "data")
    assert list(told) == [("known", {"first": True}), ("new", DATA)]


def test_what_is_left_out_of_many_keeps_nothing_else_out():
    rows.insert(Activity, FIELDS, [activity(key=str(number)) for number in (3, 70, 119)])

    rows.insert_new(Activity, FIELDS, [activity(key=str(number)) for number in range(120)])

    told = Activity.objects.order_by("id").values_list("key", flat=True)
    fresh = [str(number) for number in range(120) if number not in {3, 70, 119}]
    assert list(told) == ["3", "70", "119", *fresh]


def test_many_are_updated_each_to_its_own():
    ids = rows.insert(Activity, FIELDS, [activity() for _ in range(120)])

    rows.update(Activity, ("reaction_error",), [(f"of {pk}", pk) for pk in ids[1:]])

    told = Activity.objects.order_by("id").values_list("reaction_error", flat=True)
    assert list(told) == ["", *(f"of {pk}" for pk in ids[1:])]


def test_only_the_named_fields_are_written():
    first, second, _ = rows.insert(
        Activity, FIELDS, [activity(key=str(number)) for number in range(3)]
    )

    rows.update(
        Activity,
        ("reaction_error", "reacted_at"),
        [("of 0", NOON, first), ("of 1", None, second)],
    )

    told = Activity.objects.order_by("id").values_list("kind", "reaction_error", "reacted_at")
    assert list(told) == [("queued", "of 0", NOON), ("queued", "of 1", None), ("queued", "", None)]


def test_what_is_read_is_what_was_asked_for():
    ids = rows.insert(
        Activity,
        FIELDS,
        [activity(enrollment_id=number % 3, kind=f"kind{number}") for number in range(9)],
    )

    by_id = rows.read(Activity, ("id",), ids[2:4])
    by_enrollment = rows.read(
        Activity,
        ("enrollment_id", "kind"),
        [1, 2],
        by="enrollment_id",
        also="AND kind IN (%s, %s, %s) AND occurred_at >= %s",
        given=["kind1", "kind3", "kind8", rows.moment(NOON)],
    )
    later = rows.select(Activity, ("id",), "occurred_at > %s", [rows.moment(NOON)])

    assert sorted(by_id) == [(ids[2],), (ids[3],)]
    assert sorted(by_enrollment) == [(1, "kind1"), (2, "kind8")]
    assert later == []


#: Of each column. Each JSON equals the next in Python, and is another.
VALUES = (
    ["queued", "sent"],
    [NOON, NOON.astimezone(timezone(timedelta(hours=2))), NOON + timedelta(1)],
    [None, 0, 1],
    [{"n": 1}, {"n": True}, {"n": 1.0}],
    [None],
    ["", "it's 100 %s"],
)


@st.composite
def sharing(draw):
    """Few rows or many, which share all values of some columns, and few values of the others."""
    kept = [draw(st.lists(st.sampled_from(some), min_size=1, max_size=2)) for some in VALUES]
    row = st.tuples(*map(st.sampled_from, kept))
    return draw(st.lists(row, max_size=20) | st.lists(row, min_size=20, max_size=90))


def written_out(found):
    """JSON as text: 1 and True are the same number."""
    return [(*row[:3], repr(row[3]), *row[4:]) for row in found]


@pytest.mark.parametrize("insert", [rows.insert, rows.insert_new])
@given(made=sharing())
def test_many_rows_that_share_values_are_each_as_it_is(insert, made):
    Activity.objects.all().delete()

    insert(Activity, FIELDS, made)

    found = sorted(rows.select(Activity, ("id", *FIELDS), "TRUE", []))
    assert written_out(row[1:] for row in found) == written_out(made)


@given(changed=sharing())
def test_many_rows_that_come_to_share_values_are_each_as_it_is(changed):
    Activity.objects.all().delete()
    before = activity(kind="new", occurred_at=NOON - timedelta(1), reaction_error="none yet")
    ids = rows.insert(Activity, FIELDS, [before] * len(changed))

    rows.update(Activity, FIELDS, [(*row, pk) for pk, row in zip(ids, changed, strict=True)])

    found = sorted(rows.select(Activity, ("id", *FIELDS), "TRUE", []))
    assert written_out(row[1:] for row in found) == written_out(changed)


_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_characters="\0", exclude_categories=())),
        st.sampled_from([2**63, -(2**64), 10**30, 1e-300, -0.0, 0.1 + 0.2, "\ud800", "\udc00x"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's driver reads JSON itself")
@given(data=st.dictionaries(st.text(max_size=3), _JSON, max_size=3))
def test_json_is_read_as_by_the_orm(data):
    written = Activity.objects.create(kind="queued", occurred_at=NOON, data=data)
    expected = Activity.objects.get(pk=written.pk).data

    ((found,),) = rows.read(Activity, ("data",), [written.pk])

    assert repr(found) == repr(expected)


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        rows.read(Activity, FIELDS, [])
        rows.insert(Activity, FIELDS, [])
        rows.insert_new(Activity, FIELDS, [])
        rows.update(Activity, ("kind",), [])

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


def test_fetched_rows_hold_what_the_orm_reads():
    source = Connection.objects.create(name="x", kind="csv", pull_every=timedelta(hours=1))
    rows_of = {
        Connection: source,
        Mailbox: Mailbox.objects.create(
            address="ada@us.example",
            per_day=1,
            per_hour=1,
            gap=timedelta(seconds=90),
            last_sending_day=NOON.date(),
        ),
        Lead: Lead.objects.create(
            email="a@b.example", do_not_contact=True, source=source, created_at=NOON, extra={"a": 1}
        ),
        Deal: Deal.objects.create(
            name="x", amount=Decimal("12.50"), is_closed=True, source=source, created_at=NOON
        ),
        Hint: Hint.objects.create(connection=source, kind="lead", external_id="1"),
    }

    fetched = [rows.by_id(model, [row.pk])[row.pk] for model, row in rows_of.items()]

    assert [typed(row) for row in fetched] == [
        typed(model._default_manager.get(pk=row.pk)) for model, row in rows_of.items()
    ]


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

    rows.update(Message, ("raw", "references"), [(message.raw, message.references, message.pk)])

    message.refresh_from_db()
    assert (bytes(message.raw), message.references) == (b"\x00\\x41\xff\r\n'", "<0@us.example>")
