"""After a silence: asking the CRMs and the Sent folders what left meanwhile, before anything leaves.

A restored backup knows less than they do. What they hold is known as sent here before `decide`
is asked; what nobody can place keeps its person from being enrolled until somebody has looked.
"""

import imaplib
import logging
from collections.abc import Sequence
from datetime import datetime

from imapclient.exceptions import IMAPClientError

from connectors.errors import ConnectorError
from crm import ledger, stages
from crm.connections import UNUSABLE, connector_of
from crm.models import Connection
from mail import mailboxes, sent_copies, settle
from mail.models import Mailbox, Message
from runtime import clock
from sequences import engine

log = logging.getLogger(__name__)

#: Leads whose touches are asked for with one call, as the CRMs' batches have it.
BATCH = 100
#: A person's word that nothing left.
_VOUCH = "cadenza resume --mailbox"
_MAILBOX_FAILURES = (mailboxes.MailboxError, OSError, IMAPClientError, imaplib.IMAP4.error)


def read_back() -> int:
    """Account for the silence of each mailbox that has one; how many may send again."""
    waiting = list(Mailbox.objects.exclude(unaccounted_since=None).order_by("pk"))
    if not waiting or not _crms_were_asked(waiting):
        return 0
    return sum(_account(mailbox) for mailbox in waiting)


def _crms_were_asked(waiting: Sequence[Mailbox]) -> bool:
    """False when one could not say: every mailbox waits, and tells why."""
    leads = _concerned(clock.now())
    for connection in Connection.objects.order_by("pk"):
        ledger.doubt_touches(connection.pk, at=clock.now())
        if connection.status == Connection.Status.STOPPED and _has(connection, leads):
            why = f"{connection.last_error}; mend it and `cadenza sync`, or vouch for it: "
            _tell(waiting, f"{connection.name} cannot say what left: {why}{_VOUCH}")
            return False
        try:
            _ask(connection, leads)
        except (ConnectorError, *UNUSABLE) as error:
            _tell(waiting, f"{connection.name} cannot say what left: {error}")
            return False
    return True


def _has(connection: Connection, leads: Sequence[int]) -> bool:
    return bool(stages.live_records("lead", leads, connection.pk))


def _ask(connection: Connection, leads: Sequence[int]) -> None:
    """What the CRM has as touched has left, though our row may not say so yet."""
    records = stages.live_records("lead", leads, connection.pk)
    ids = sorted({record.external_id for record in records.values()})
    for start in range(0, len(ids), BATCH):
        found = connector_of(connection).find_touches(ids[start : start + BATCH])
        sent_copies.confirm(list(found), connection.name)


def _account(mailbox: Mailbox) -> bool:
    since = mailbox.unaccounted_since
    if since is None:
        return False
    try:
        news = sent_copies.read_back(mailbox, since) if mailbox.imap_url else 0
    except _MAILBOX_FAILURES as error:
        mailboxes.drop(mailbox, "imap")
        _tell([mailbox], f"its Sent folder cannot be read: {error}")
        return False
    log.info("%s: %s emails had left unknown to us since %s", mailbox.address, news, since)
    ours = Mailbox.objects.filter(pk=mailbox.pk, unaccounted_since=since)
    return bool(ours.update(unaccounted_since=None, last_error=""))


def _concerned(now: datetime) -> Sequence[int]:
    """Leads to whom the next email may go at once: whatever left to others is not due again."""
    queued = Message.objects.filter(status__in=settle.OPEN).values_list("lead", flat=True)
    due = engine.due(now).values_list("lead", flat=True)
    return sorted({*queued, *due})


def _tell(waiting: Sequence[Mailbox], why: str) -> None:
    Mailbox.objects.filter(pk__in=[mailbox.pk for mailbox in waiting]).update(last_error=why)
