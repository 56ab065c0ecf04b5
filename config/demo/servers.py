"""The distributed demo's parts: PostgreSQL, Redis, two workers and the web, each a process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from config.demo.place import CHECKOUT, Place, end
from sandbox import servers

WORKERS = 2


@contextmanager
def running(place: Place) -> Iterator[None]:
    """PostgreSQL and Redis, named in the environment before Django reads it."""
    for pid in place.notes().get("workers", []):
        end(pid)
    folder = place.folder / "servers"
    with (
        servers.postgres(folder / "postgres") as database,
        servers.redis(folder / "redis") as redis,
    ):
        os.environ["DATABASE_URL"] = database
        os.environ["REDIS_URL"] = redis
        os.environ.setdefault("CADENZA_SECRET_KEY", place.secret())
        yield


@contextmanager
def workers(place: Place, port: int) -> Iterator[None]:
    """Two workers and the web, as an operator would start them."""
    commands = [
        *([["worker", "--concurrency", "2"]] * WORKERS),
        ["web", "--port", str(port)],
    ]
    with ExitStack() as stack:
        processes = [stack.enter_context(_process(place, command)) for command in commands]
        place.keep(workers=[process.pid for process in processes])
        yield


@contextmanager
def _process(place: Place, command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with (place.folder / f"{command[0]}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "config.cli", *command], cwd=CHECKOUT, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
