"""One message with its right answer, and how messages are put together."""

import base64
import quopri
from dataclasses import dataclass
from datetime import date
from email.header import Header

#: When every message of the corpus arrived.
DAY = date(2026, 3, 4)
DATE = "Wed, 4 Mar 2026 10:00:00 +0000"
ADA = "ada@sender.example"
TOUCH = "<touch-1@sender.example>"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """`text` and `returns_on` are judged for replies, wishes and automatic replies alone."""

    kind: str
    recipients: tuple[str, ...] = ()
    hard: bool = False
    sender_fault: bool = False
    text: str = ""
    returns_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    raw: bytes
    expected: Expected


def message(
    headers: dict[str, str], body: str, *, charset: str = "utf-8", how: str = "8bit"
) -> bytes:
    """A mail with one text; headers that are given replace those that every mail has."""
    kind = headers.get("Content-Type", f"text/plain; charset={charset}")
    top = {"From": "grace@customer.example", "To": ADA, "Date": DATE, **headers}
    top |= {"MIME-Version": "1.0", "Content-Type": kind, "Content-Transfer-Encoding": how}
    return _lines(top) + b"\r\n" + encode(body, charset=charset, how=how)


def several(headers: dict[str, str], kind: str, parts: list[tuple[dict[str, str], str]]) -> bytes:
    """A multipart of `kind`; each part has its headers and its text as it stands."""
    top = {"From": "grace@customer.example", "To": ADA, "Date": DATE, **headers}
    top |= {"MIME-Version": "1.0", "Content-Type": f'multipart/{kind}; boundary="=_edge"'}
    inner = b"".join(
        b"--=_edge\r\n" + _lines(of) + b"\r\n" + encode(text) + b"\r\n" for of, text in parts
    )
    return _lines(top) + b"\r\n" + inner + b"--=_edge--\r\n"


def encode(text: str, *, charset: str = "utf-8", how: str = "8bit") -> bytes:
    raw = text.replace("\n", "\r\n").encode(charset)
    if how == "base64":
        return base64.encodebytes(raw).replace(b"\n", b"\r\n")
    if how == "quoted-printable":
        return quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return raw


def returned(to: str, *, subject: str = "A question", text: str = "") -> str:
    """Our email as servers send it back: its headers and, if given, its text."""
    head = f"Message-ID: {TOUCH}\nFrom: Ada Bright <{ADA}>\nTo: {to}\nSubject: {subject}\n"
    return f"Return-Path: <{ADA}>\nReceived: by out.sender.example; {DATE}\n{head}\n{text}"


def _lines(headers: dict[str, str]) -> bytes:
    shown = (f"{name}: {_ascii(value)}\r\n" for name, value in headers.items() if value)
    return "".join(shown).encode()


def _ascii(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=900).encode()
