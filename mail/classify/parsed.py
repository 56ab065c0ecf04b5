"""An incoming email, read defensively: anything a stranger may write parses to something."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from itertools import chain, islice

from mail.classify import html_text

#: Bytes of an email, without its files, that are read at all.
MOST_BYTES = 512 * 1024
#: Parts of one email that are looked at, and boundaries that are declared: the parser compares
#: every line with every open one.
MOST_PARTS = 1000
MOST_BOUNDARIES = 20
#: Lines that may begin a part: the parser makes an object of each.
MOST_EDGES = 5000
#: Characters of a header: the parser's time for its parameters grows with their square.
MOST_HEADER = 20_000
MOST_IDS = 50
#: Codecs that Python takes for a charset and that no text is in; some take quadratic time.
NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})

#: Where a mail may name whom it was sent to; the servers' own words first.
RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
#: Nor do the marks of Chinese and Japanese, which stand right before it, belong to an address.
_NO_ADDRESS = (
    r"\s<>,;:\"()\[\]" + "\uff1a\uff0c\uff1b\u3001\u3002\uff08\uff09\u300c\u300d\u3010\u3011"
)
ADDRESS = re.compile(rf"[^{_NO_ADDRESS}]{{1,200}}@[^{_NO_ADDRESS}]{{1,253}}")


@dataclass(frozen=True, kw_only=True)
class Parsed:
    message_id: str = ""
    from_email: str = ""
    subject: str = ""
    #: Ids in In-Reply-To, then in References from the nearest on.
    answers: tuple[str, ...] = ()
    text: str = ""  #: the readable body, quotes and all
    parts: tuple[Message, ...] = ()  #: every leaf and container, the email itself first
    own: tuple[Message, ...] = ()  #: of the parts, those in no mail that this one carries along
    is_whole: bool = True  #: false where it is longer than what is read
    headers: Message = field(default_factory=Message)

    def header(self, name: str) -> str:
        return header(self.headers, name)

    def recipients(self) -> tuple[str, ...]:
        """To whom it was sent, as far as its headers tell."""
        found = (ADDRESS.findall(self.header(name)) for name in RECIPIENTS)
        return tuple(dict.fromkeys(chain.from_iterable(found)))[:MOST_IDS]


def parse(raw: bytes) -> Parsed:
    """Never raises; what cannot be read is blank. `raw` is without files: see unpacked."""
    bounded = _bounded(raw)
    try:
        message = message_from_bytes(bounded.removeprefix(codecs.BOM_UTF8), policy=_BOUNDED)
        parts = tuple(_walk(message))
        own = tuple(_walk(message, within=False))
    except (MessageError, RecursionError, ValueError, LookupError):
        return Parsed()
    return Parsed(
        message_id=first_id(header(message, "Message-ID")),
        from_email=first_address(header(message, "From")),
        subject=header(message, "Subject"),
        answers=_answered(message),
        text=_body(own),
        parts=parts,
        own=own,
        is_whole=len(bounded) == len(raw) and len(parts) < MOST_PARTS,
        headers=message,
    )


def headers(raw: bytes) -> Message:
    """Those of an email or of one part, as `parse` reads them."""
    return BytesParser(policy=_BOUNDED).parsebytes(raw, headersonly=True)


class _Bounded(policy.Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MOST_HEADER]


_BOUNDED = _Bounded()
_COSTLY = (
    (re.compile(rb"boundary[*\d]*\s*=", re.IGNORECASE), MOST_BOUNDARIES),
    (re.compile(rb"^--", re.MULTILINE), MOST_EDGES),
)


def _bounded(raw: bytes) -> bytes:
    """As much of the email as is read."""
    raw = raw[:MOST_BYTES]
    for pattern, most in _COSTLY:
        beyond = next(islice(pattern.finditer(raw), most, None), None)
        raw = raw[: beyond.start()] if beyond else raw
    return raw


def header(message: Message, name: str) -> str:
    """The header's text on one line, encoded words read; blank when it is missing."""
    lower = name.lower()
    value = next((value for key, value in message.raw_items() if key.lower() == lower), None)
    if value is None:
        return ""
    # Raw bytes come as surrogates; what is no UTF-8 is replaced.
    text = str(value)[:4000].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" in text:
        text = _decoded(text)
    return " ".join(text.replace("\x00", " ").split())


def content(part: Message) -> str:
    """The text of a part, whatever its encoding claims to be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    text = _text(payload, _charset(part))
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def inside(part: Message) -> list[Message]:
    """The parts of a part, or the mail in it; asked of a text, the parser would decode it."""
    held = part.get_payload() if part.is_multipart() else []
    return [each for each in held if isinstance(each, Message)]


def boundary(part: Message) -> bytes:
    """What stands between its parts; blank where there are none, or no line can be it."""
    if part.get_content_maintype() != "multipart":
        return b""
    try:
        return (part.get_boundary() or "").encode("ascii", "surrogateescape")
    except ValueError:  # in a charset that nothing is written in
        return b""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except ValueError:  # its name is none
        return "utf-8"


def _text(payload: bytes, charset: str) -> str:
    try:
        known = codecs.lookup(charset).name.replace("-", "_") not in NO_CHARSETS
        text = payload.decode(charset if known else "utf-8", "replace")
    except (LookupError, ValueError):
        text = payload.decode("utf-8", "replace")
    # UTF-7 can hide half a character, which no database and no terminal takes.
    return text.encode("utf-8", "replace").decode("utf-8")


def first_id(text: str) -> str:
    match = _MESSAGE_ID.search(text)
    return match[0] if match else ""


def first_address(text: str) -> str:
    """The address of `Name <address>` or of a bare one; blank when there is none."""
    angle = text.rpartition("<")[2].partition(">")[0]
    match = ADDRESS.search(angle) or ADDRESS.search(text)
    return match[0] if match else ""


def _walk(message: Message, *, within: bool = True) -> Iterator[Message]:
    """Parts in reading order, at most MOST_PARTS; `within`: those of a mail inside the mail, too."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        yield part
        if within or part.get_content_type() != "message/rfc822":
            waiting.extend(reversed(inside(part)))


def _answered(message: Message) -> tuple[str, ...]:
    near = _MESSAGE_ID.findall(header(message, "In-Reply-To"))
    # The end of References is the nearest, and the beginning the thread's first mail.
    thread = _MESSAGE_ID.findall(" ".join(str(message.get("References") or "")[-20000:].split()))
    return tuple(dict.fromkeys([*near, *reversed(thread)]))[:MOST_IDS]


def _body(parts: tuple[Message, ...]) -> str:
    """Every text/plain that is no attachment, else every text/html as text."""
    plain: list[str] = []
    html: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        is_report = kind.startswith("message/") and kind != "message/rfc822"
        if is_report and part is not parts[0]:
            break  # what follows belongs to it
        if part.is_multipart() or is_attached(part):
            continue
        if kind in {"text/plain", "text/html"} and (text := content(part)).strip():
            (plain if kind == "text/plain" else html).append(text)
    return "\n".join(plain) or html_text.convert("\n".join(html)) or _unparted(parts[0])


def _unparted(message: Message) -> str:
    """What stands where the parts should be: their boundary is missing, or never comes."""
    if message.get_content_maintype() != "multipart" or message.is_multipart():
        return ""
    return content(message)


def is_attached(part: Message) -> bool:
    """Whether a part is a file; mail programs cut a text in two around a picture."""
    disposition = header(part, "Content-Disposition").lower()
    return "attachment" in disposition or "filename" in disposition


def _decoded(text: str) -> str:
    try:
        return "".join(
            _text(chunk, charset or "ascii") if isinstance(chunk, bytes) else chunk
            for chunk, charset in decode_header(text)
        )
    except (MessageError, LookupError, ValueError):
        return text
