"""A server that takes every email and keeps none, in a process of its own: plain sockets, a thread each.

`python -m bench.sink` prints its port and runs until its input ends.
"""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHECKOUT = Path(__file__).parent.parent
_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 bye\r\n",
}


@contextmanager
def running() -> Iterator[int]:
    """Its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.sink"],
        cwd=_CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is piped
        assert process.stdin is not None  # noqa: S101 - likewise
        yield int(process.stdout.readline())
        process.stdin.close()


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 sink cadenza-sandbox\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            self.wfile.write(_ANSWERS.get(verb, b"250 fine\r\n"))
            if verb == b"QUIT":
                return
            if verb == b"DATA":
                for text in self.rfile:
                    if text == b".\r\n":
                        break
                self.wfile.write(b"250 taken\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def main() -> None:
    with _Server(("127.0.0.1", 0), _Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
