"""IMAPClient's connection, with an end to each answer: a byte now and then is none (see mail.smtp)."""

import imaplib
import socket
import ssl
from io import BufferedReader
from typing import Any

from imapclient import IMAPClient

from runtime import clock

#: Bytes of an answer that have to be here within one wait, however slow the line.
PIECE = 64 * 1024
#: Real seconds for all of the longest answer.
IN_ALL = 600.0
#: As imaplib has it.
_LONGEST_LINE = 1_000_000


class Imap(IMAPClient):  # type: ignore[misc]  # without types
    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - IMAPClient's name
        within = self._timeout.connect
        if self.ssl:
            trust = self.ssl_context or ssl.create_default_context()
            return _OverTls(self.host, self.port, ssl_context=trust, timeout=within)
        return _Answering(self.host, self.port, within)


class _Answering(imaplib.IMAP4):
    """Reads through a reader of its own; each word of ours, and the greeting, begins an answer."""

    _reader: BufferedReader | None = None
    _answers: "_Answers"

    def send(self, data: Any) -> None:
        self._read_by()
        self._answers.begin()
        super().send(data)

    def read(self, size: int) -> bytes:
        return self._read_by().read(size)

    def readline(self) -> bytes:
        line = self._read_by().readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise self.error(f"got more than {_LONGEST_LINE} bytes")
        return line

    def _read_by(self) -> BufferedReader:
        """Another one once the connection is encrypted: what was read ahead is nobody's word."""
        if self._reader is None or self._answers.of is not self.sock:
            self._answers = _Answers(self.sock)
            self._reader = BufferedReader(self._answers)
        return self._reader


class _OverTls(_Answering, imaplib.IMAP4_SSL):
    pass


class _Answers(socket.SocketIO):
    def __init__(self, of: socket.socket) -> None:
        super().__init__(of, "rb")
        self.of = of
        self.begin()

    def begin(self) -> None:
        self._ends_at = clock.monotonic() + IN_ALL
        self._renew()

    def readinto(self, buffer: Any) -> int | None:
        within = self.of.gettimeout()
        if not within:  # nobody waits
            return super().readinto(buffer)
        left = min(self._piece_began_at + within, self._ends_at) - clock.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self.of.settimeout(left)
        try:
            count = super().readinto(buffer)
        finally:
            self.of.settimeout(within)
        self._piece_left -= count or 0
        if self._piece_left <= 0:
            self._renew()
        return count

    def _renew(self) -> None:
        self._piece_began_at, self._piece_left = clock.monotonic(), PIECE
