"""Statements that are planned once for a connection."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, transaction

from crm import prepared, rows
from crm.models import Activity

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite prepares them all"),
]

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
BY_KIND = "SELECT count(*) FROM crm_activity WHERE kind = ANY(%s::text[])"


def test_a_statement_is_prepared_once_for_a_connection():
    put("queued", "sent")

    found = [
        prepared.ask(BY_KIND, ("text[]",), [kinds]) for kinds in (["sent"], ["queued", "sent"])
    ]
    for _ in range(9):
        put("queued")

    assert found == [[(1,)], [(2,)]]
    assert executed() == [2]


def test_a_prepared_statement_outlives_a_rollback_and_a_new_index():
    before = prepared.ask(BY_KIND, ("text[]",), [["queued"]])
    with transaction.atomic():
        put("queued")
        inside = prepared.ask(BY_KIND, ("text[]",), [["queued"]])
        transaction.set_rollback(True)
    after = prepared.ask(BY_KIND, ("text[]",), [["queued"]])
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX changed ON crm_activity (kind)")
        changed = prepared.ask(BY_KIND, ("text[]",), [["queued"]])
        cursor.execute("DROP INDEX changed")
    dropped = prepared.ask(BY_KIND, ("text[]",), [["queued"]])

    assert (before, inside, after, changed, dropped) == (
        [(0,)], [(1,)], [(0,)], [(0,)], [(0,)],
    )  # fmt: skip
    assert executed() == [4]


def another_session():
    connection.connection.pgconn.exec_(b"DEALLOCATE ALL")


def one_in_which_it_was_prepared():
    prepared._PREPARED.clear()


@pytest.mark.parametrize("given", [another_session, one_in_which_it_was_prepared])
def test_a_pooler_may_give_a_connection_any_session(given):
    """As one that pools transactions does."""
    put("queued")
    prepared.ask(BY_KIND, ("text[]",), [["queued"]])
    given()

    found = [prepared.ask(BY_KIND, ("text[]",), [kinds]) for kinds in (["queued"], ["sent"])]
    connection.close()

    assert found == [[(1,)], [(0,)]]
    assert prepared.ask(BY_KIND, ("text[]",), [["queued"]]) == [(1,)]
    assert executed() == [1]


def test_a_plan_whose_columns_have_changed_is_left():
    statement = "SELECT label FROM changing WHERE label = ANY(%s::text[])"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing (label varchar(9))")
        cursor.execute("INSERT INTO changing VALUES ('a')")
        prepared.ask(statement, ("text[]",), [["a"]])
        cursor.execute("ALTER TABLE changing ALTER COLUMN label TYPE text")

    assert prepared.ask(statement, ("text[]",), [["a"]]) == [("a",)]
    connection.close()


def test_what_is_wrong_with_a_prepared_statement_is_the_databases_error():
    with pytest.raises(DataError, match="division by zero"):
        prepared.ask("SELECT 1 / %s", ("integer",), [0])

    assert prepared.ask("SELECT 6 / %s, '100 %%'", ("integer",), [2]) == [(3, "100 %")]


def test_a_prepared_statement_is_seen_as_any_other():
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append(params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        prepared.ask("SELECT %s", ("integer",), [7])

    assert seen == [None, [7]]


def executed():
    """How often each statement that the connection has prepared was executed, by whichever plan."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans + custom_plans FROM pg_prepared_statements")
        return [count for (count,) in cursor.fetchall()]


def put(*kinds):
    rows.insert(Activity, ("kind", "occurred_at"), [(kind, NOON) for kind in kinds])
