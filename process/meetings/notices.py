"""News of meetings that we organize, to the calendar of whoever is asked: once for each change.

They are no outreach: a reply or a booking does not stop them, and they wait for no send window. Who must
not be written to gets none. Bookings on the provider's page are the provider's to tell.
"""

from typing import Literal

from crm.models import Meeting
from mail import outbox
from mail.models import Mailbox
from process.meetings import invitations
from process.meetings.letters import letter
from runtime import clock
from sequences.effects import token

Method = Literal["REQUEST", "CANCEL"]
#: No enrollment has this number.
NO_ENROLLMENT = 0
_ALWAYS = {
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "from": "00:00",
    "to": "24:00",
    "holidays": [],
}


def tell(meeting: Meeting, template: str, method: Method) -> None:
    """Queue it, in the caller's transaction; nothing where somebody else organizes the meeting."""
    lead, mailbox = meeting.lead, Mailbox.objects.filter(pk=meeting.mailbox_id or 0).first()
    if lead is None or mailbox is None or not lead.email:
        return
    step, now = f"meeting:{meeting.pk}:{meeting.sequence}", clock.now()
    outbox.queue([
        outbox.Draft(
            enrollment_id=NO_ENROLLMENT,
            step_id=step,
            sequence="",
            token=token(NO_ENROLLMENT, step),
            lead_id=lead.pk,
            deal_id=None,
            mailbox_id=mailbox.pk,
            template_id=letter(template).pk,
            parent_id=None,
            to_email=lead.email,
            message_id=outbox.message_id(mailbox.address),
            window={**_ALWAYS, "timezone": meeting.timezone},
            enrolled_at=now,
            due_at=now,
            because={"rule": template, "meeting": meeting.pk},
            invite=_standing(meeting, method),
            is_notice=True,
        )
    ])  # fmt: skip


def _standing(meeting: Meeting, method: Method) -> dict[str, object]:
    """As mail.invitations reads what is settled."""
    return {
        "method": method,
        "uid": meeting.uid,
        "sequence": meeting.sequence,
        "title": meeting.title,
        "starts_at": meeting.starts_at.isoformat(),
        "duration": (meeting.ends_at - meeting.starts_at).total_seconds(),
        "location": meeting.location,
        # A calendar puts the new event in the old one's place: what is not told again is gone.
        "reminder": invitations.reminder(meeting) if method == "REQUEST" else None,
    }
