"""Never after: why an email must not leave any more. Reads rows of mail and crm alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from crm import prepared, rows
from crm.kinds import ENDING
from mail import pauses, suppression
from mail.models import Message
from runtime import clock

#: No stop: it waits until it is resumed.
PAUSED = "paused"


@dataclass(frozen=True, kw_only=True)
class Stop:
    reason: str
    because: dict[str, object]


def reason(message: Message) -> Stop | None:
    """What forbids this message now, as committed; None when nothing does."""
    return reasons([message]).get(message.pk)


def reason_or_pause(message: Message) -> Stop | None:
    """Likewise, or PAUSED: a person holds it, or its mailbox has paused by itself, as committed."""
    return _found([message], or_paused=True).get(message.pk)


def reasons(messages: Sequence[Message]) -> Mapping[int, Stop]:
    """Likewise of several, by their ids, in one statement: it is asked twice of every email."""
    return _found(messages)


def _found(messages: Sequence[Message], *, or_paused: bool = False) -> Mapping[int, Stop]:
    ids, keys = list[int](), list[str]()
    for message in messages:
        of = _keys(message) or [""]
        ids += [message.pk] * len(of)
        keys += of
    found: dict[int, Stop] = {}
    for id_, why, name, row in _stopping(ids, keys, or_paused=or_paused):
        found.setdefault(id_, Stop(reason=why, because={name: row}))
    return found


def _stopping(ids: Sequence[int], keys: Sequence[str], *, or_paused: bool) -> Sequence[rows.Row]:
    """What stops these messages, asked about under these keys: message id, reason, and whose row."""
    now = clock.now()
    if rows.vendor() == "postgresql":
        return prepared.ask(_statement(_LISTED, or_paused), _TYPES, [ids, keys, now])
    given: list[Any] = [*chain.from_iterable(zip(ids, keys, strict=True)), str(rows.moment(now))]
    with rows.database().cursor() as cursor:
        cursor.execute(_statement(_values(len(ids)), or_paused), given)
        found: Sequence[rows.Row] = cursor.fetchall()
        return found


def _keys(message: Message) -> Sequence[str]:
    """Of the address that it goes to, and of the one that the lead has got since."""
    present = message.lead.email
    keys = suppression.keys(message.to_email)
    return keys if present == message.to_email else (*keys, *suppression.keys(present))


@lru_cache
def _values(asked: int) -> str:
    return f"VALUES {', '.join(['(%s, %s)'] * asked)}"


@lru_cache  # as long as a page, and most emails ask for as many keys
def _statement(asked: str, or_paused: bool) -> str:
    return _FOUND.format(asked=asked, held=_PAUSED if or_paused else "")


#: However many they are, so that PostgreSQL knows the statement again.
_LISTED = "SELECT * FROM unnest(%s::bigint[], %s::text[])"
_TYPES = ("bigint[]", "text[]", "timestamptz")
#: The address is suppressed under one of its keys, or the lead under any address, or its company: the
#: oldest counts. The lead is gone or must not be written to; a reply, to us or to the enrollment; a
#: booked meeting, or an answer that came by another way than our mailbox; a deal that was closed since
#: the enrollment began: one closed before (won-handoff) does not stop it; a deal that the company won
#: since then (whose it is says crm.customers), when the email sells to prospects: by the moment at which
#: we heard of it, for the CRM's own date may be a forecast; that the lead came to a customer's since
#: then, likewise; a moment from which on it is of no use. News of a meeting that stands are no outreach:
#: only the person's own stops hold them.
#: CROSS JOIN has SQLite begin with the messages and look the others up, where it would rather read a
#: whole table through; and a plus before a column has it not look that one up.
_FOUND = f"""
WITH asked(message_id, email) AS ({{asked}}),
about AS (
  SELECT id, lead_id, deal_id, enrollment_id, enrolled_at AS since, leave_before, is_notice,
    is_prospecting, mailbox_id, sequence
  FROM mail_message WHERE id IN (SELECT message_id FROM asked)
),
outreach AS (SELECT * FROM about WHERE NOT is_notice)
SELECT about_id, CAST(reason AS text), name, id FROM (
SELECT message_id AS about_id, 0 AS place, at, kind AS reason, 'suppression' AS name, found.id
  FROM asked CROSS JOIN mail_suppression AS found
  WHERE found.email = asked.email AND asked.email <> ''
UNION ALL
SELECT about.id, 0, at, kind, 'suppression', found.id
  FROM about CROSS JOIN mail_suppression AS found WHERE found.lead_id = about.lead_id
UNION ALL
SELECT about.id, 0, at, kind, 'suppression', found.id
  FROM about CROSS JOIN crm_lead AS lead CROSS JOIN mail_suppression AS found
  WHERE lead.id = about.lead_id AND found.company_id = lead.company_id
UNION ALL
SELECT about.id, 1, NULL, CASE WHEN deleted_at IS NULL THEN 'do_not_contact' ELSE 'lead_deleted' END,
  'lead', found.id
  FROM about CROSS JOIN crm_lead AS found
  WHERE found.id = about.lead_id AND (deleted_at IS NOT NULL OR do_not_contact)
UNION ALL
SELECT about.id, 2, NULL, 'replied', 'inbound', found.id
  FROM outreach AS about CROSS JOIN mail_inbound AS found
  WHERE found.lead_id = about.lead_id AND found.kind = 'reply' AND received_at > since
UNION ALL
SELECT about.id, 2, NULL, 'replied', 'inbound', found.id
  FROM outreach AS about CROSS JOIN mail_message AS message CROSS JOIN mail_inbound AS found
  WHERE message.enrollment_id = about.enrollment_id AND found.answers_id = message.id
    AND found.kind = 'reply'
UNION ALL
SELECT about.id, 3, NULL, kind, 'activity', found.id
  FROM outreach AS about CROSS JOIN crm_activity AS found
  WHERE found.lead_id = about.lead_id AND occurred_at > since
    AND kind IN ({", ".join(f"'{kind}'" for kind in sorted(ENDING))})
UNION ALL
SELECT about.id, 4, NULL, 'deal_closed', 'deal', found.id
  FROM outreach AS about CROSS JOIN crm_deal AS found
  WHERE found.id = about.deal_id AND is_closed AND (closed_at IS NULL OR closed_at > since)
UNION ALL
SELECT about.id, 5, NULL, 'company_won', 'deal', won.id
  FROM outreach AS about CROSS JOIN crm_lead AS lead CROSS JOIN crm_deal AS won
  CROSS JOIN crm_activity AS found
  WHERE is_prospecting AND lead.id = about.lead_id
    AND (won.company_id = lead.company_id OR won.lead_id = lead.id) AND is_won
    AND found.deal_id = won.id AND occurred_at > since
    AND found.kind IN ('deal_closed', 'deal_created')
UNION ALL
SELECT about.id, 5, NULL, 'company_won', 'deal', won.id
  FROM outreach AS about CROSS JOIN crm_lead AS lead CROSS JOIN crm_lead AS colleague
  CROSS JOIN crm_deal AS won CROSS JOIN crm_activity AS found
  WHERE is_prospecting AND lead.id = about.lead_id AND colleague.company_id = lead.company_id
    AND won.lead_id = colleague.id AND +won.company_id IS NULL AND is_won
    AND found.deal_id = won.id AND occurred_at > since
    AND found.kind IN ('deal_closed', 'deal_created')
UNION ALL
SELECT about.id, 5, NULL, 'company_won', 'activity', found.id
  FROM outreach AS about CROSS JOIN crm_activity AS found
  WHERE is_prospecting AND found.lead_id = about.lead_id AND occurred_at > since
    AND found.kind = 'joined_customer'
UNION ALL
SELECT about.id, 6, NULL, 'too_late', 'message', about.id FROM about WHERE leave_before <= %s
{{held}}) AS found ORDER BY about_id, place, at, id
"""  # noqa: S608 - kinds that the code names
_PAUSED = f"""
UNION ALL
SELECT about.id, 7, NULL, '{PAUSED}', 'mailbox', mailbox.id
  FROM about CROSS JOIN mail_mailbox AS mailbox
  WHERE mailbox.id = about.mailbox_id
    AND (mailbox.status = 'paused' OR {pauses.HELD.format(address="mailbox.address", sequence="about.sequence")})
"""  # noqa: S608 - likewise
