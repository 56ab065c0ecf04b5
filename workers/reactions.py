"""Kinds of activity and what they set in motion: the one table in which layers meet.

An Activity and its reactions share a transaction: either all of them happened and `reacted_at` is
set, or none did and a sweep finds it again.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import F, QuerySet

from crm.models import Activity, Lead
from process import hook, losses, moves, outcomes
from process.closing import won
from process.meetings import invitations
from process.prospecting import scores, submissions
from runtime import clock
from workers.reacting import answers, emails, enrollments, leads, suppression, tasks, touches
from workers.reacting.enrollments import enroll, reconsider
from workers.reacting.leads import move_on

log = logging.getLogger(__name__)

Reaction = Callable[[Activity], object]
BATCH = 100
#: After so many failures a reaction waits for a person; `cadenza status` shows it.
ATTEMPTS = 5


def react() -> int:
    """Run the reactions of every activity that has none yet; how many ran.

    One lead at a time, its row locked, its activities in the order in which they were noted: a
    stage that the first one moved is what the second one sees.
    """
    reacted = 0
    while True:
        found = list(_unreacted().order_by("id").values_list("pk", "kind", "lead_id")[:BATCH])
        _pass_over([pk for pk, kind, _ in found if not reactions_to(kind)])
        hook.ask_about([pk for pk, kind, _ in found if kind == "answered"])
        leads = dict.fromkeys(lead_id for _, kind, lead_id in found if reactions_to(kind))
        reacted += sum(_react_for(lead_id) for lead_id in leads)
        if len(found) < BATCH:  # what the reactions noted rang for itself
            return reacted


def waiting() -> bool:
    return _unreacted().exists()


def _pass_over(ids: Sequence[int]) -> None:
    """What sets nothing in motion needs no lock and no turn."""
    if ids:
        _unreacted().filter(pk__in=ids).update(reacted_at=clock.now())


def _unreacted() -> QuerySet[Activity]:
    return Activity.objects.filter(reacted_at=None, reaction_attempts__lt=ATTEMPTS).order_by()


def _react_for(lead_id: int | None) -> int:
    """One lead's turn. One poisoned activity must not hold up its others: it is left out, and shown."""
    poisoned: set[int] = set()
    while True:
        try:
            with transaction.atomic():
                return _react_locked(lead_id, poisoned)
        except _PoisonedError as failed:
            activity, error = failed.activity, failed.__cause__
            poisoned.add(activity.pk)
            log.error(  # noqa: TRY400 - the cause is what failed
                "reactions to activity %s (%s) failed", activity.pk, activity.kind, exc_info=error
            )
            Activity.objects.filter(pk=activity.pk).update(
                reaction_attempts=F("reaction_attempts") + 1, reaction_error=str(error)
            )


def _react_locked(lead_id: int | None, poisoned: Collection[int]) -> int:
    lead = None if lead_id is None else Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
    found = _unreacted().filter(lead=lead).exclude(pk__in=poisoned)
    found = found.order_by("id").select_related("deal")
    if lead is None:
        found = found.select_for_update(of=("self",), no_key=True)
    activities = found[:BATCH]
    if lead is not None:
        scores.happened(lead, {activity.kind for activity in activities})
    for activity in activities:
        activity.lead = lead
        try:
            for reaction in reactions_to(activity.kind):
                reaction(activity)
        except Exception as error:
            raise _PoisonedError(activity) from error
    Activity.objects.filter(pk__in=[activity.pk for activity in activities]).update(
        reacted_at=clock.now()
    )
    return len(activities)


class _PoisonedError(Exception):
    """A reaction failed; nothing of its lead's turn happened."""

    def __init__(self, activity: Activity) -> None:
        super().__init__(activity)
        self.activity = activity


def _wrote_before(activity: Activity) -> None:
    """What waited in a form for its lead comes first: whoever wrote to us is no cold lead."""
    if activity.lead is None:
        return
    keys = submissions.claim(activity.lead)
    if not keys:
        return
    scores.happened(activity.lead, {"form_submitted"})
    for submitted in _unreacted().filter(key__in=keys).order_by("id"):
        submitted.lead = activity.lead
        for reaction in reactions_to(submitted.kind):
            reaction(submitted)
    _pass_over([*Activity.objects.filter(key__in=keys).values_list("pk", flat=True)])


REACTIONS: Mapping[str, Sequence[Reaction]] = {
    "first_pulled": [leads.first_pulled],
    "lead_created": [
        suppression.keep_away,
        leads.told_by_crm,
        _wrote_before,
        leads.assign,
        leads.prepare,
        move_on,
        enroll,
    ],
    "lead_changed": [
        suppression.keep_away,
        leads.told_by_crm,
        _wrote_before,
        move_on,
        reconsider,
        enroll,
    ],
    "lead_restored": [suppression.keep_away, enroll],
    "deal_restored": [enroll],
    "lead_deleted": [suppression.stop_person("lead deleted")],
    "lead_merged": [leads.follow_merge],
    "deal_created": [
        leads.is_opportunity,
        won.stop_prospecting,
        won.hand_over,
        move_on,
        reconsider,
        enroll,
    ],
    "deal_closed": [
        enrollments.end_of_deal,
        leads.may_be_customer,
        won.stop_prospecting,
        won.hand_over,
        losses.ask_why,
        move_on,
        reconsider,
        enroll,
    ],
    "joined_customer": [won.stop_joined],
    "stage_moved": [moves.judge, leads.may_be_sql, leads.prepare, move_on, reconsider, enroll],
    "opted_out": [suppression.opted_out],
    "owner_gone": [enrollments.owner_gone],
    "enrolled": [move_on],
    "handed_over": [enrollments.handed_over],
    "unenrolled": [enrollments.unenrolled],
    "update_refused": [tasks.update_refused],
    "qualified": [leads.assign, leads.put_before_sales, move_on, reconsider, enroll],
    "form_submitted": [leads.assign, move_on, reconsider, enroll],
    "task_assigned": [tasks.put_on_list],
    "task_done": [tasks.done],
    "task_skipped": [tasks.skipped],
    "email_sent": [emails.sent],
    "answered": [answers.answered, touches.came_in("reply")],
    "crm_task_done": [tasks.done_in_crm],
    "crm_reply": [enrollments.end_what_was_open("answered, says the CRM"), move_on, enroll],
    "crm_meeting": [enrollments.end_what_was_open("meeting booked"), move_on, enroll],
    "meeting_booked": [enrollments.end_what_was_open("meeting booked"), move_on, enroll],
    "auto_replied": [answers.auto_replied, move_on],
    "invitation_answered": [invitations.answered],
    "nps": [tasks.heed_detractor, move_on, reconsider, enroll],
    "bounced": [suppression.bounced, touches.came_in("bounce"), touches.told_by_esp, move_on],
    "unsubscribed": [suppression.stop_person("unsubscribed"), suppression.opt_out],
    "complained": [suppression.stop_person("complained"), suppression.opt_out],
    "suppressed": [suppression.suppressed],
    "cancelled": [emails.cancelled],
    "failed": [emails.not_sent("the email was refused")],
    "unconfirmed_expired": [emails.not_sent("nobody could say whether the email was sent")],
}
#: Whatever else may be read by rules, the team's own events among them.
OTHERS: Sequence[Reaction] = [move_on, reconsider, enroll]


def reactions_to(kind: str) -> Sequence[Reaction]:
    """What an activity of this kind sets in motion; nothing, for what no rule can read."""
    if kind in REACTIONS:
        return REACTIONS[kind]
    return OTHERS if kind in outcomes.events() else ()
