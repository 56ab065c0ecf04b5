"""What begins and ends an enrollment, and what it waits for."""

from collections.abc import Callable, Sequence

from crm.models import Activity, Deal, Lead
from process import replies
from sequences import cadence, engine, places
from sequences import enroll as enrolling
from sequences.models import Enrollment
from sequences.refusals import OPEN


def enroll(activity: Activity) -> None:
    if activity.lead is not None:
        moved = activity.kind == "stage_moved"
        enrolling.enroll_matching([activity.lead.pk], moved=moved, event=activity.kind)


def reconsider(activity: Activity) -> None:
    """What its enrollment waits for, or ends at, may have happened.

    What ends, ends before the rules are asked: nobody is in two sequences, and the one that this
    event begins would be refused.
    """
    if activity.lead is not None:
        engine.leave(activity.lead)
        engine.reconsider(lead=activity.lead)


def owner_gone(activity: Activity) -> None:
    """Nobody is written to in the name of somebody who left: `decide` ends it, queued emails too."""
    engine.reconsider(lead__owner=activity.data["owner"])


def handed_over(activity: Activity) -> None:
    if activity.lead is not None:
        replies.enroll_in(activity.lead, str(activity.data["sequence"]), activity)


def unenrolled(activity: Activity) -> None:
    """Its place is free, and so is the lead, for a rule that was true of it all the while."""
    company_id = activity.lead.company_id if activity.lead is not None else None
    places.place_is_free(str(activity.data["sequence"]), company_id)
    if activity.lead is not None and activity.data["reason"] in cadence.RAN_ITS_COURSE:
        enrolling.enroll_matching([activity.lead.pk], moved=False)


def end_what_was_open(reason: str) -> Callable[[Activity], None]:
    """A person took over in the CRM: what was under way when it happened ends."""

    def react_to(activity: Activity) -> None:
        for pk in _were_open(activity, lead=activity.lead):
            because: dict[str, object] = {"rule": reason, "activity": activity.pk}
            engine.stop(pk, reason, at=activity.occurred_at, because=because)

    return react_to


def end_of_deal(activity: Activity) -> None:
    """The deal that an enrollment is bound to was closed."""
    if activity.deal is None:
        return
    for pk in _were_open(activity, deal=activity.deal):
        engine.stop(pk, "deal closed", at=activity.occurred_at, because={"activity": activity.pk})


def _were_open(activity: Activity, **of: Lead | Deal | None) -> Sequence[int]:
    """The enrollments that were open when it happened, and still are."""
    found = Enrollment.objects.filter(status__in=OPEN, started_at__lte=activity.occurred_at, **of)
    return list(found.values_list("pk", flat=True))
