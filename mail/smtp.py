"""smtplib's connection, with what it lacks: the greeting, an end to each answer, and what came unasked."""

import select
import smtplib
import socket
import ssl
from typing import Any

from runtime import clock

#: Bytes that are read at a time.
_PIECE = 8192
#: Bytes that one answer may have, over all its lines.
LONGEST_ANSWER = 1024 * 1024


class Smtp(smtplib.SMTP):
    """Keeps what the server said first, and waits for a whole answer no longer than for its first byte.

    The socket's timeout alone would count anew with each byte that comes.
    """

    greeting = b""
    file: "_Answers | None"

    def connect(self, *to: Any, **options: Any) -> tuple[int, bytes]:
        code, self.greeting = super().connect(*to, **options)
        return code, self.greeting

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            if self.file is None:  # connected, or encrypted: what came before that is forgotten
                self.file = _Answers(self.sock)
            self.file.wait_anew()
        return super().getreply()

    def is_silent(self) -> bool:
        """Neither hung up nor said goodbye: there is nothing to read, nor was anything read ahead."""
        return self.sock is not None and self.file is not None and self.file.is_silent()


class SmtpOverTls(Smtp, smtplib.SMTP_SSL):
    pass


class _Answers:
    """As smtplib reads a file of them."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._ahead = sock, b""
        #: Real seconds by which the answer at hand has to be whole, once it was waited for.
        self._by: float | None = None
        #: Bytes that it may still have.
        self._left = 0

    def wait_anew(self) -> None:
        self._by = None
        self._left = LONGEST_ANSWER

    def readline(self, limit: int) -> bytes:
        """A line, or as much of it as there is, or is wanted."""
        while b"\n" not in self._ahead and len(self._ahead) < limit:
            piece = self._receive()
            if not piece:
                break
            self._ahead += piece
            self._left -= len(piece)
            if self._left < 0:
                raise OSError(f"the answer has more than {LONGEST_ANSWER:,} bytes")
        end = self._ahead.find(b"\n", 0, limit) + 1 or limit
        line, self._ahead = self._ahead[:end], self._ahead[end:]
        return line

    def is_silent(self) -> bool:
        if self._ahead:
            return False
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        if not select.select([self._sock], [], [], 0)[0]:
            return True
        return isinstance(self._sock, ssl.SSLSocket) and self._is_of_tls()

    def close(self) -> None:
        """The socket is closed by whoever opened it."""

    def _receive(self) -> bytes:
        within = self._sock.gettimeout()
        if not within:
            return self._sock.recv(_PIECE)
        now = clock.monotonic()
        if self._by is None:  # the first wait is as long as it is anyway
            self._by = now + within
            return self._sock.recv(_PIECE)
        left = self._by - now
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        try:
            return self._sock.recv(_PIECE)
        finally:
            self._sock.settimeout(within)

    def _is_of_tls(self) -> bool:
        """Whether what lies there is no word of the server's, but a ticket, say."""
        within = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            self._ahead += self._sock.recv(_PIECE)
        except ssl.SSLWantReadError:
            return True
        except OSError:  # an alert, say, after which nothing is to be read
            return False
        finally:
            self._sock.settimeout(within)
        return False
