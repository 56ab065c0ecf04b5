"""The unsubscribe page, RFC 8058: a POST acts at once, without cookies; GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mail.unsubscribe import is_nobodys, lead_of
from mail.unsubscribe import unsubscribe as take_off
from runtime import clock


@csrf_exempt  # mail providers post without cookies; the token in the address is what counts
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Scanners fetch links, so only a POST unsubscribes; an unknown token learns nothing."""
    if is_nobodys(token):
        return render(request, "unsubscribe/nobody.html")
    lead = lead_of(token)
    if lead is None:
        return render(request, "unsubscribe/unknown.html", status=404)
    if request.method == "POST":
        take_off(lead, how="one-click", at=clock.now())
        return render(request, "unsubscribe/done.html")
    return render(request, "unsubscribe/ask.html")
