"""Where HubSpot tells that records changed: checked, kept as hints, and read again later.

401 forged, stale or dated in the future; 409 replayed; 413 too large; 400 no list of events; 404 no
such connection or no secret for it; 204 taken in. Why is logged, never what was sent.
"""

import json
import logging
import os
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.hubspot import signature
from crm import hints
from crm.models import Connection, WebhookReceipt
from mail.models import Sender
from runtime import clock
from workspace.secrets import MissingSecret, resolve

log = logging.getLogger(__name__)
#: HubSpot sends at most a hundred events at once.
LARGEST = 1 << 20
#: A request is never valid for longer, so older receipts are of no use.
_KEPT = signature.OLDEST + signature.NEWEST + timedelta(minutes=1)


@csrf_exempt  # the signature is what counts
@require_POST
def hubspot(request: HttpRequest, name: str) -> HttpResponse:
    connection = Connection.objects.filter(name=name, kind="hubspot").first()
    secret = _secret_of(connection) if connection else ""
    if connection is None or not secret:
        return _refused(404, name, "no such connection, or no webhook_secret of it")
    if wrong := wrong_length(request, LARGEST):
        return _refused(wrong[0], name, wrong[1])
    given = request.headers.get("X-HubSpot-Signature-v3", "")
    try:
        signature.check(
            secret=secret,
            method=request.method or "",
            uri=_uri(request),
            body=request.body,
            timestamp=request.headers.get("X-HubSpot-Request-Timestamp", ""),
            signature=given,
            now=clock.now(),
        )
    except signature.Forged as error:
        return _refused(401, name, str(error))
    events = _events(request.body)
    if events is None:
        return _refused(400, name, "no list of events")
    with transaction.atomic():
        if not _first_time(connection, given):
            return _refused(409, name, "replayed")
        hints.take_in(connection, events)
    return HttpResponse(status=204)


def wrong_length(request: HttpRequest, largest: int) -> tuple[int, str] | None:
    """Before a byte of the body is read: status and reason."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isascii() or not length.isdecimal():
        return 400, "a Content-Length that is no number"
    return (413, "too large") if int(length[:20]) > largest else None


def _events(body: bytes) -> list[object] | None:
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return events if isinstance(events, list) else None


def _uri(request: HttpRequest) -> str:
    """The address that HubSpot called: ours to the outside, whatever proxy stands before us."""
    sender = Sender.objects.first()
    base = sender.public_url.rstrip("/") if sender and sender.public_url else ""
    return base + request.get_full_path() if base else request.build_absolute_uri()


def _secret_of(connection: Connection) -> str:
    try:
        return str(resolve(str(connection.settings.get("webhook_secret") or ""), os.environ))
    except MissingSecret as error:
        log.error("webhooks of %s: %s", connection.name, error)  # noqa: TRY400 - it says enough
        return ""


def _first_time(connection: Connection, given: str) -> bool:
    now = clock.now()
    WebhookReceipt.objects.filter(at__lt=now - _KEPT).delete()
    digest = sha256(f"{connection.pk} {given}".encode()).hexdigest()
    _, created = WebhookReceipt.objects.get_or_create(digest=digest, defaults={"at": now})
    return created


def _refused(status: int, name: str, reason: str) -> HttpResponse:
    log.warning("webhook for %s refused with %s: %s", name[:100], status, reason)
    return HttpResponse(status=status)
