"""Kinds of activity and what they set in motion: the one table in which layers meet.

An Activity and its reactions share a transaction: either all of them happened and `reacted_at` is
set, or none did and a sweep finds it again.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from crm import edit, engage, words
from crm.models import Activity, Lead
from mail.coverage import stop_newcomers
from mail.models import Inbound, Message, Suppression
from mail.suppression import is_suppressed, suppress
from mail.unsubscribe import unsubscribe
from process import assigned, dispositions, hook, losses, meanings, moves, outcomes, replies, tasks
from process.closing import won
from process.feedback.definition import DETRACTOR
from process.meetings import invitations
from process.meetings.notices import NO_ENROLLMENT
from process.objections import plays
from process.preparation import enriching
from process.prospecting import assigning, merging, qualifying, scores, submissions
from runtime import clock
from sequences import cadence, engine, enroll
from sequences.enroll import enroll_matching
from sequences.models import Enrollment

log = logging.getLogger(__name__)

Reaction = Callable[[Activity], object]
BATCH = 100
#: Who is not satisfied is not left waiting.
CALLED_WITHIN = timedelta(days=1)
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


def _enroll(activity: Activity) -> None:
    if activity.lead is not None:
        moved = activity.kind == "stage_moved"
        enroll_matching([activity.lead.pk], moved=moved, event=activity.kind)


def _assign(activity: Activity) -> None:
    if activity.lead is not None:
        assigning.happened(activity.lead, activity.kind)


def _prepare(activity: Activity) -> None:
    if activity.lead is not None:
        enriching.came(activity.lead)


def _told_by_crm(activity: Activity) -> None:
    """An MQL, by the words of the CRM that says so; what was changed here stands in the source."""
    lead = activity.lead
    if lead is not None:
        fields = activity.data.get("fields", words.FIELDS)
        crm = activity.connection or lead.source
        qualifying.told_by_crm(lead, crm, fields, at=activity.occurred_at)


def _put_before_sales(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.put_before_sales(activity.lead, activity.data, at=activity.occurred_at)


def _may_be_sql(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.stage_moved(activity.lead)


def _is_opportunity(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.deal_created(activity.lead, activity.deal, at=activity.occurred_at)


def _may_be_customer(activity: Activity) -> None:
    if activity.lead is not None and activity.data.get("won"):
        qualifying.deal_won(activity.lead)


def _reconsider(activity: Activity) -> None:
    """What its enrollment waits for, or ends at, may have happened.

    What ends, ends before the rules are asked: nobody is in two sequences, and the one that this
    event begins would be refused.
    """
    if activity.lead is not None:
        engine.leave(activity.lead)
        engine.reconsider(lead=activity.lead)


def _owner_gone(activity: Activity) -> None:
    """Nobody is written to in the name of somebody who left: `decide` ends it, queued emails too."""
    engine.reconsider(lead__owner=activity.data["owner"])


def _move_on(activity: Activity) -> None:
    """By an exit of the lead's stage; what the event begins sees the new one."""
    moves.happened(activity)


def _email_sent(activity: Activity) -> None:
    message = Message.objects.select_related("mailbox", "deal").get(pk=activity.message_id or 0)
    sent_at = message.sent_at or activity.occurred_at
    engine.sent(message.enrollment_id, message.step_id, at=sent_at, because=message.because)
    invitations.sent(message)
    if activity.lead is not None:
        _owe_touch(message, activity.lead, sent_at, may_exist="found_in" in activity.data)
    if not message.is_notice:
        _move_on(activity)


def _owe_touch(message: Message, lead: Lead, sent_at: datetime, *, may_exist: bool) -> None:
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


def _came_in(kind: str) -> Reaction:
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


def _told_by_esp(activity: Activity) -> None:
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


def _answered(activity: Activity) -> None:
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


def _auto_replied(activity: Activity) -> None:
    """Out of office: hold until the person is back, or for a few days when no date was given.

    What is held by hand stays so.
    """
    if activity.lead is None:
        return
    until = activity.data.get("until")
    back_at = (
        datetime.fromisoformat(str(until)) if until else activity.occurred_at + timedelta(days=5)
    )
    by_hand = Q(status="paused", due_at=None)
    found = Enrollment.objects.filter(lead=activity.lead, status__in=("active", "paused"))
    for pk in list(found.exclude(by_hand).values_list("pk", flat=True)):
        if back_at > clock.now():
            engine.pause(pk, until=back_at)


def _person_stop(reason: str) -> Reaction:
    def react_to(activity: Activity) -> None:
        if activity.lead is not None:
            because: dict[str, object] = {"rule": reason, "activity": activity.pk}
            engine.stop_lead(activity.lead, reason, at=activity.occurred_at, because=because)

    return react_to


def _bounced(activity: Activity) -> None:
    if activity.data.get("hard"):
        _person_stop("hard bounce")(activity)
        _opt_out(activity)


def _opt_out(activity: Activity) -> None:
    """Who must not be written to any more is opted out in every CRM that knows the person."""
    if activity.lead is not None:
        edit.opt_out(activity.lead, at=activity.occurred_at)


def _suppressed(activity: Activity) -> None:
    """Unless it was taken back before anybody could react to it."""
    lead = activity.lead
    taken_back = not Suppression.objects.filter(pk=activity.data["suppression"]).exists()
    if lead is None or (taken_back and not is_suppressed(lead.email, lead)):
        return
    _person_stop("suppressed")(activity)
    _opt_out(activity)


def _opted_out(activity: Activity) -> None:
    lead = activity.lead
    if lead is None or lead.consented_at:  # which came later
        return
    if lead.email:
        suppress(
            lead.email,
            "do_not_contact",
            lead=lead,
            at=activity.occurred_at,
            because={"activity": activity.pk, "derived": activity.connection_id is None},
        )
    _person_stop("do not contact")(activity)


def _first_pulled(activity: Activity) -> None:
    """Who was suppressed before the CRM was connected; and nobody of them has a score."""
    stop_newcomers(Lead.objects.filter(externalrecord__connection=activity.connection))
    submissions.settle()
    scores.count_all()


def _keep_away(activity: Activity) -> None:
    """Who comes under a suppressed address, domain or company is opted out, too."""
    if activity.lead is not None and not activity.lead.do_not_contact:
        stop_newcomers(Lead.objects.filter(pk=activity.lead.pk))


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


def _follow_merge(activity: Activity) -> None:
    if activity.lead is not None:
        merging.follow(activity.lead, activity.data["merged"])


def _deal_closed(activity: Activity) -> None:
    if activity.deal is None:
        return
    bound = Enrollment.objects.filter(
        deal=activity.deal, status__in=("active", "paused"), started_at__lte=activity.occurred_at
    )
    for pk in list(bound.values_list("pk", flat=True)):
        engine.stop(pk, "deal closed", at=activity.occurred_at, because={"activity": activity.pk})


def _ends_what_was_open(reason: str) -> Reaction:
    """A person took over in the CRM: what was under way when it happened ends."""

    def react_to(activity: Activity) -> None:
        was_open = Enrollment.objects.filter(
            lead=activity.lead,
            status__in=("active", "paused"),
            started_at__lte=activity.occurred_at,
        )
        for pk in list(was_open.values_list("pk", flat=True)):
            because: dict[str, object] = {"rule": reason, "activity": activity.pk}
            engine.stop(pk, reason, at=activity.occurred_at, because=because)

    return react_to


def _task_assigned(activity: Activity) -> None:
    if activity.lead is None:
        return
    due_at = activity.data.get("due_at")
    tasks.make(
        str(activity.data["task"]),
        str(activity.data["title"]),
        lead=activity.lead,
        key=activity.key or f"activity:{activity.pk}",
        enrollment_id=activity.enrollment_id,
        step_id=str(activity.data.get("step", "")),
        say=assigned.say(activity.enrollment_id, str(activity.data.get("step", ""))),
        due_at=datetime.fromisoformat(str(due_at)) if due_at else None,
    )


def _task_done(activity: Activity) -> None:
    disposition = str(activity.data.get("disposition", ""))
    _task_ended(activity, disposition)
    if activity.lead is not None and disposition:
        read = activity.data.get("task") == assigned.ANSWER
        (plays.approved if read else dispositions.follow)(activity.lead, disposition, activity)
    _move_on(activity)


def _task_skipped(activity: Activity) -> None:
    """By a person, or since nobody opened the gate in time: off the list, here and in the CRM."""
    tasks.skipped(str(activity.data["task"]))
    _task_ended(activity)


def _task_ended(activity: Activity, disposition: str = "") -> None:
    step_id = str(activity.data.get("step", ""))
    if activity.enrollment_id is not None and step_id:
        at = activity.occurred_at
        engine.task_ended(activity.enrollment_id, step_id, at=at, disposition=disposition)


def _handed_over(activity: Activity) -> None:
    if activity.lead is not None:
        replies.enroll_in(activity.lead, str(activity.data["sequence"]), activity)


def _unenrolled(activity: Activity) -> None:
    """Its place is free, and so is the lead, for a rule that was true of it all the while."""
    enroll.place_is_free(str(activity.data["sequence"]))
    if activity.lead is not None and activity.data["reason"] in cadence.RAN_ITS_COURSE:
        enroll_matching([activity.lead.pk], moved=False)


def _update_refused(activity: Activity) -> None:
    if activity.lead is not None:
        tasks.make(
            "research",
            f"{activity.lead}: a step could not set its field",
            lead=activity.lead,
            key=activity.key or f"activity:{activity.pk}",
            note_text=str(activity.data["error"]),
            enrollment_id=activity.enrollment_id,
        )


def _task_done_in_crm(activity: Activity) -> None:
    if activity.lead is not None:
        tasks.done_in_crm(activity.lead, str(activity.data["message_id"]))


def _not_sent(reason: str) -> Reaction:
    """An email that will not leave ends its enrollment, and a person hears of it."""

    def react_to(activity: Activity) -> None:
        if activity.enrollment_id is None or activity.lead is None:
            return
        is_notice = activity.enrollment_id == NO_ENROLLMENT
        if is_notice or engine.stop(
            activity.enrollment_id,
            reason,
            at=activity.occurred_at,
            because={"activity": activity.pk, **activity.data},
        ):
            tasks.make(
                "email",
                f"{activity.lead}: {reason}",
                lead=activity.lead,
                key=f"{activity.kind}:{activity.message_id}",
                note_text=str(activity.data.get("error", "")),
                enrollment_id=activity.enrollment_id or None,
            )

    return react_to


def _cancelled(activity: Activity) -> None:
    """The last check before sending said no: the enrollment ends, unless that ended it already."""
    if activity.enrollment_id is not None:
        reason = str(activity.data.get("reason", "cancelled"))
        engine.stop(
            activity.enrollment_id,
            reason,
            at=activity.occurred_at,
            because={"activity": activity.pk, **activity.data},
        )


def _scored(activity: Activity) -> None:
    """Who would warn others of us is called: the answer is the customer's, and the rest is ours.

    Whoever is to be left alone is not asked.
    """
    lead, score = activity.lead, int(activity.data["score"])
    if lead is not None and score <= DETRACTOR:
        is_left_alone = lead.do_not_contact or is_suppressed(lead.email, lead)
        then = "do not ask, but see" if is_left_alone else "ask why, and"
        tasks.make(
            "research" if is_left_alone else "call",
            f"{lead} gave us {score} of 10: {then} what to put right",
            lead=lead,
            key=f"nps:{activity.data['request']}",
            note_text=str(activity.data["comment"]),
            due_at=activity.occurred_at + CALLED_WITHIN,
        )


REACTIONS: Mapping[str, Sequence[Reaction]] = {
    "first_pulled": [_first_pulled],
    "lead_created": [
        _keep_away,
        _told_by_crm,
        _wrote_before,
        _assign,
        _prepare,
        _move_on,
        _enroll,
    ],
    "lead_changed": [_keep_away, _told_by_crm, _wrote_before, _move_on, _reconsider, _enroll],
    "lead_restored": [_keep_away, _enroll],
    "deal_restored": [_enroll],
    "lead_deleted": [_person_stop("lead deleted")],
    "lead_merged": [_follow_merge],
    "deal_created": [
        _is_opportunity,
        won.stop_prospecting,
        won.hand_over,
        _move_on,
        _reconsider,
        _enroll,
    ],
    "deal_closed": [
        _deal_closed,
        _may_be_customer,
        won.stop_prospecting,
        won.hand_over,
        losses.ask_why,
        _move_on,
        _reconsider,
        _enroll,
    ],
    "stage_moved": [moves.judge, _may_be_sql, _prepare, _move_on, _reconsider, _enroll],
    "opted_out": [_opted_out],
    "owner_gone": [_owner_gone],
    "enrolled": [_move_on],
    "handed_over": [_handed_over],
    "unenrolled": [_unenrolled],
    "update_refused": [_update_refused],
    "qualified": [_assign, _put_before_sales, _move_on, _reconsider, _enroll],
    "form_submitted": [_assign, _move_on, _reconsider, _enroll],
    "task_assigned": [_task_assigned],
    "task_done": [_task_done],
    "task_skipped": [_task_skipped],
    "email_sent": [_email_sent],
    "answered": [_answered, _came_in("reply")],
    "crm_task_done": [_task_done_in_crm],
    "crm_reply": [_ends_what_was_open("answered, says the CRM"), _move_on, _enroll],
    "crm_meeting": [_ends_what_was_open("meeting booked"), _move_on, _enroll],
    "meeting_booked": [_ends_what_was_open("meeting booked"), _move_on, _enroll],
    "auto_replied": [_auto_replied, _move_on],
    "invitation_answered": [invitations.answered],
    "nps": [_scored, _move_on, _reconsider, _enroll],
    "bounced": [_bounced, _came_in("bounce"), _told_by_esp, _move_on],
    "unsubscribed": [_person_stop("unsubscribed"), _opt_out],
    "complained": [_person_stop("complained"), _opt_out],
    "suppressed": [_suppressed],
    "cancelled": [_cancelled],
    "failed": [_not_sent("the email was refused")],
    "unconfirmed_expired": [_not_sent("nobody could say whether the email was sent")],
}
#: Whatever else may be read by rules, the team's own events among them.
OTHERS: Sequence[Reaction] = [_move_on, _reconsider, _enroll]


def reactions_to(kind: str) -> Sequence[Reaction]:
    """What an activity of this kind sets in motion; nothing, for what no rule can read."""
    if kind in REACTIONS:
        return REACTIONS[kind]
    return OTHERS if kind in outcomes.events() else ()
