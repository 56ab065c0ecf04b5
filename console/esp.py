"""Where an ESP tells what became of emails, and brings in what arrives.

401 forged; 413 too large; 400 nothing that we know; 404 no such mailbox, or no secret for it; 200
taken in, also where it is about no email of ours: the ESP would send it again otherwise. Why is
logged, never what was sent.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from console.webhooks import wrong_length
from mail.esp import arrivals, events, webhooks
from mail.models import Mailbox

log = logging.getLogger(__name__)
#: SendGrid collects the events of some seconds, up to 768 KB.
LARGEST_EVENTS = 2 << 20
#: An email with its attachments: Postmark's limit is the highest, 35 MB.
LARGEST_MAIL = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@csrf_exempt  # the ESP's signature or password is what counts
@require_http_methods(["POST", "HEAD"])  # some ask by HEAD whether anybody is there
def tracking(request: HttpRequest, address: str) -> HttpResponse:
    return _answer(request, address, _tracking, largest=LARGEST_EVENTS)


@csrf_exempt  # likewise
@require_http_methods(["POST", "HEAD"])
def mime(request: HttpRequest, address: str) -> HttpResponse:
    """Mailgun passes an email on as it was sent to an address that ends in "mime"."""
    return _answer(request, address, arrivals.take_in, largest=LARGEST_MAIL)


def _answer(
    request: HttpRequest,
    address: str,
    take_in: Callable[[Mailbox, HttpRequest], object],
    *,
    largest: int,
) -> HttpResponse:
    mailbox = Mailbox.objects.filter(address=address).first()
    if mailbox is None:
        return _refused(404, address, "no such mailbox")
    if request.method == "HEAD":
        return HttpResponse()
    if wrong := wrong_length(request, largest):
        return _refused(wrong[0], address, wrong[1])
    try:
        take_in(mailbox, request)
    except webhooks.Refused as error:
        return _refused(error.status, address, str(error))
    return HttpResponse()


def _tracking(mailbox: Mailbox, request: HttpRequest) -> None:
    for event in webhooks.events(mailbox, request):
        events.take_in(mailbox, event)


def _refused(status: int, address: str, reason: str) -> HttpResponse:
    log.warning("webhook for %s refused with %s: %s", address[:100], status, reason[:300])
    return HttpResponse(status=status)
