"""`python -m tests.mail.imap_servers`: for each port on standard input a fresh pymap, in place of the last.

Forked, since its import takes far longer than its start; with passwords that are checked in no time.
Port 0 stands for none, and so does the end of the input.
"""

import os
import signal
import sys
from functools import partial
from unittest.mock import patch

from pymap.backend import backends
from pymap.main import main as serve
from pymap.service import services
from pysasl.hashing import BuiltinHash

OPTIONS = ["--no-service", "admin", "--host", "127.0.0.1", "--no-tls"]


def main(*account: str) -> None:
    for plugins in (backends, services):
        list(plugins.items())  # imports them
    running = 0
    for line in sys.stdin:
        _end(running)
        port = int(line)
        running = _start(port, account) if port else 0
        sys.stdout.write("done\n")
        sys.stdout.flush()
    _end(running)


def _start(port: int, account: tuple[str, ...]) -> int:
    pid = os.fork()
    if pid == 0:
        user, password = account
        backend = ["dict", "--demo-user", user, "--demo-password", password]
        sys.argv = ["pymap", *OPTIONS, "--port", str(port), *backend]
        try:
            serve()
        finally:
            os._exit(1)
    return pid


def _end(pid: int) -> None:
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    with patch("pymap.config.BuiltinHash", partial(BuiltinHash, rounds=1)):
        main(*sys.argv[1:])
