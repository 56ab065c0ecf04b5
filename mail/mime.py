"""Writing an email down: headers that leave as they are, a body that survives every server, CRLF.

By hand, since the standard library folds a long header right behind its colon and encodes long
Message-IDs and non-ASCII local parts so that nobody can read them
(https://github.com/python/cpython/issues/85725), and since its message class, and Django's with it,
takes longer than all the rest of sending.
"""

from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from email.charset import Charset
from email.header import Header
from secrets import token_hex
from urllib.parse import quote

from mail.address import refuse_control

#: RFC 5322 2.1.1, without the line end: what must be kept, and what should be.
LONGEST_LINE = 998
FOLD_AT = 78

#: Headers use the shorter encoding.
_UTF8 = Charset("utf-8")


def build(
    headers: Mapping[str, str],
    *,
    text: str,
    html: str,
    calendar: bytes = b"",
    attachments: Sequence[bytes] = (),
) -> bytes:
    """The email's bytes; ValueError when a header has a line break or a word that fits no line.

    `calendar` and the attachments are parts, as the functions of these names write them.
    """
    head = "".join(_header(name, value) for name, value in headers.items()).encode()
    longest = max(map(len, head.split(b"\r\n")))
    if longest > LONGEST_LINE:
        raise ValueError(f"a header has a word of {longest} characters; {LONGEST_LINE} fit a line")
    return head + b"MIME-Version: 1.0\r\n" + _body(text, html, calendar, attachments)


def attachment(name: str, media_type: str, content: bytes) -> bytes:
    """A file as a part; ValueError for a name with a line break or control character."""
    refuse_control(name, "file name")
    head = (
        f"Content-Type: {media_type}\r\n"
        f"Content-Disposition: attachment;\r\n {_file_name(name)}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    # The encoder writes lines of 76, as RFC 2045 6.8 has them.
    return head.encode() + encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


def calendar(method: str, written: bytes) -> bytes:
    """What a calendar reads of the email, by RFC 6047 4."""
    return _part(f"calendar; method={method}", written.decode())


def words(value: str, name: str) -> str:
    """Text for the header `name`, in encoded words where it is not plain ASCII."""
    if value.isascii() and "=?" not in value:
        return value
    encoded = Header(value, _UTF8, header_name=name).encode()
    return " ".join(encoded.split())


def mailbox(name: str, address: str) -> str:
    """`"Name" <address>`, whatever the name has in it."""
    refuse_control(name, "sender's name")
    if not name:
        return address
    if name.isascii() and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{words(name, 'From')} <{address}>"


def _header(name: str, value: str) -> str:
    """Folded between words, never behind the colon, and a long word left whole."""
    refuse_control(value, name)
    if len(name) + len(value) <= FOLD_AT - len(": "):
        return f"{name}: {value}\r\n"
    lines, line = [], f"{name}:"
    for place, word in enumerate(value.split(" ")):
        if place and word and len(line) + 1 + len(word) > FOLD_AT:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "".join(f"{line}\r\n" for line in [*lines, line])


def _body(text: str, html: str, calendar: bytes, attachments: Sequence[bytes]) -> bytes:
    """From Content-Type on; lines end in CRLF, the last one too."""
    written = _part("plain", text)
    if others := [part for part in (html and _part("html", html), calendar) if part]:
        written = _multipart("alternative", [written, *others])
    if attachments:
        written = _multipart("mixed", [written, *attachments])
    return written if written.endswith(b"\r\n") else written + b"\r\n"


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    # Neither quoted-printable nor base64 has "=_": no line of a part can be taken for the boundary.
    boundary = f"=_{token_hex(12)}".encode()
    inside = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    head = b'Content-Type: multipart/%b; boundary="%b"\r\n\r\n' % (kind.encode(), boundary)
    return head + inside + b"--%b--\r\n" % boundary


def _file_name(name: str) -> str:
    """By RFC 2231 where it is not plain ASCII."""
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'filename="{escaped}"'
    return f"filename*=utf-8''{quote(name, safe='')}"


def _part(kind: str, text: str) -> bytes:
    """Quoted-printable needs no 8BITMIME and breaks long lines; the text ends where it ended."""
    # The encoder ends its own breaks in CRLF when the text has one, and guards a space before it.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = b2a_qp(f"{lines}\r\n".encode()).removesuffix(b"\r\n")
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + encoded
