"""Reading back from a Sent folder what this database does not know to have left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from imapclient import IMAPClient
from imapclient.imapclient import SENT

from crm import rows
from mail import mailboxes, settle
from mail.models import Mailbox, Message, SentCopy
from mail.suppression import normalize
from runtime import clock

#: UIDs asked about with one command.
BATCH = 200
_HEADERS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-CADENZA-STEP)]"

Status = Message.Status


@dataclass(frozen=True, kw_only=True)
class _Seen:
    uid: int
    message_id: str
    sent_at: datetime


def folder_of(client: IMAPClient) -> str | None:
    """By its special use, else by the names that servers give it."""
    folder: str | None = client.find_special_folder(SENT)
    return folder


def read_back(mailbox: Mailbox, since: datetime) -> int:
    """Settle or keep what left since then; how many were news. A server without the folder has none."""
    client = mailboxes.imap(mailbox)
    folder = folder_of(client)
    if folder is None:
        return 0
    client.select_folder(folder, readonly=True)
    uids = client.search(["SINCE", (since - timedelta(days=1)).date()])  # the server's own day
    news = 0
    for start in range(0, len(uids), BATCH):
        seen = list(_ours(client, uids[start : start + BATCH]))
        known = [copy.message_id for copy in seen]
        news += confirm(known, folder)
        news += _keep(mailbox, client, _unknown(seen), folder)
    return news


def confirm(message_ids: Sequence[str], found_in: str) -> int:
    """These left for sure, whatever their rows say; of how many that was news."""
    open_ = Message.objects.filter(message_id__in=message_ids, status__in=settle.OPEN)
    return sum(
        settle.sent(message, {"found_in": found_in}) == "sent"
        for message in open_.select_related("lead", "deal")
    )


def claim_sent(tokens: Mapping[int, str]) -> frozenset[int]:
    """The ids of those just queued, given with their tokens, that had left before: now known as sent.

    In the caller's transaction.
    """
    # Only a database that was restored has any, and asking for hundreds of tokens takes long.
    if not rows.select(SentCopy, ("id",), "TRUE LIMIT 1", []):
        return frozenset()
    found = SentCopy.objects.filter(token__in=list(tokens.values()), settled_at=None)
    copies = {copy.token: copy for copy in found}
    ids = [pk for pk, token in tokens.items() if token in copies]
    messages = Message.objects.filter(pk__in=ids).select_related("lead", "deal") if ids else ()
    return frozenset(
        message.pk
        for message in messages
        if copies[message.token].to_email == normalize(message.to_email)
        and _is_it(message, copies[message.token])
    )


def in_doubt(emails: Sequence[str]) -> frozenset[str]:
    """Of these addresses those that got an email of which nobody knows here why."""
    copies = SentCopy.objects.filter(to_email__in=emails, settled_at=None)
    return frozenset(copies.values_list("to_email", flat=True))


def settle_by_hand(address: str) -> int:
    """A person looked at what an address got: its lead may be enrolled; how many copies."""
    unsettled = SentCopy.objects.filter(to_email=normalize(address), settled_at=None)
    return unsettled.update(settled_at=clock.now())


def _ours(client: IMAPClient, uids: Sequence[int]) -> Iterator[_Seen]:
    for uid, data in client.fetch(uids, [_HEADERS, "INTERNALDATE"]).items():
        raw = next((value for name, value in data.items() if name.startswith(b"BODY[")), b"")
        headers = _parsed(raw)
        if headers["X-Cadenza-Step"] and headers["Message-ID"]:
            message_id = str(headers["Message-ID"]).strip()
            yield _Seen(uid=uid, message_id=message_id, sent_at=data[b"INTERNALDATE"])


def _unknown(seen: Sequence[_Seen]) -> list[_Seen]:
    ids = [copy.message_id for copy in seen]
    known = set(Message.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
    known |= set(SentCopy.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
    return [copy for copy in seen if copy.message_id not in known]


def _keep(mailbox: Mailbox, client: IMAPClient, unknown: Sequence[_Seen], folder: str) -> int:
    if not unknown:
        return 0
    bodies = client.fetch([copy.uid for copy in unknown], ["BODY.PEEK[]"])
    kept = []
    for copy in unknown:
        raw = bytes(bodies.get(copy.uid, {}).get(b"BODY[]") or b"")
        headers = _parsed(raw)
        kept.append(
            SentCopy(
                mailbox=mailbox,
                message_id=copy.message_id[:300],
                token=str(headers["X-Cadenza-Step"] or "")[:100],
                to_email=_recipient(headers),
                sent_at=copy.sent_at,
                found_in=f"{mailbox.address}: {folder}"[:300],
                raw=raw,
            )
        )
    SentCopy.objects.bulk_create(kept, ignore_conflicts=True)
    return len(kept)


def _is_it(message: Message, copy: SentCopy) -> bool:
    """Make the row what it was before the backup took it away."""
    mail = _parsed(bytes(copy.raw))
    text = mail.get_body(("plain",))
    values = {
        "message_id": copy.message_id,
        "raw": bytes(copy.raw),
        "subject": str(mail["Subject"] or ""),
        "references": str(mail["References"] or ""),
        "text": text.get_content() if text else "",
        "handed_at": copy.sent_at,
    }
    Message.objects.filter(pk=message.pk).update(**values)
    for name, value in values.items():
        setattr(message, name, value)
    SentCopy.objects.filter(pk=copy.pk).update(settled_at=clock.now())
    return settle.sent(message, {"found_in": copy.found_in}) == "sent"


def _recipient(headers: EmailMessage) -> str:
    addresses = headers["To"].addresses if headers["To"] else ()
    return normalize(addresses[0].addr_spec if addresses else "")[:320]


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)
