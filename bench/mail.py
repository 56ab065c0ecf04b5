"""Emails that leave, and emails that come in, in messages per second of one process.

The whole pipeline: claim in batches of at most ten, render text and HTML, sign, check, check again,
write the email down as it is handed over, record it; on a database with its default durability, over
one kept-open connection to a sink in a process of its own. SQLite unless another is named.
"""

import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import sink
from bench.process import Process
from bench.tick import database

COUNT, ROUNDS = 500, 3
CREWS = (1, 2, 4)
#: Bytes of what `smtp-source` sends: about those of ours.
_LENGTH = 3_700


def measure(_data: Path | None) -> dict[str, object]:
    """The best of rounds that take turns, so that what else the machine does slows them all.

    `cpu_ms`: what a message costs the process itself, whatever else ran beside it.
    """
    with sink.running() as port, database("sqlite") as environment:
        with Process(environment, "mailing") as process:
            size = process.ask("fill", port)
            rounds = [_round(process, port) for _ in range(ROUNDS)]
        plain = max(found["plain"] for found in rounds)
        source = max(found["source"] for found in rounds)
        return {
            "per_second": plain,
            "per_second_signed": max(found["signed"] for found in rounds),
            "smtp_source_per_second": source or None,
            "ratio_to_smtp_source": round(plain / source, 3) if source else None,
            "workers_per_second": {kind: _crews(kind, port) for kind in ("sqlite", "postgresql")},
            "classified_per_second": max(found["classified"] for found in rounds),
            "cpu_ms": min(found["plain_cpu_ms"] for found in rounds),
            "cpu_ms_signed": min(found["signed_cpu_ms"] for found in rounds),
            "bytes": size,
        }


def _round(process: Process, port: int) -> Mapping[str, float]:
    found: dict[str, float] = {"source": _smtp_source(port)}
    for name in ("plain", "signed"):
        process.ask("queue", COUNT, name == "signed")
        seconds, cpu = process.ask("deliver", COUNT)
        found |= {name: round(COUNT / seconds), f"{name}_cpu_ms": round(cpu / COUNT * 1000, 2)}
    found["classified"] = round(process.ask("classify"))
    return found


def _crews(kind: str, port: int) -> dict[str, int]:
    """With so many workers on one database, each at a mailbox of its own; all share the machine."""
    with database(kind) as environment, Process(environment, "mailing") as office:
        office.ask("fill", port, max(CREWS))
        return {
            str(workers): round(workers * COUNT / _seconds_of(workers, office, environment))
            for workers in CREWS
        }


def _seconds_of(workers: int, office: Process, environment: Mapping[str, str]) -> float:
    with ExitStack() as stack:
        crew = {
            mailbox: stack.enter_context(Process(environment, "mailing"))
            for mailbox in range(1, workers + 1)
        }
        for total in (10, COUNT):  # the first ones warm up
            for mailbox in crew:
                office.ask("queue", total, False, mailbox)
            began = time.perf_counter()
            for mailbox, worker in crew.items():
                worker.tell("deliver", total, mailbox)
            for worker in crew.values():
                worker.answer()
        return time.perf_counter() - began


def _smtp_source(port: int) -> int:
    """0 where Postfix's generator is not installed."""
    command = shutil.which("smtp-source")
    if command is None:
        return 0
    options = ["-m", str(COUNT), "-s", "1", "-d", "-l", str(_LENGTH), f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run([command, *options], check=True, capture_output=True)  # noqa: S603 - ours
    return round(COUNT / (time.perf_counter() - began))
