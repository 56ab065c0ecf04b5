"""Why: what happened with a lead, by the reasons kept on the rows, and what comes next."""

from collections.abc import Iterator
from datetime import datetime

from crm.models import Lead
from mail.models import Message, Suppression
from runtime import clock
from sequences import cadence
from sequences.models import Enrollment
from sequences.states import state_of
from sequences.versions import definition_of


def explanation(lead: Lead) -> Iterator[str]:
    """Lines for people: the lead, its timeline with reasons, and what `decide` says of the future."""
    yield f"{lead} <{lead.email or 'no email address'}>, lead {lead.pk}, from {lead.source}"
    yield f"stage: {lead.stage or 'none'}, owner: {lead.owner or 'none'}"
    if lead.doubt:
        yield f"in doubt: {lead.doubt}"
    for suppression in Suppression.objects.filter(email=lead.email):
        yield f"suppressed: {suppression.kind} at {_moment(suppression.at)}"
    yield "timeline:"
    for activity in lead.activity_set.order_by("occurred_at", "pk"):
        told = ", ".join(f"{key}: {value}" for key, value in activity.data.items() if value)
        yield f"  {_moment(activity.occurred_at)} {activity.kind} {told[:200]}".rstrip()
    for message in Message.objects.filter(lead=lead).order_by("pk"):
        yield f"email {message.pk} {message.step_id}: {message.status}, because {message.because}"
    for enrollment in Enrollment.objects.filter(lead=lead).order_by("pk"):
        yield f"{enrollment.sequence}: {enrollment.status} {enrollment.reason}".rstrip()
        yield f"  because {enrollment.because}"
        if enrollment.status == Enrollment.Status.ACTIVE:
            decision = cadence.decide(
                definition_of(enrollment.version), state_of(enrollment), clock.now()
            )
            yield f"  next: {type(decision).__name__} {decision.because}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
