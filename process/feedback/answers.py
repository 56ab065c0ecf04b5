"""What somebody answers to a request for a score: one row for each request, each answer on the timeline."""

from django.db import transaction

from crm import stages
from crm.models import Lead
from crm.timeline import note
from mail.classify.kinds import wants_out
from mail.models import Message
from mail.unsubscribe import unsubscribe
from process.models import Feedback
from runtime import clock


def record(request: Message, *, score: int, comment: str) -> bool:
    """Keep the answer in the place of an earlier one; False when it says nothing new.

    Whoever asks in it to be left alone is left alone: the link is the person's own.
    """
    now = clock.now()
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=request.lead_id)
        known = Feedback.objects.filter(message_id=request.pk).first()
        if known is not None and (known.score, known.comment) == (score, comment):
            return False
        Feedback.objects.update_or_create(
            message_id=request.pk,
            defaults={"lead": lead, "score": score, "comment": comment, "at": now},
        )
        lead.nps = score
        lead.save(update_fields=["nps"])
        note(
            "nps",
            lead=lead,
            deal=stages.bound_deal(lead),
            occurred_at=now,
            message_id=request.pk,
            data={"score": score, "comment": comment, "request": request.pk},
        )
        if wants_out(comment):
            unsubscribe(lead, how="feedback", at=now)
    return True


def answer_to(request: Message) -> Feedback | None:
    return Feedback.objects.filter(message_id=request.pk).first()
