"""smtplib's connection, with two things that it lacks: the greeting, and an end to each answer."""

import smtplib
import socket
from io import BufferedReader
from typing import Any

from runtime import clock


class Smtp(smtplib.SMTP):
    """Keeps what the server said first, and waits for a whole answer no longer than for its first byte.

    The socket's timeout alone would count anew with each byte that comes.
    """

    greeting = b""
    #: Real seconds by which the answer at hand has to be whole; None: none is waited for.
    answer_by: float | None = None

    def connect(self, *to: Any, **options: Any) -> tuple[int, bytes]:
        code, self.greeting = super().connect(*to, **options)
        return code, self.greeting

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            return super().getreply()
        if self.file is None:
            self.file = BufferedReader(_Answers(self, self.sock))
        within = self.sock.gettimeout()
        self.answer_by = clock.monotonic() + within if within else None
        try:
            return super().getreply()
        finally:
            self.answer_by = None
            if self.sock is not None and self.sock.gettimeout() != within:
                self.sock.settimeout(within)


class SmtpOverTls(Smtp, smtplib.SMTP_SSL):
    pass


class _Answers(socket.SocketIO):
    def __init__(self, server: Smtp, sock: socket.socket) -> None:
        super().__init__(sock, "rb")
        self._server, self._of = server, sock

    def readinto(self, buffer: Any) -> int | None:
        by, within = self._server.answer_by, self._of.gettimeout()
        if by is not None and within is not None:
            left = by - clock.monotonic()
            if left <= 0:
                raise TimeoutError("the answer took too long")
            if left < 0.9 * within:  # the first wait is as long as it is anyway
                self._of.settimeout(left)
        return super().readinto(buffer)
