"""Reading a mailbox: what came in, what it is, whom it concerns, and what follows from it.

Only mail that concerns a lead is kept; a rep's other mail leaves no trace here.
"""

import imaplib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.db.models import Q
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mail import mailboxes, receive
from mail.classify.unpacked import SMALL, without_files
from mail.models import Mailbox
from runtime import clock

#: UIDs fetched with one command: their texts are in memory together.
BATCH = 20
#: Bytes of a large email that are fetched at a time.
PIECE = 1024 * 1024
#: The first time, and when the server numbers anew, mail this old is looked at again.
LOOK_BACK = timedelta(days=30)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One email as the server keeps it."""

    uidvalidity: int
    uid: int
    raw: bytes
    received_at: datetime

    @property
    def fingerprint(self) -> str:
        """Its identity over all renumbering, and the end of its activities' keys."""
        return sha256(self.raw).hexdigest()


def read(mailbox_id: int) -> Counter[str]:
    """Read what is new; how many of each kind. A failure is kept on the row, with when to retry."""
    counts: Counter[str] = Counter()
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    now = clock.now()  # before reading: what arrives meanwhile is not read yet
    try:
        for arrived in _new(mailbox):
            counts[receive.receive(mailbox, arrived)] += 1
            _advance(mailbox, arrived.uidvalidity, arrived.uid)
    except mailboxes.Refused as error:
        _failed(mailbox, str(error), status=Mailbox.Status.PAUSED)
        return counts + Counter(failed=1)
    except (mailboxes.Unreachable, OSError, IMAPClientError, imaplib.IMAP4.error) as error:
        mailboxes.drop(mailbox, "imap")
        _failed(mailbox, str(error) or type(error).__name__)
        return counts + Counter(failed=1)
    if mailbox.failures:  # one that a bounce has paused meanwhile keeps why
        Mailbox.objects.filter(pk=mailbox.pk, status=Mailbox.Status.ACTIVE).update(last_error="")
    Mailbox.objects.filter(pk=mailbox.pk).update(read_at=now, retry_at=None, failures=0)
    return counts


def _new(mailbox: Mailbox) -> Iterator[Arrived]:
    client = mailboxes.imap(mailbox)
    state = client.select_folder("INBOX", readonly=True)
    uidvalidity = int(state[b"UIDVALIDITY"])
    uids = _new_uids(client, mailbox, uidvalidity)
    for start in range(0, len(uids), BATCH):
        yield from _fetch(client, mailbox, uidvalidity, uids[start : start + BATCH])


def _new_uids(client: IMAPClient, mailbox: Mailbox, uidvalidity: int) -> list[int]:
    if uidvalidity != mailbox.uidvalidity:
        since = (mailbox.read_at or clock.now()) - LOOK_BACK
        _advance(mailbox, uidvalidity, 0)
        return sorted(client.search(["SINCE", since.date()]))
    # "n:*" always names the last message too, even below n.
    found = client.search(["UID", f"{mailbox.last_uid + 1}:*"])
    return sorted(uid for uid in found if uid > mailbox.last_uid)


def _fetch(
    client: IMAPClient, mailbox: Mailbox, uidvalidity: int, uids: list[int]
) -> Iterator[Arrived]:
    sizes = client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
    whole = [uid for uid in uids if sizes.get(uid, {}).get(b"RFC822.SIZE", 0) <= SMALL]
    bodies = client.fetch(whole, ["BODY.PEEK[]"]) if whole else {}
    for uid in uids:
        if uid not in sizes:
            continue  # deleted meanwhile
        if uid in bodies:
            pieces = iter([bodies[uid].get(b"BODY[]") or b""])
        else:
            pieces = _pieces(client, mailbox, uid, sizes[uid].get(b"RFC822.SIZE", 0))
        if raw := without_files(pieces):
            yield Arrived(
                uidvalidity=uidvalidity,
                uid=uid,
                raw=raw,
                received_at=_aware(sizes[uid].get(b"INTERNALDATE")),
            )


def _pieces(client: IMAPClient, mailbox: Mailbox, uid: int, size: int) -> Iterator[bytes]:
    """A large email, as far as it is worth it; Exchange only estimates its size."""
    beginning = _piece(client, uid, 0, SMALL)
    yield beginning
    if not receive.concerns_a_lead(mailbox, beginning):
        return
    start = len(beginning)
    # A server may give less than it was asked for: only nothing at all is the end.
    while start < 2 * size + PIECE and (piece := _piece(client, uid, start, PIECE)):
        yield piece
        start += len(piece)


def _piece(client: IMAPClient, uid: int, start: int, most: int) -> bytes:
    """Nothing behind the end, and nothing of an email that was deleted meanwhile."""
    part = client.fetch([uid], [f"BODY.PEEK[]<{start}.{most}>"])
    return part.get(uid, {}).get(f"BODY[]<{start}>".encode()) or b""


def _aware(moment: datetime | None) -> datetime:
    """Never later than now: a server's clock may run ahead."""
    now = clock.now()
    if moment is None:
        return now
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _advance(mailbox: Mailbox, uidvalidity: int, uid: int) -> None:
    """Never back: another worker may have read further."""
    further = Q(last_uid__lt=uid) | ~Q(uidvalidity=uidvalidity)
    Mailbox.objects.filter(further, pk=mailbox.pk).update(uidvalidity=uidvalidity, last_uid=uid)
    mailbox.uidvalidity, mailbox.last_uid = uidvalidity, uid


def _failed(mailbox: Mailbox, error: str, **values: str) -> None:
    wait = min(FIRST_RETRY * 2 ** min(mailbox.failures, 10), LONGEST_RETRY)
    ours = Mailbox.objects.filter(pk=mailbox.pk)
    ours.update(failures=mailbox.failures + 1, retry_at=clock.now() + wait, **values)
    ours.filter(rates_exceeded_at=None).update(last_error=error)  # else why it paused stays
