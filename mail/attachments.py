"""Files that emails carry along: named and given a media type. Knows nothing of Django."""

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from mimetypes import MimeTypes

#: The library's own table, never the machine's: the same file has the same type everywhere.
_TYPES = MimeTypes()
for _extension, _type in {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ics": "text/calendar",
    ".md": "text/markdown",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".webp": "image/webp",
    ".zip": "application/zip",
}.items():
    _TYPES.add_type(_type, _extension)
_ANY = "application/octet-stream"
#: RFC 2046 5.2.1 and 5.1: these must not be in base64, so a mail that is a file is just a file.
_COMPOSITE = re.compile(r"(message|multipart)/")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def media_type(self) -> str:
        """By its name, with the charset of a text that has one we know."""
        guessed, encoding = _TYPES.guess_type(self.name)
        if encoding == "gzip":
            return "application/gzip"
        if guessed is None or encoding is not None or _COMPOSITE.match(guessed):
            return _ANY
        if guessed.startswith("text/") and _is_utf8(self.content):
            return f'{guessed}; charset="utf-8"'
        return guessed


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
