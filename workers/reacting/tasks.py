"""Tasks of people: what puts one on the list, and what takes it off."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from crm.models import Activity, Lead
from mail.suppression import is_suppressed
from process import assigned, dispositions, losses, questions, tasks
from process.feedback.definition import DETRACTOR
from process.objections import plays
from process.prospecting import qualifying
from sequences import engine
from workers.reacting.leads import move_on

#: Who is not satisfied is not left waiting.
CALLED_WITHIN = timedelta(days=1)
#: Kind of task -> what its disposition sets in motion, where no step's does.
_FOLLOW: Mapping[str, Callable[[Lead, str, Activity], None]] = {
    questions.ACCEPT: qualifying.answered,
    questions.LOST: losses.answered,
    questions.ANSWER: plays.approved,
}


def put_on_list(activity: Activity) -> None:
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


def done(activity: Activity) -> None:
    disposition = str(activity.data.get("disposition", ""))
    _ended(activity, disposition)
    if activity.lead is not None and disposition:
        follow = _FOLLOW.get(str(activity.data.get("task")), dispositions.follow)
        follow(activity.lead, disposition, activity)
    move_on(activity)


def skipped(activity: Activity) -> None:
    """By a person, or since nobody opened the gate in time: off the list, here and in the CRM."""
    tasks.skipped(str(activity.data["task"]))
    _ended(activity)


def done_in_crm(activity: Activity) -> None:
    if activity.lead is not None:
        tasks.done_in_crm(activity.lead, str(activity.data["message_id"]))


def update_refused(activity: Activity) -> None:
    if activity.lead is not None:
        tasks.make(
            "research",
            f"{activity.lead}: a step could not set its field",
            lead=activity.lead,
            key=activity.key or f"activity:{activity.pk}",
            note_text=str(activity.data["error"]),
            enrollment_id=activity.enrollment_id,
        )


def heed_detractor(activity: Activity) -> None:
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


def _ended(activity: Activity, disposition: str = "") -> None:
    step_id = str(activity.data.get("step", ""))
    if activity.enrollment_id is not None and step_id:
        at = activity.occurred_at
        engine.task_ended(activity.enrollment_id, step_id, at=at, disposition=disposition)
