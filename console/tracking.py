"""Where the links and the pixel of our emails lead: on to where they led before, and nowhere else.

No cookie is set, nothing of the visitor is kept, and a token that is not ours leads nowhere.
"""

from base64 import b64decode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from mail import machines, tracking, visits
from mail.tracking import PIXEL, Target
from runtime import clock

#: A transparent GIF of one pixel.
_GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
#: The page that is reached need not know from which email.
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@csrf_exempt  # it takes no forms, and says so before it reads one
@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    target = tracking.target_of(token)
    if target is None or target.number == PIXEL:
        return _unknown(request)
    _record(request, target)
    return HttpResponse(status=302, headers={**_PRIVATE, "Location": target.url})


@csrf_exempt  # it takes no forms, and says so before it reads one
@never_cache
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    target = tracking.target_of(token)
    if target is None or target.number != PIXEL:
        return _unknown(request)
    _record(request, target)
    return HttpResponse(_GIF, content_type="image/gif", headers=_PRIVATE)


def _record(request: HttpRequest, target: Target) -> None:
    at, message = clock.now(), target.message
    machine = machines.reason(
        method=request.method or "",
        headers=request.headers,
        left_at=message.sent_at or message.handed_at,
        at=at,
    )
    visits.record(target, at=at, machine=machine)


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "tracking/unknown.html", status=404)
