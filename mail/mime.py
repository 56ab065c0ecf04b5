"""Writing an email down: headers that leave as they are, a body that survives every server, CRLF.

The standard library and Django write the body. They do not write our headers: they fold a long one
right behind its colon, and encode long Message-IDs and non-ASCII local parts so that nobody can
read them (https://github.com/python/cpython/issues/85725).
"""

import re
from collections.abc import Mapping
from email.charset import QP, Charset
from email.header import Header
from typing import TYPE_CHECKING, cast

from django.core.mail import EmailMultiAlternatives

from mail.address import refuse_control

if TYPE_CHECKING:
    from django.core.mail.message import SafeMIMEMultipart

#: RFC 5322 2.1.1, without the line end: what must be kept, and what should be.
LONGEST_LINE = 998
FOLD_AT = 78

#: Quoted-printable needs no 8BITMIME and breaks long lines; headers use the shorter encoding.
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP

_LINE_END = re.compile(r"\r\n|\r|\n")


def build(headers: Mapping[str, str], *, text: str, html: str) -> bytes:
    """The email's bytes; ValueError when a header has a line break or a word that fits no line."""
    head = "".join(_header(name, value) for name, value in headers.items())
    raw = head.encode() + _body(text, html)
    longest = max(map(len, raw.split(b"\r\n")))
    if longest > LONGEST_LINE:
        raise ValueError(f"a header has a word of {longest} characters; {LONGEST_LINE} fit a line")
    return raw


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
    """From MIME-Version on; lines end in CRLF, the last one too."""
    mail = EmailMultiAlternatives(body=_LINE_END.sub("\n", text))
    mail.encoding = _UTF8
    if html:
        mail.attach_alternative(_LINE_END.sub("\n", html), "text/html")
    written = cast("SafeMIMEMultipart", mail.message())
    for name in ("Subject", "From", "Date", "Message-ID"):
        del written[name]
    raw = written.as_bytes(linesep="\r\n")
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
