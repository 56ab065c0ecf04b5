"""Who was thought dead and is not makes no further call."""

from contextlib import ExitStack
from contextvars import Context, copy_context
from datetime import timedelta

import pytest

from connectors.errors import RateLimited
from crm import lease
from crm.models import Connection
from runtime import clock

pytestmark = pytest.mark.django_db
FIELD = "push_claimed_until"


@pytest.fixture
def row():
    return Connection.objects.create(name="hs", kind="hubspot", pull_every=timedelta(hours=1))


@pytest.fixture
def pass_time(monkeypatch):
    began = clock.monotonic()
    passed = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: began + passed[0])

    def add(seconds):
        passed[0] += seconds

    return add


def others_turn(row, do=lambda: None):
    """Another worker tries; whether it got the lease."""

    def take():
        with lease.taken(Connection, row.pk, FIELD) as mine:
            if mine is not None:
                do()
            return mine is not None

    return Context().run(take)


def test_what_is_kept_is_not_taken_over(row, pass_time):
    with lease.taken(Connection, row.pk, FIELD):
        for _ in range(20):
            pass_time(30)
            lease.keep()
            assert not others_turn(row)

    assert others_turn(row)


def test_whoever_was_replaced_learns_it_and_takes_nothing_from_the_other(row, pass_time):
    with lease.taken(Connection, row.pk, FIELD):
        pass_time(61)

        def meanwhile():
            with pytest.raises(RateLimited, match="another worker has taken this over"):
                context.run(lease.keep)
            assert not others_turn(row)

        context = copy_context()
        assert others_turn(row, meanwhile)


def test_the_end_of_a_replaced_worker_frees_nothing(row, pass_time):
    replaced = ExitStack()
    replaced.enter_context(lease.taken(Connection, row.pk, FIELD))
    pass_time(61)
    other, elsewhere = ExitStack(), Context()
    elsewhere.run(other.enter_context, lease.taken(Connection, row.pk, FIELD))

    replaced.close()

    assert not others_turn(row)
    elsewhere.run(other.close)
    assert others_turn(row)
