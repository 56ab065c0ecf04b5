"""What became of an email of ours: it was sent, or never will be."""

from collections.abc import Callable

from crm.models import Activity
from mail.models import Message
from process import tasks
from process.meetings import invitations
from process.meetings.notices import NO_ENROLLMENT
from sequences import engine
from workers.reacting import touches
from workers.reacting.leads import move_on


def sent(activity: Activity) -> None:
    message = Message.objects.select_related("mailbox", "deal").get(pk=activity.message_id or 0)
    sent_at = message.sent_at or activity.occurred_at
    engine.sent(message.enrollment_id, message.step_id, at=sent_at, because=message.because)
    invitations.sent(message)
    if activity.lead is not None:
        touches.sent(message, activity.lead, sent_at, may_exist="found_in" in activity.data)
    if not message.is_notice:
        move_on(activity)


def cancelled(activity: Activity) -> None:
    """The last check before sending said no: the enrollment ends, unless that ended it already."""
    if activity.enrollment_id is not None:
        reason = str(activity.data.get("reason", "cancelled"))
        engine.stop(
            activity.enrollment_id,
            reason,
            at=activity.occurred_at,
            because={"activity": activity.pk, **activity.data},
        )


def not_sent(reason: str) -> Callable[[Activity], None]:
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
