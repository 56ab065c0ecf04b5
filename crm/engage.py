"""What happened with a lead, or is to be done, owed to the timeline of the CRM that it came from."""

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from connectors import registry
from crm import ledger, stages
from crm.models import Change, Deal, ExternalRecord, Lead, Owner

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
    owner_id: int | None = None,
) -> None:
    """Owe one engagement, at the next mark after `at`; once per Message-ID.

    `touch` holds a Touch's kind, subject, text, sent_at, from_email, to_email, and of a task its work.
    It is the lead's owner's unless another is named.
    """
    record = stages.live_records("lead", [lead.pk], lead.source_id).get(lead.pk)
    if record is None:
        return
    deals = stages.live_records("deal", [deal.pk], lead.source_id) if deal else {}
    owner = _owner_there(owner_id or lead.owner_id, lead.source_id)
    ledger.owe_touch(
        record,
        message_id=message_id,
        touch={
            **touch,
            "deal_id": deals[deal.pk].external_id if deal and deal.pk in deals else "",
            "owner_id": owner.external_id if owner else "",
        },
        at=_next_mark(at),
        may_exist=may_exist,
    )


def log_call(
    lead: Lead,
    deal: Deal | None,
    *,
    message_id: str,
    subject: str,
    outcome: str,
    remark: str,
    owner_id: int | None,
    at: datetime,
) -> None:
    """Owe a call that was made; not where its task, once it is done, stands there as the call."""
    if registry.calls_are_tasks(lead.source.kind):
        return
    touch = {
        "kind": "call",
        "subject": subject,
        "text": "\n\n".join(filter(None, (outcome and f"Outcome: {outcome}", remark))),
        "sent_at": at.isoformat(),
        "from_email": "",
        "to_email": "",
    }
    log(lead, deal, message_id=message_id, touch=touch, at=at, owner_id=owner_id)


def complete(message_id: str, *, at: datetime, outcome: str = "") -> None:
    """Owe every CRM that was to get this task that it is done, and of a call what came of it."""
    for touch in _owed(message_id):
        ledger.owe_completion(touch, outcome=outcome, at=_next_mark(at))


def hand_over(message_id: str, to: Owner, *, at: datetime) -> None:
    """Owe every CRM that was to get this task, and knows its new owner, whose it is."""
    for touch in _owed(message_id):
        owner = _owner_there(to.pk, touch.connection_id)
        if owner is not None:
            ledger.owe_handover(touch, owner.external_id, at=_next_mark(at))


def mark(key: str) -> str:
    """A Message-ID for what is no email: the same for the same key, and nobody else's."""
    digest = hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256).hexdigest()
    return f"<{digest[:32]}@cadenza.invalid>"


def _owed(message_id: str) -> QuerySet[Change]:
    owed = Change.objects.filter(kind=Change.Kind.TOUCH, message_id=message_id)
    return owed.select_related("record")


def _owner_there(owner_id: int | None, connection_id: int) -> ExternalRecord | None:
    """Somebody's record as an owner in a connection."""
    if owner_id is None:
        return None
    return ExternalRecord.objects.filter(
        connection=connection_id, kind="owner", owner=owner_id
    ).first()


def _next_mark(moment: datetime) -> datetime:
    into = timedelta(seconds=moment.timestamp() % EVERY.total_seconds())
    return moment + (EVERY - into)
