"""Counting tasks of a broker inside the process."""

import pytest
from celery.signals import task_postrun, task_prerun

from runtime import clock
from workers.quiet import LOST_AFTER, Quiet


class Named:
    def __init__(self, name):
        self.name = name


DELIVER = Named("deliver")


def begin(*args):
    task_prerun.send(sender=DELIVER, task=DELIVER, args=list(args), kwargs={})


def end():
    task_postrun.send(sender=DELIVER, task=DELIVER, args=[], kwargs={})


@pytest.fixture
def quiet():
    return Quiet()


def test_a_task_that_waits_is_not_queued_twice(quiet):
    assert quiet.queued("deliver", [[1]])
    assert not quiet.queued("deliver", [[1]])
    assert quiet.queued("deliver", [[2]])


def test_a_ring_during_the_work_is_queued_again(quiet):
    assert quiet.queued("deliver", [[1]])
    begin([1])
    assert quiet.queued("deliver", [[1]])


def test_it_is_quiet_when_all_that_was_queued_is_done(quiet):
    assert quiet.wait(0)
    quiet.queued("deliver", [[1]])
    begin([1])
    assert not quiet.wait(0)
    end()
    assert quiet.wait(0)


def test_a_task_that_was_lost_is_queued_again(quiet, monkeypatch):
    assert quiet.queued("deliver", [[1]])
    later = clock.monotonic() + LOST_AFTER + 1
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    assert quiet.queued("deliver", [[1]])
