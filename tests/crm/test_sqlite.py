"""SQLite asked with less Python around it behaves as Django's own backend."""

from threading import Thread

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.test.utils import CaptureQueriesContext

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite alone"),
]


@pytest.fixture
def cursor():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE asked (word text UNIQUE, number integer)")
        yield cursor
        cursor.execute("DROP TABLE asked")


@pytest.mark.parametrize("given", [["it's 100 %", 1], ("it's 100 %", 1)])
def test_values_in_order(cursor, given):
    cursor.execute("INSERT INTO asked VALUES (%s, %s)", given)

    cursor.execute("SELECT word, number FROM asked WHERE word LIKE '%%100 %%' AND number = %s", [1])
    assert cursor.fetchone() == ("it's 100 %", 1)
    assert cursor.fetchone() is None


def test_values_by_name(cursor):
    cursor.execute("INSERT INTO asked VALUES (%(word)s, %(number)s)", {"word": "one", "number": 1})

    cursor.execute("SELECT word FROM asked")
    assert cursor.fetchall() == [("one",)]


def test_a_statement_without_values_is_taken_to_the_letter(cursor):
    cursor.execute("SELECT '%s', '%%'")

    assert cursor.fetchall() == [("%s", "%%")]


@pytest.mark.parametrize(
    "many",
    [
        [("one", 1), ("two", 2)],
        [["one", 1], ["two", 2]],
        iter([("one", 1), ("two", 2)]),
        [],
    ],
)
def test_many_rows(cursor, many):
    expected = [] if many == [] else [("one", 1), ("two", 2)]

    cursor.executemany("INSERT INTO asked VALUES (%s, %s)", many)

    cursor.execute("SELECT * FROM asked ORDER BY number")
    assert cursor.fetchall() == expected
    assert list(cursor.execute("SELECT * FROM asked ORDER BY number")) == expected


def test_many_rows_by_name(cursor):
    rows = [{"word": "one", "number": 1}, {"word": "two", "number": 2}]

    cursor.executemany("INSERT INTO asked VALUES (%(word)s, %(number)s)", rows)

    cursor.execute("SELECT count(*) FROM asked")
    assert cursor.fetchone() == (2,)


@pytest.mark.parametrize("ask", ["execute", "executemany"])
def test_errors_are_djangos(cursor, ask):
    given = ["one", 1] if ask == "execute" else [["one", 1]]
    getattr(cursor, ask)("INSERT INTO asked VALUES (%s, %s)", given)

    with pytest.raises(IntegrityError):
        getattr(cursor, ask)("INSERT INTO asked VALUES (%s, %s)", given)
    with pytest.raises(OperationalError):
        getattr(cursor, ask)("INSERT INTO nowhere VALUES (%s, %s)", given)


@pytest.mark.parametrize("rest", ["fetchone", "fetchall"])
def test_an_error_while_rows_are_read_is_djangos(cursor, rest):
    words = [("{}", 1), ("[]", 2), ("broken", 3)]
    cursor.executemany("INSERT INTO asked VALUES (%s, %s)", words)

    cursor.execute("SELECT json(word) FROM asked WHERE number > %s", [0])
    assert cursor.fetchone() == ("{}",)
    with pytest.raises(OperationalError):  # the driver reads one row ahead
        getattr(cursor, rest)()


def test_the_error_of_a_connection_that_was_closed_beneath_is_djangos(tmp_path):
    other = connections.create_connection("default")
    other.settings_dict = {**other.settings_dict, "NAME": tmp_path / "other.sqlite3"}
    other.ensure_connection()
    other.connection.close()

    with pytest.raises(ProgrammingError, match="closed database"):
        other.cursor()


def test_what_watches_statements_is_asked(cursor):
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append((sql, many))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        cursor.execute("SELECT %s", [1])
        cursor.executemany("INSERT INTO asked VALUES (%s, %s)", [("one", 1)])
    cursor.execute("SELECT %s", [2])

    assert seen == [("SELECT %s", False), ("INSERT INTO asked VALUES (%s, %s)", True)]


def test_what_logs_statements_is_told():
    with CaptureQueriesContext(connection) as captured, connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["it's"])

    assert [query["sql"] for query in captured] == ["SELECT 'it''s'"]


def test_a_connection_is_its_threads_own():
    shared, refusals = connections["default"], []

    def ask():
        try:
            shared.cursor()
        except DatabaseError as error:
            refusals.append(str(error))

    thread = Thread(target=ask)
    thread.start()
    thread.join()

    (refusal,) = refusals
    assert "can only be used in that same thread" in refusal


def test_nothing_is_asked_of_a_broken_transaction():
    with transaction.atomic():
        connection.set_rollback(True)
        with connection.cursor() as cursor, pytest.raises(transaction.TransactionManagementError):
            cursor.execute("SELECT %s", [1])
