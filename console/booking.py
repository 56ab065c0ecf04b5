"""Where Cal.com tells what people book, move and call off.

401 forged; 413 too large; 400 nothing that we know; 404 no such mailbox, or no secret for it; 200
taken in, also where it changes nothing: told again, it would still change nothing. Why is logged,
never what was sent.
"""

import logging
import os

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console.webhooks import wrong_length
from mail.models import Mailbox, Sender
from process.meetings import bookings, calcom
from workspace.secrets import MissingSecret, resolve

log = logging.getLogger(__name__)
#: One booking, with what its form asked for.
LARGEST = 1 << 20


@csrf_exempt  # the signature is what counts
@require_POST
def cal(request: HttpRequest, address: str) -> HttpResponse:
    mailbox = Mailbox.objects.filter(address=address).first()
    secret = _secret() if mailbox else ""
    if mailbox is None or not secret:
        return _refused(404, address, "no such mailbox, or no booking with a secret")
    if wrong := wrong_length(request, LARGEST):
        return _refused(wrong[0], address, wrong[1])
    given = request.headers.get(calcom.SIGNATURE, "")
    if not calcom.is_genuine(request.body, given, secret):
        return _refused(401, address, "the signature is another one")
    try:
        news = calcom.read(request.body)
    except calcom.Unreadable as error:
        return _refused(400, address, str(error))
    if news is not None:
        log.info("%s: %s", news.trigger, bookings.take_in(news, mailbox))
    return HttpResponse()


def _secret() -> str:
    sender = Sender.objects.first()
    if sender is None or not sender.booking:
        return ""
    try:
        return resolve(str(sender.booking["secret"]), os.environ)
    except MissingSecret as error:
        log.error("webhooks of the booking page: %s", error)  # noqa: TRY400 - it says enough
        return ""


def _refused(status: int, address: str, reason: str) -> HttpResponse:
    log.warning("booking for %s refused with %s: %s", address[:100], status, reason[:200])
    return HttpResponse(status=status)
