"""Never after: why an email must not leave any more. Reads rows of mail and crm alone."""

from dataclasses import dataclass

from django.db import connection

from crm.kinds import ENDING
from mail import suppression
from mail.models import Message


@dataclass(frozen=True, kw_only=True)
class Stop:
    reason: str
    because: dict[str, object]


def reason(message: Message) -> Stop | None:
    """What forbids this message now, as committed; None when nothing does."""
    return _suppressed(message) or _ended(message)


def _suppressed(message: Message) -> Stop | None:
    found = suppression.first(message.to_email, message.lead)
    if found is None:
        return None
    return Stop(reason=found.kind, because={"suppression": found.pk})


def _ended(message: Message) -> Stop | None:
    """In one statement, since it is asked twice of every email."""
    since = connection.ops.adapt_datetimefield_value(message.enrolled_at)
    given = {
        "lead": message.lead_id,
        "enrollment": message.enrollment_id,
        "deal": message.deal_id,
        "since": since,
        **{f"kind{number}": kind for number, kind in enumerate(sorted(ENDING))},
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, given)
        found = cursor.fetchone()
    return Stop(reason=found[1], because={found[2]: found[3]}) if found else None


#: The lead is gone or must not be written to; a reply, to us or to the enrollment; a booked meeting, or
#: an answer that came by another way than our mailbox; a deal that was closed since the enrollment
#: began: one closed before (won-handoff) does not stop it.
_ENDED = f"""
SELECT * FROM (
SELECT 1 AS place, CASE WHEN deleted_at IS NULL THEN 'do_not_contact' ELSE 'lead_deleted' END AS reason,
  'lead' AS name, id FROM crm_lead
  WHERE id = %(lead)s AND (deleted_at IS NOT NULL OR do_not_contact)
UNION ALL
SELECT 2, 'replied', 'inbound', id FROM mail_inbound
  WHERE lead_id = %(lead)s AND kind = 'reply' AND received_at > %(since)s
UNION ALL
SELECT 2, 'replied', 'inbound', mail_inbound.id
  FROM mail_message JOIN mail_inbound ON mail_inbound.answers_id = mail_message.id
  WHERE mail_message.enrollment_id = %(enrollment)s AND mail_inbound.kind = 'reply'
UNION ALL
SELECT 3, kind, 'activity', id FROM crm_activity
  WHERE lead_id = %(lead)s AND occurred_at > %(since)s
  AND kind IN ({", ".join(f"%(kind{number})s" for number in range(len(ENDING)))})
UNION ALL
SELECT 4, 'deal_closed', 'deal', id FROM crm_deal
  WHERE id = %(deal)s AND is_closed AND (closed_at IS NULL OR closed_at > %(since)s)
) AS found ORDER BY place, id LIMIT 1
"""  # noqa: S608 - names of parameters
