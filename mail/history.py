"""When emails of the last day left: a mailbox's, and those to a domain or a company from all of them.

What is under way or in doubt counts as left.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crm import rows
from crm.models import Lead
from mail.models import Mailbox, Message
from mail.pacing import DAY
from mail.quotas import Left, Quotas

Status = Message.Status


def of_mailbox(mailbox: Mailbox, now: datetime, *, batch: int) -> list[datetime]:
    """Of so few that `batch` more reach no cap, the last one tells all that matters: the gap."""
    since = now - DAY
    with rows.database().cursor() as cursor:
        cursor.execute(_LEFT, {"mailbox": mailbox.pk, "since": _moment(since)})
        under_way, doubtful, sent = cursor.fetchone()
    moments = [now] * under_way
    if doubtful:
        in_doubt = Message.objects.filter(mailbox=mailbox, status=Status.UNCONFIRMED)
        handed = in_doubt.filter(handed_at__gt=since).values_list("handed_at", flat=True)
        moments += [moment for moment in handed if moment]
    few = min(most for _, most, _ in mailbox.limits.caps) - len(moments) - batch
    asked = [mailbox.pk, _moment(since), sent if sent > few else 1]
    return moments + [at for (at,) in rows.select(Message, ("sent_at",), _LATEST, asked)]


def quotas(mailbox: Mailbox, messages: Sequence[Message], now: datetime) -> Quotas:
    """Of the domains and companies that these messages, whose leads are loaded, go to."""
    found = Quotas(mailbox.team_limits)
    domains = {message.to_domain for message in messages} if found.per_domain else set()
    companies = {message.lead.company_id for message in messages} if found.per_company else set()
    left = {
        **_left("to_domain IN ({})", domains - {""}, now),
        **_left(_OF_COMPANY, companies - {None}, now),
    }
    return Quotas(mailbox.team_limits, _with_companies(left))


def _left(
    whose: str, whom: Collection[object], now: datetime
) -> Mapping[int, tuple[str, int, datetime]]:
    """Message -> domain, lead, moment."""
    if not whom:
        return {}
    among = whose.format(", ".join(["%s"] * len(whom)))
    since = _moment(now - DAY)
    given = [*whom, since, *whom, *whom, since]
    names = ("id", "to_domain", "lead", "status", "sent_at", "handed_at")
    found = rows.select(Message, names, _LEFT_TO.format(among=among), given)
    return {
        pk: (domain, lead_id, now if status == Status.SENDING else sent_at or handed_at)
        for pk, domain, lead_id, status, sent_at, handed_at in found
    }


def _with_companies(left: Mapping[int, tuple[str, int, datetime]]) -> Iterator[Left]:
    leads = {lead_id for _, lead_id, _ in left.values()}
    companies: Mapping[int, int | None] = dict(rows.read(Lead, ("id", "company"), leads))
    for domain, lead_id, at in left.values():
        yield domain, companies[lead_id], at


def _moment(at: datetime) -> Any:
    return rows.moment(at)


# States are written out, since SQLite uses a partial index for no value that it learns later.
_LEFT = """
SELECT
(SELECT count(*) FROM mail_message WHERE mailbox_id = %(mailbox)s AND status = 'sending'),
(SELECT count(*) FROM mail_message
  WHERE mailbox_id = %(mailbox)s AND status = 'unconfirmed' AND handed_at > %(since)s),
(SELECT count(*) FROM mail_message WHERE mailbox_id = %(mailbox)s AND sent_at > %(since)s)
"""
_LATEST = "mailbox_id = %s AND sent_at > %s ORDER BY mail_message.sent_at DESC LIMIT %s"
_LEFT_TO = """id IN (
SELECT id FROM mail_message WHERE {among} AND sent_at > %s
UNION ALL SELECT id FROM mail_message WHERE status = 'sending' AND {among}
UNION ALL SELECT id FROM mail_message WHERE status = 'unconfirmed' AND {among} AND handed_at > %s
)"""
_OF_COMPANY = "lead_id IN (SELECT id FROM crm_lead WHERE company_id IN ({}))"
