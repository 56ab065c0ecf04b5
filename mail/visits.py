"""Who followed a link or fetched a pixel: counted by the minute, judged a little later, then noted.

A scanner's first fetch looks like a person's; its second one gives it away. So nothing is noted at
once. Of the visitor nothing is kept: no address, no cookie, no user agent.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q

from crm import timeline
from mail.models import Visit
from mail.tracking import PIXEL, Target
from runtime import clock

#: Nobody follows two links of an email within.
BURST = timedelta(seconds=2)
#: By then a burst shows, with time for late commits.
_JUDGED_AFTER = timedelta(seconds=5)
#: An email keeps no more of them, whoever asks however often.
MOST = 500
_BATCH = 500


def record(target: Target, *, at: datetime, machine: str) -> None:
    """Count a visit; `machine` says why it is no person's, blank if it may be one's."""
    minute = at.replace(second=0, microsecond=0)
    of_email = Visit.objects.filter(message=target.message)
    same = of_email.filter(number=target.number, minute=minute, machine=machine)
    if same.update(count=F("count") + 1, last_at=at) or of_email.count() >= MOST:
        return
    visit = Visit(
        message=target.message,
        number=target.number,
        minute=minute,
        machine=machine,
        first_at=at,
        last_at=at,
    )
    Visit.objects.bulk_create([visit], ignore_conflicts=True)


def judge() -> int:
    """Note what is old enough to be told apart; how many."""
    due = Visit.objects.filter(judged=False, first_at__lte=clock.now() - _JUDGED_AFTER)
    found = due.select_related("message__lead", "message__deal").defer("message__raw")
    return sum(_note(visit) for visit in found.order_by("first_at")[:_BATCH])


def are_due() -> bool:
    first = judged_from()
    return first is not None and first <= clock.now()


def judged_from() -> datetime | None:
    """When the next visit can be judged; None without any."""
    first: datetime | None = Visit.objects.filter(judged=False).aggregate(at=Min("first_at"))["at"]
    return None if first is None else first + _JUDGED_AFTER


def _note(visit: Visit) -> bool:
    message, opened = visit.message, visit.number == PIXEL
    if message.lead.erased_at is not None:  # while the visit was being counted
        visit.delete()
        return False
    kind, machine = "opened" if opened else "clicked", visit.machine or _burst(visit)
    data: dict[str, object] = {"step": message.step_id, "message": message.message_id}
    if not opened:
        data["url"] = message.links[visit.number]
    if machine:
        kind, data = f"machine_{kind}", {**data, "machine": True, "why": machine}
    with transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(judged=True)
        return timeline.note(
            kind,
            lead=message.lead,
            deal=message.deal,
            enrollment_id=message.enrollment_id,
            message_id=message.pk,
            occurred_at=visit.first_at,
            key=f"visit:{visit.pk}",
            data=data,
        )


def _burst(visit: Visit) -> str:
    """People follow one link at a time."""
    around = (visit.first_at - BURST, visit.first_at + BURST)
    near = Q(first_at__range=around) | Q(last_at__range=around)
    others = Visit.objects.filter(near, message=visit.message).exclude(
        number__in=(visit.number, PIXEL)
    )
    return "many links at once" if visit.number != PIXEL and others.exists() else ""
