"""Emails that leave, and emails that come in, in messages per second of one process.

The whole pipeline: claim in batches of at most ten, check, render text and HTML, write the email
down, sign it, check again, hand it over, record it; on SQLite with its default durability, over one
kept-open connection to a sink in a process of its own.
"""

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from bench import sink
from bench.process import Process
from bench.tick import database

COUNT, ROUNDS = 500, 3
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
        return {
            "per_second": max(found["plain"] for found in rounds),
            "per_second_signed": max(found["signed"] for found in rounds),
            "smtp_source_per_second": max((found["source"] for found in rounds), default=0) or None,
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


def _smtp_source(port: int) -> int:
    """0 where Postfix's generator is not installed."""
    command = shutil.which("smtp-source")
    if command is None:
        return 0
    options = ["-m", str(COUNT), "-s", "1", "-d", "-l", str(_LENGTH), f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run([command, *options], check=True, capture_output=True)  # noqa: S603 - ours
    return round(COUNT / (time.perf_counter() - began))
