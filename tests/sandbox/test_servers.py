"""The servers that the tests and the distributed demo bring along are real ones."""

import psycopg
import redis


def test_valkey_keeps_what_it_is_told(redis_url):
    client = redis.Redis.from_url(redis_url, socket_timeout=5)

    client.set("key", "value")

    assert client.get("key") == b"value"


def test_postgres_runs_a_transaction(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE things (n int)")
        connection.execute("INSERT INTO things VALUES (1), (2)")

        assert connection.execute("SELECT sum(n) FROM things").fetchone() == (3,)
