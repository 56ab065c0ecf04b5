"""Messages whose outcome is unknown: looked for in the Sent folder, asked of a person, given up.

While unconfirmed, a message's `due_at` is when it is looked for next.
"""

import imaplib
import logging
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet
from imapclient.exceptions import IMAPClientError

from mail import mailboxes, sent_copies, settle
from mail.models import Mailbox, Message, Sender
from runtime import bell, clock
from workspace.durations import Duration

log = logging.getLogger(__name__)

#: For so long a Sent copy or a person may still tell.
GIVE_UP_AFTER = Duration(amount=3, unit="business day")
#: A Sent copy shows up at once or, with a slow server, somewhat later: waits double.
FIRST_LOOK = timedelta(minutes=15)
#: Nobody looks any more; a person can still confirm.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

Status = Message.Status


def unconfirmed_due(now: datetime) -> bool:
    return _due(now).exists()


def unconfirmed_until() -> datetime | None:
    """When the next of them is looked for or given up."""
    waiting = Message.objects.filter(status=Status.UNCONFIRMED, due_at__lt=NEVER)
    first: datetime | None = waiting.aggregate(at=Min("due_at"))["at"]
    return first


def settle_unconfirmed() -> int:
    """Look for the Sent copies of what is due, and give up what was in doubt for too long."""
    now = clock.now()
    found = 0
    read = Mailbox.objects.exclude(imap_url="")
    for mailbox in read.filter(message__in=_due(now)).distinct():
        try:
            found += look_for_sent_copies(mailbox)
        except (mailboxes.MailboxError, OSError, IMAPClientError, imaplib.IMAP4.error) as error:
            mailboxes.drop(mailbox, "imap")
            log.warning("%s: cannot look for sent copies: %s", mailbox.address, error)
    expire_unconfirmed(now)
    return found


def look_for_sent_copies(mailbox: Mailbox) -> int:
    """Confirm what the mailbox's Sent folder holds; how many were found."""
    doubtful = Message.objects.filter(mailbox=mailbox, status=Status.UNCONFIRMED)
    if not (mailbox.imap_url and doubtful.exists()):
        return 0
    client = mailboxes.imap(mailbox)
    folder = sent_copies.folder_of(client)
    if folder is None:
        return 0
    client.select_folder(folder, readonly=True)
    found = 0
    for message in doubtful.select_related("lead", "deal"):
        if client.search(["HEADER", "Message-ID", message.message_id]):
            settle.sent(message, {"found_in": folder})
            found += 1
    return found


def confirm(message: Message, *, sent: bool, by: str) -> bool:
    """A person knows: it was sent, or it was not and is queued again; False when settled before."""
    with transaction.atomic():
        message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
        if message.status != Status.UNCONFIRMED:
            return False
        if sent:
            settle.sent(message, {"confirmed_by": by})
        else:
            settle.queued_again(message, by=by)
            transaction.on_commit(lambda: bell.ring("deliver", [message.mailbox_id]))
    return True


def expire_unconfirmed(now: datetime) -> int:
    """Give up what nobody could confirm, and look for the others again later; how many ended."""
    sender = Sender.objects.first()
    timezone = sender.timezone if sender else "UTC"
    expired = 0
    for message in _due(now).select_related("lead", "deal"):
        handed_at = message.handed_at or now
        gives_up_at = GIVE_UP_AFTER.after(handed_at, timezone)
        if gives_up_at > now:
            later = now + max(FIRST_LOOK, now - handed_at)
            _look_at(message, min(later, gives_up_at))
            continue
        with transaction.atomic():
            if _look_at(message, NEVER):
                settle.note(message, "unconfirmed_expired", at=now)
                expired += 1
    return expired


def _due(now: datetime) -> QuerySet[Message]:
    return Message.objects.filter(status=Status.UNCONFIRMED, due_at__lte=now)


def _look_at(message: Message, moment: datetime) -> bool:
    """False when another worker was here first."""
    same = Message.objects.filter(pk=message.pk, status=Status.UNCONFIRMED, due_at=message.due_at)
    return bool(same.update(due_at=moment))
