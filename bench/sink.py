"""A server that takes every email and keeps none, in a process of its own: plain sockets, a thread each.

`python -m bench.sink` prints its port and runs until its input ends.
"""

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


class _Session(socketserver.BaseRequestHandler):
    """Answers what has come all at once, as servers do that offer PIPELINING."""

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.sendall(b"220 sink cadenza-sandbox\r\n")
        self._heard, self._takes = b"", False
        with suppress(ConnectionError):  # whoever hangs up right after QUIT
            while heard := self.request.recv(65536):
                self._heard += heard
                self.request.sendall(b"".join(self._answers()))

    def _answers(self) -> Iterator[bytes]:
        end = b"\r\n.\r\n" if self._takes else b"\r\n"
        while end in self._heard:
            said, _, self._heard = self._heard.partition(end)
            verb = said[:4].upper()
            yield b"250 taken\r\n" if self._takes else _ANSWERS.get(verb, b"250 fine\r\n")
            self._takes = not self._takes and verb == b"DATA"
            end = b"\r\n.\r\n" if self._takes else b"\r\n"


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
