"""An incoming email, read defensively: anything a stranger may write parses to something."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from mail.classify import html_text

#: Bytes of an email that are read at all, and characters of its text that are looked at.
MOST_BYTES = 256 * 1024
MOST_TEXT = 64 * 1024
#: Parts of one email that are looked at.
MOST_PARTS = 100
MOST_IDS = 50

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,200}@[^\s<>,;:\"()\[\]]{1,253}")


@dataclass(frozen=True, kw_only=True)
class Parsed:
    message_id: str = ""
    from_email: str = ""
    subject: str = ""
    #: Ids in In-Reply-To, then in References from the nearest on.
    answers: tuple[str, ...] = ()
    text: str = ""  #: the readable body, quotes and all
    parts: tuple[Message, ...] = ()  #: every leaf and container, the email itself first
    headers: Message = field(default_factory=Message)

    def header(self, name: str) -> str:
        return header(self.headers, name)


def parse(raw: bytes) -> Parsed:
    """Never raises; what cannot be read is blank."""
    try:
        message = message_from_bytes(raw[:MOST_BYTES], policy=policy.compat32)
        parts = tuple(_walk(message))
    except (MessageError, RecursionError, ValueError, LookupError):
        return Parsed()
    return Parsed(
        message_id=first_id(header(message, "Message-ID")),
        from_email=first_address(header(message, "From")),
        subject=header(message, "Subject"),
        answers=_answered(message),
        text=_body(parts),
        parts=parts,
        headers=message,
    )


def header(message: Message, name: str) -> str:
    """The header's text on one line, encoded words read; blank when it is missing."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:4000]
    if "=?" in text:
        text = _decoded(text)
    return " ".join(text.replace("\x00", " ").split())


def content(part: Message) -> str:
    """The text of a part, whatever its encoding claims to be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset("utf-8") or "utf-8"
    try:
        text = payload.decode(charset, "replace")
    except (LookupError, ValueError):
        text = payload.decode("utf-8", "replace")
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def first_id(text: str) -> str:
    match = _MESSAGE_ID.search(text)
    return match[0] if match else ""


def first_address(text: str) -> str:
    """The address of `Name <address>` or of a bare one; blank when there is none."""
    angle = text.rpartition("<")[2].partition(">")[0]
    match = _ADDRESS.search(angle) or _ADDRESS.search(text)
    return match[0] if match else ""


def _walk(message: Message) -> Iterator[Message]:
    """Parts in reading order, a mail inside a mail included, at most MOST_PARTS."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        yield part
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting.extend(reversed([p for p in inner if isinstance(p, Message)]))


def _answered(message: Message) -> tuple[str, ...]:
    near = _MESSAGE_ID.findall(header(message, "In-Reply-To"))
    # The end of References is the nearest, and the beginning the thread's first mail.
    thread = _MESSAGE_ID.findall(" ".join(str(message.get("References") or "")[-20000:].split()))
    return tuple(dict.fromkeys([*near, *reversed(thread)]))[:MOST_IDS]


def _body(parts: tuple[Message, ...]) -> str:
    """The first text/plain that is no attachment, else the first text/html as text."""
    html = ""
    for part in parts:
        kind = part.get_content_type()
        if kind.startswith("message/") and part is not parts[0]:
            break  # what follows belongs to the mail inside
        if "attachment" in header(part, "Content-Disposition").lower() or part.is_multipart():
            continue
        if kind == "text/plain":
            text = content(part)
            if text.strip():
                return text[:MOST_TEXT]
        elif kind == "text/html" and not html:
            html = content(part)
    return html_text.convert(html)[:MOST_TEXT]


def _decoded(text: str) -> str:
    try:
        return "".join(
            chunk.decode(charset or "ascii", "replace") if isinstance(chunk, bytes) else chunk
            for chunk, charset in decode_header(text)
        )
    except (MessageError, LookupError, ValueError):
        return text
