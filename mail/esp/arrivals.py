"""What an ESP brings in: read as what IMAP finds is, in the addressee's mailbox."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from mail import receive, suppression
from mail.classify import parsed
from mail.classify.unpacked import without_files
from mail.esp import webhooks
from mail.esp.kinds import KINDS, Esp
from mail.inbound import Arrived
from mail.models import Mailbox
from runtime import clock

#: Characters of the envelope and of To that are looked at.
_MOST = 10_000


def take_in(mailbox: Mailbox, request: HttpRequest) -> str:
    """As `receive`; raises webhooks.Refused.

    The email's own bytes are asked for: they are its identity when it is brought in again, and a
    delivery report is none any more once it was taken apart. We read them ourselves, within bounds
    that no stranger's email can break.
    """
    webhooks.prove(mailbox, "Inbound", request)
    esp = KINDS[(mailbox.esp or {})["kind"]]
    fields = _fields(request)
    written = fields.get(esp.raw)
    if not isinstance(written, str) or not written:
        raise webhooks.Unreadable(f"no {esp.raw} in it: the ESP must pass the raw email on")
    raw = written.encode("utf-8", "replace")
    arrived = Arrived(uidvalidity=0, uid=0, raw=without_files([raw]), received_at=clock.now())
    return receive.receive(_addressee(mailbox, esp, fields, raw), arrived)


def _fields(request: HttpRequest) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        return request.POST
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise webhooks.Unreadable("no JSON") from error
    if not isinstance(fields, Mapping):
        raise webhooks.Unreadable("no object")
    return fields


def _addressee(mailbox: Mailbox, esp: Esp, fields: Mapping[str, Any], raw: bytes) -> Mailbox:
    """One webhook brings in the mail of all mailboxes of an account: by the envelope, else by To."""
    read = {
        suppression.normalize(row.address): row
        for row in webhooks.account(mailbox)
        if not row.imap_url
    }
    for told in (str(fields.get(esp.envelope, "")), parsed.parse(raw).header("To")):
        for address in parsed.ADDRESS.findall(told[:_MOST]):
            if found := read.get(suppression.normalize(address)):
                return found
    return mailbox
