"""Files that emails carry along: named, given a media type, and written down as MIME parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from mimetypes import MimeTypes

from mail import mime
from mail.models import AttachedFile, EmailTemplate

#: Parts of so many files are kept in memory by each worker.
_KEPT = 8

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


def parts(template: EmailTemplate) -> list[bytes]:
    """As they stand in an email; raises ValueError for a name that no header takes."""
    if template.pk is None:
        return [_part(one) for one in template.unsaved_attachments]
    return [_kept_part(name, digest) for name, digest in template.attachments]


def keep(attachments: Sequence[Attachment]) -> None:
    """Into the database, each content once."""
    for one in attachments:
        AttachedFile.objects.get_or_create(digest=one.digest, defaults={"content": one.content})


@lru_cache(maxsize=_KEPT)
def _kept_part(name: str, digest: str) -> bytes:
    content = bytes(AttachedFile.objects.get(digest=digest).content)
    return _part(Attachment(name=name, content=content))


def _part(attachment: Attachment) -> bytes:
    return mime.attachment(attachment.name, attachment.media_type, attachment.content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
