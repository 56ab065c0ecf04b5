"""What a person answers, and what a machine does in the person's absence."""

from datetime import datetime, timedelta

from django.db.models import Q

from crm.models import Activity
from mail.unsubscribe import unsubscribe
from process import meanings, moves, outcomes, replies
from process.objections import plays
from runtime import clock
from sequences import engine
from sequences.enroll import enroll_matching
from sequences.models import Enrollment

#: Out of office without a date.
AWAY = timedelta(days=5)


def answered(activity: Activity) -> None:
    lead = activity.lead
    if lead is None:
        return
    meaning = _meaning(activity)
    _keep(activity, meaning)
    if meaning.answer == meanings.UNSUBSCRIBE and meaning.is_sure:
        unsubscribe(lead, how="reply", at=activity.occurred_at)
    answer = meaning.settled
    lead.disposition = answer
    lead.save(update_fields=["disposition"])
    because: dict[str, object] = {
        "rule": "answered",
        "activity": activity.pk,
        "answer": answer,
        "read_by": meaning.by,
        "confidence": meaning.confidence,
    }
    plans = [] if meaning.is_doubtful else replies.plans(lead, answer)
    engine.stop_lead(lead, "answered", at=activity.occurred_at, because=because)
    if lead.company_id is not None:
        engine.reconsider(lead__company=lead.company_id)
    replies.start(lead, plans, activity)
    moves.happened(activity, answer=answer)
    plays.answered(lead, activity, answer, plans)
    replies.hand_to_a_person(lead, activity, meaning)
    enroll_matching([lead.pk], moved=True, event=activity.kind)


def _meaning(activity: Activity) -> meanings.Meaning:
    process = outcomes.applied()
    text = str(activity.data.get("text", ""))
    if process is None:
        return meanings.Meaning(answer=outcomes.OTHER, confidence=0.0, by="rules")
    return meanings.of(process, text, activity.data)


def _keep(activity: Activity, meaning: meanings.Meaning) -> None:
    """With the answer, what was made of it: later rules may read it otherwise."""
    told = {"answer": meaning.answer, "by": meaning.by, "confidence": meaning.confidence}
    activity.data = {**activity.data, "meaning": {**told, "settled": meaning.settled}}
    activity.save(update_fields=["data"])


def auto_replied(activity: Activity) -> None:
    """Out of office: hold until the person is back, or for a few days when no date was given.

    What is held by hand stays so.
    """
    if activity.lead is None:
        return
    until = activity.data.get("until")
    back_at = datetime.fromisoformat(str(until)) if until else activity.occurred_at + AWAY
    by_hand = Q(status="paused", due_at=None)
    found = Enrollment.objects.filter(lead=activity.lead, status__in=("active", "paused"))
    for pk in list(found.exclude(by_hand).values_list("pk", flat=True)):
        if back_at > clock.now():
            engine.pause(pk, until=back_at)
