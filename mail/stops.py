"""Never after: why an email must not leave any more. Reads rows of mail and crm alone."""

from dataclasses import dataclass

from django.db.models import Q

from crm.kinds import ENDING
from crm.models import Activity, Deal, Lead
from mail import suppression
from mail.models import Inbound, Message, Suppression


@dataclass(frozen=True, kw_only=True)
class Stop:
    reason: str
    because: dict[str, object]


def reason(message: Message) -> Stop | None:
    """What forbids this message now, as committed; None when nothing does."""
    return (
        _suppressed(message)
        or _lead(message)
        or _answered(message)
        or _met_or_answered_elsewhere(message)
        or _deal_closed(message)
    )


def _suppressed(message: Message) -> Stop | None:
    found = suppression.first(message.to_email, message.lead)
    if found is None:
        return None
    return Stop(reason=found.kind, because={"suppression": found.pk})


def _lead(message: Message) -> Stop | None:
    lead = Lead.objects.get(pk=message.lead_id)
    if lead.deleted_at is not None:
        return Stop(reason="lead_deleted", because={"lead": lead.pk})
    if lead.do_not_contact:
        return Stop(reason=Suppression.Kind.DO_NOT_CONTACT, because={"lead": lead.pk})
    return None


def _answered(message: Message) -> Stop | None:
    found = (
        Inbound.objects.filter(kind=Inbound.Kind.REPLY)
        .filter(
            Q(lead=message.lead_id, received_at__gt=message.enrolled_at)
            | Q(answers__enrollment_id=message.enrollment_id)
        )
        .first()
    )
    return Stop(reason="replied", because={"inbound": found.pk}) if found else None


def _met_or_answered_elsewhere(message: Message) -> Stop | None:
    """A booked meeting, or an answer that came by another way than our mailbox."""
    found = Activity.objects.filter(
        lead=message.lead_id, kind__in=ENDING, occurred_at__gt=message.enrolled_at
    ).first()
    return Stop(reason=found.kind, because={"activity": found.pk}) if found else None


def _deal_closed(message: Message) -> Stop | None:
    """A deal that was closed before the enrollment began (won-handoff) does not stop it."""
    if message.deal_id is None:
        return None
    deal = Deal.objects.filter(pk=message.deal_id, is_closed=True).first()
    if deal is None or (deal.closed_at is not None and deal.closed_at <= message.enrolled_at):
        return None
    return Stop(reason="deal_closed", because={"deal": deal.pk})
