"""What happened with a lead, or is to be done, owed to the timeline of the CRM that it came from."""

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings

from crm import ledger, stages
from crm.models import Change, Deal, ExternalRecord, Lead

#: Touches wait for the next such mark, so that one call carries many.
EVERY = timedelta(minutes=15)


def log(
    lead: Lead,
    deal: Deal | None,
    *,
    message_id: str,
    touch: dict[str, str],
    at: datetime,
    may_exist: bool = False,
) -> None:
    """Owe one engagement, at the next mark after `at`; once per Message-ID.

    `touch` holds a Touch's kind, subject, text, sent_at, from_email, to_email, and of a task its work.
    """
    record = stages.live_records("lead", [lead.pk], lead.source_id).get(lead.pk)
    if record is None:
        return
    deals = stages.live_records("deal", [deal.pk], lead.source_id) if deal else {}
    owner = ExternalRecord.objects.filter(
        connection=lead.source_id, kind="owner", owner=lead.owner_id
    ).first()
    ledger.owe_touch(
        record,
        message_id=message_id,
        touch={
            **touch,
            "deal_id": deals[deal.pk].external_id if deal and deal.pk in deals else "",
            "owner_id": owner.external_id if owner and lead.owner_id else "",
        },
        at=_next_mark(at),
        may_exist=may_exist,
    )


def complete(message_id: str, *, at: datetime) -> None:
    """Owe every CRM that was to get this task that it is done."""
    owed = Change.objects.filter(kind=Change.Kind.TOUCH, message_id=message_id)
    for touch in owed.select_related("record"):
        ledger.owe_completion(touch, at=_next_mark(at))


def mark(key: str) -> str:
    """A Message-ID for what is no email: the same for the same key, and nobody else's."""
    digest = hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256).hexdigest()
    return f"<{digest[:32]}@cadenza.invalid>"


def _next_mark(moment: datetime) -> datetime:
    into = timedelta(seconds=moment.timestamp() % EVERY.total_seconds())
    return moment + (EVERY - into)
