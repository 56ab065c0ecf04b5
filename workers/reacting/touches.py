"""Emails of both sides and bounces, owed to the CRM's own timeline."""

from collections.abc import Callable
from datetime import datetime

from crm import engage
from crm.models import Activity, Lead
from mail.models import Inbound, Message
from runtime import clock


def sent(message: Message, lead: Lead, sent_at: datetime, *, may_exist: bool) -> None:
    engage.log(
        lead,
        message.deal,
        at=clock.now(),
        message_id=message.message_id,
        touch={
            "kind": "email",
            "subject": message.subject,
            "text": message.text,
            "sent_at": sent_at.isoformat(),
            "from_email": message.mailbox.address,
            "to_email": message.to_email,
        },
        may_exist=may_exist,
    )


def came_in(kind: str) -> Callable[[Activity], None]:
    """A reply or a bounce report, for the CRM's own timeline."""

    def react_to(activity: Activity) -> None:
        inbound = (
            Inbound.objects.select_related("mailbox", "answers__deal")
            .filter(pk=activity.data.get("inbound") or 0)
            .first()
        )
        if inbound is None or activity.lead is None or not inbound.message_id:
            return
        answers = inbound.answers
        reason = f"{activity.data.get('recipient', '')}: {activity.data.get('words', '')}"
        engage.log(
            activity.lead,
            answers.deal if answers else None,
            at=clock.now(),
            message_id=inbound.message_id[:300],
            touch={
                "kind": kind,
                "subject": inbound.subject,
                "text": reason if kind == "bounce" else inbound.text,
                "sent_at": inbound.received_at.isoformat(),
                "from_email": inbound.from_email,
                "to_email": inbound.mailbox.address,
            },
        )

    return react_to


def told_by_esp(activity: Activity) -> None:
    """A bounce of which no mail came, for the CRM's own timeline."""
    message = Message.objects.select_related("mailbox", "deal").filter(pk=activity.message_id or 0)
    bounced = message.first() if activity.data.get("esp") else None
    if bounced is None or activity.lead is None:
        return
    engage.log(
        activity.lead,
        bounced.deal,
        at=clock.now(),
        message_id=engage.mark(f"activity:{activity.pk}"),
        touch={
            "kind": "bounce",
            "subject": bounced.subject,
            "text": f"{bounced.to_email}: {activity.data.get('words', '')}",
            "sent_at": activity.occurred_at.isoformat(),
            "from_email": bounced.to_email,
            "to_email": bounced.mailbox.address,
        },
    )
