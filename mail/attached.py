"""The files of applied templates: kept once each, and written down as parts of an email."""

from collections.abc import Sequence
from functools import lru_cache

from mail import mime
from mail.attachments import Attachment
from mail.models import AttachedFile, EmailTemplate

#: Parts of so many files are kept in memory by each worker.
_KEPT = 8


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
