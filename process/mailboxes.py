"""What the `mailboxes` of cadenza.yaml come to as rows."""

from collections.abc import Mapping

from mail.definition import MailboxSettings
from mail.models import Mailbox


def unsaved(settings: MailboxSettings) -> Mailbox:
    """As the file has it, of nobody; nothing of it needs to be in the database."""
    return Mailbox(address=settings.address, **values(settings))


def values(settings: MailboxSettings) -> Mapping[str, object]:
    """All but its address and its owner."""
    return {
        "display_name": settings.name,
        "smtp_url": settings.smtp,
        "esp": settings.esp and settings.esp.model_dump(exclude_none=True),
        "imap_url": settings.imap,
        "username": settings.username,
        "password": settings.password or "",
        "oauth": settings.oauth and settings.oauth.model_dump(),
        "dkim": settings.dkim and settings.dkim.model_dump(),
        "plus_addressing": settings.plus_addressing,
        "per_day": settings.per_day,
        "per_hour": settings.per_hour,
        "per_minute": settings.per_minute,
        "gap": settings.gap.elapsed,
        "ramp_up": settings.ramp_up and settings.ramp_up.model_dump(),
        "most_bounces": settings.pause_at.bounces,
        "most_complaints": settings.pause_at.complaints,
    }
