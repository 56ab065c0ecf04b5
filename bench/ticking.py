"""What a process of the bench does on its own database, once Django is up."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.core.management import call_command
from django.db import connection, transaction

from bench import crowd
from bench.crowd import NOON
from bench.process import serve
from runtime import clock, memory
from sequences import cadence, engine, versions
from sequences.models import Enrollment

#: A claim pushes what it took out of everybody's sight.
_LATER = NOON + timedelta(days=900)


def main() -> None:
    clock.install(lambda: NOON)
    memory.settle()
    serve(COMMANDS)


def fill(total: int) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    crowd.fill(total)


def make_due(first: int, count: int) -> None:
    crowd.make_due(range(first, first + count), NOON)


def round_(first: int, count: int) -> dict[str, float]:
    """Milliseconds of the bare claim, and of a tick over the same rows, due once more."""
    make_due(first, count)
    claim_ms = _milliseconds(_claim_all)
    make_due(first, count)
    tick_ms = _milliseconds(engine.advance_due)
    if engine.due(NOON).exists() or Enrollment.objects.filter(due_at=_LATER).exists():
        raise AssertionError("less was taken than is told")
    return {"claim_ms": claim_ms, "tick_ms": tick_ms}


def warm_up() -> None:
    for version in versions.active():
        versions.definition_of(version)


def work() -> None:
    while engine.due(NOON).exists():
        engine.advance_due()


def _claim_all() -> None:
    """What any engine must do at least: take the due rows in batches, so that nobody else does."""
    while _claim() == cadence.BATCH:
        pass


def _claim() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM[connection.vendor], [_LATER, NOON, cadence.BATCH])
        return len(cursor.fetchall())


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


_TAKE = """
UPDATE sequences_enrollment SET due_at = %s WHERE id IN (
  SELECT id FROM sequences_enrollment WHERE status IN ('active', 'paused') AND due_at <= %s
  ORDER BY due_at, id LIMIT %s {locking}
) RETURNING *
"""
_CLAIM = {
    "sqlite": _TAKE.format(locking=""),
    "postgresql": _TAKE.format(locking="FOR NO KEY UPDATE SKIP LOCKED"),
}
COMMANDS: Mapping[str, Callable[..., object]] = {
    "fill": fill,
    "make_due": make_due,
    "round": round_,
    "warm_up": warm_up,
    "work": work,
}
