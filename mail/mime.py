"""Writing an email down: headers that leave as they are, a body that survives every server, CRLF.

By hand, since the standard library folds a long header right behind its colon and encodes long
Message-IDs and non-ASCII local parts so that nobody can read them
(https://github.com/python/cpython/issues/85725), and since its message class, and Django's with it,
takes longer than all the rest of sending.
"""

import re
from binascii import b2a_qp
from collections.abc import Mapping
from email.charset import Charset
from email.header import Header
from secrets import token_hex

from mail.address import refuse_control

#: RFC 5322 2.1.1, without the line end: what must be kept, and what should be.
LONGEST_LINE = 998
FOLD_AT = 78

#: Headers use the shorter encoding.
_UTF8 = Charset("utf-8")

_LINE_END = re.compile(r"\r\n|\r|\n")


def build(headers: Mapping[str, str], *, text: str, html: str) -> bytes:
    """The email's bytes; ValueError when a header has a line break or a word that fits no line."""
    head = "".join(_header(name, value) for name, value in headers.items())
    longest = max(map(len, head.encode().split(b"\r\n")))
    if longest > LONGEST_LINE:
        raise ValueError(f"a header has a word of {longest} characters; {LONGEST_LINE} fit a line")
    return f"{head}MIME-Version: 1.0\r\n".encode() + _body(text, html)


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
    lines, line = [], f"{name}:"
    for place, word in enumerate(value.split(" ")):
        if place and word and len(line) + 1 + len(word) > FOLD_AT:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "".join(f"{line}\r\n" for line in [*lines, line])


def _body(text: str, html: str) -> bytes:
    """From Content-Type on; lines end in CRLF, the last one too."""
    if not html:
        written = _part("plain", text)
        return written if written.endswith(b"\r\n") else written + b"\r\n"
    # Quoted-printable never has "=_": no line of a part can be taken for the boundary.
    boundary = f"=_{token_hex(12)}".encode()
    parts = (_part("plain", text), _part("html", html))
    inside = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    kind = b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % boundary
    return kind + inside + b"--%b--\r\n" % boundary


def _part(kind: str, text: str) -> bytes:
    """Quoted-printable needs no 8BITMIME and breaks long lines; the text ends where it ended."""
    # The encoder ends its own breaks in CRLF when the text has one, and guards a space before it.
    lines = _LINE_END.sub("\r\n", text) + "\r\n"
    encoded = b2a_qp(lines.encode()).removesuffix(b"\r\n")
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + encoded
