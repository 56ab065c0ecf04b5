"""An incoming email without its files: what a person wrote may stand behind many megabytes of them.

Read line by line as it comes, so that its size takes time but no memory.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

from mail.classify import parsed
from mail.classify.parsed import MOST_BOUNDARIES, MOST_BYTES, MOST_EDGES

#: Bytes up to which an email is left as it came.
SMALL = 256 * 1024
#: A longer line is read in pieces.
_LONGEST_LINE = 64 * 1024
#: Parts that are read wherever they stand; other texts only if they are no files.
_ALWAYS = frozenset({"text/calendar", "application/ics", "text/rfc822-headers"})
_HEADER = re.compile(rb"[!-9;-~]*:|[ \t]|From ")
_BLANK = (b"\n", b"\r\n", b"\r")


def without_files(pieces: Iterable[bytes]) -> bytes:
    """The email whose bytes come in `pieces`; of one that is not SMALL, all but what its files hold.

    At most one byte more than MOST_BYTES, so that `parse` sees that it is not whole. What is not
    needed any more is not asked for.
    """
    coming = iter(pieces)
    begun = bytearray()
    for piece in coming:
        begun += piece
        if len(begun) > SMALL:
            return _Reading().read(_lines(begun.removeprefix(codecs.BOM_UTF8), coming))
    return bytes(begun)


class _Reading:
    """Follows the parts as the parser will, which sees the same boundaries and the same headers."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._open: list[bytes] = []  #: boundaries, the innermost last
        self._head: bytearray | None = bytearray()  #: of the part whose header is being read
        self._is_unread = False  #: a file, or what is in no part
        self._begun = 0  #: parts and mails inside

    def read(self, lines: Iterator[bytes]) -> bytes:
        for line in lines:
            if not (line.startswith(b"--") and self._edge(line)):
                self._take(line)
            if self._has_all():
                break
        return bytes(self._kept[: MOST_BYTES + 1])

    def _has_all(self) -> bool:
        """Whether what comes is beyond what the parser reads."""
        return (
            len(self._kept) > MOST_BYTES
            or self._begun > MOST_EDGES
            or len(self._open) > MOST_BOUNDARIES
        )

    def _take(self, line: bytes) -> None:
        while self._head is not None:
            if _HEADER.match(line):
                self._head += line
                break
            self._begin()
            if line in _BLANK:
                self._kept += line
                return
            # Already text, or a mail inside that has no header.
        if not self._is_unread:
            self._kept += line

    def _edge(self, line: bytes) -> bool:
        """Whether the line is a boundary of an open part: the part ends, and another may begin."""
        text = line.rstrip(b" \t\r\n")[2:]
        for name, begins in ((text, True), (text.removesuffix(b"--"), False)):
            if name in self._open:
                del self._open[self._open.index(name) + begins :]
                # What stands behind the last part is in none.
                self._head, self._is_unread = bytearray() if begins else None, not begins
                self._kept += line
                self._begun += 1
                return True
        return False

    def _begin(self) -> None:
        """The header of a part is over."""
        header = parsed.headers(bytes(self._head or b""))
        kind, main = header.get_content_type(), header.get_content_maintype()
        boundary = parsed.boundary(header)
        if boundary and boundary not in self._open:
            self._open.append(boundary)
        self._head = bytearray() if kind == "message/rfc822" else None
        self._begun += kind == "message/rfc822"
        is_read = main in {"multipart", "message"} or kind in _ALWAYS
        self._is_unread = not is_read and (main != "text" or parsed.is_attached(header))


def _lines(begun: bytearray, coming: Iterator[bytes]) -> Iterator[bytes]:
    rest = bytes(begun)
    while rest:
        *whole, rest = rest.splitlines(keepends=True)
        yield from whole
        if len(rest) > _LONGEST_LINE:
            yield rest
            rest = b""
        piece = next(coming, b"")
        if not piece:
            break
        rest += piece
    if rest:
        yield rest
