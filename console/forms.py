"""Where the forms of a website post: nothing is told of whom we know, and GET changes nothing.

404 no such form; 403 from a site that is not allowed; 413 too large; 400 what a person has to mend; 429
too many from one network address; else thanks, also to a machine, of which nothing is kept. Whoever
asks for JSON gets it; everybody else gets a page.
"""

from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console.webhooks import wrong_length
from mail.models import Sender
from process.models import Form
from process.prospecting import submissions
from process.prospecting.forms import TRAP, FormSettings, Submitted

LARGEST = 64 * 1024
_HOUR = 3600
_AGAIN = "was sent too often from your network within the hour; please try again later"


@csrf_exempt  # it stands on other sites, and there is no login that they could misuse
@never_cache
@require_POST
def submit(request: HttpRequest, name: str) -> HttpResponse:
    form = Form.objects.filter(name=name).first()
    if form is None:
        return _wrong(request, 404, {"form": "is not known"})
    settings = FormSettings.model_validate(form.settings)
    origin = request.headers.get("Origin", "")
    if origin not in settings.allowed_origins:
        return _wrong(request, 403, {"form": "does not belong on this site"})
    answer = _answer(request, form, settings)
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Vary"] = "Origin"
    return answer


def _answer(request: HttpRequest, form: Form, settings: FormSettings) -> HttpResponse:
    if wrong := wrong_length(request, LARGEST):
        return _wrong(request, wrong[0], {"form": wrong[1]})
    written = _written(request)
    if written is None:
        return _wrong(request, 400, {"form": "cannot be read"})
    if written.get(TRAP):
        return _thanks(request, settings)
    read = settings.read(written)
    if not isinstance(read, Submitted):
        return _wrong(request, 400, read)
    try:
        submissions.take_in(form, settings, read, page=_page_of(request), address=_address(request))
    except submissions.TooMany:
        answer = _wrong(request, 429, {"form": _AGAIN})
        answer.headers["Retry-After"] = str(_HOUR)
        return answer
    return _thanks(request, settings)


def _written(request: HttpRequest) -> Mapping[str, str] | None:
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except (MultiPartParserError, RequestDataTooBig, TooManyFieldsSent, UnicodeError):
        return None


def _page_of(request: HttpRequest) -> str:
    """Without what stands behind it, which may be a person's own."""
    page = request.headers.get("Referer", "").partition("?")[0].partition("#")[0]
    return "".join(letter for letter in page if letter.isprintable())


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _thanks(request: HttpRequest, settings: FormSettings) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"ok": True})
    if settings.thanks_url:
        return HttpResponseRedirect(settings.thanks_url, status=303)
    sender = Sender.objects.first()
    return render(request, "forms/thanks.html", {"company": sender.company if sender else ""})


def _wrong(request: HttpRequest, status: int, errors: Mapping[str, str]) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"ok": False, "errors": dict(errors)}, status=status)
    return render(request, "forms/wrong.html", {"errors": dict(errors)}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
