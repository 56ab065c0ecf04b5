"""The page that asks how likely somebody is to recommend us: a POST answers, GET changes nothing.

It needs no script and no cookie; the token in the address says who answers what.
"""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from console.webhooks import wrong_length
from mail.feedback import is_nobodys, request_of
from mail.models import Sender
from process.feedback import answers
from process.feedback.definition import SCORES

#: A form with a score and a comment.
LARGEST = 64 * 1024
LONGEST_COMMENT = 5000
#: The page's address is the person's own: it goes nowhere else, and nothing is loaded from anywhere.
_PRIVATE = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


@csrf_exempt  # there is no login that somebody could misuse; the token in the address is what counts
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def score(request: HttpRequest, token: str) -> HttpResponse:
    """Scanners fetch links, so only a POST answers; an unknown token learns nothing."""
    if is_nobodys(token):
        return _page(request, "ask", is_preview=True)
    asked = request_of(token)
    if asked is None:
        return _page(request, "unknown", status=404)
    known = answers.answer_to(asked)
    if request.method != "POST":
        return _page(request, "ask", known=known)
    if wrong := wrong_length(request, LARGEST):
        return HttpResponse(status=wrong[0])
    given, comment = _form(request)
    if given is None:
        return _page(request, "ask", known=known, comment=comment, is_missing=True, status=400)
    answers.record(asked, score=given, comment=comment)
    return _page(request, "done", score=given)


def _form(request: HttpRequest) -> tuple[int | None, str]:
    """The score, None for what is none, and the comment without what no text has."""
    try:
        fields = request.POST
        written, comment = fields.get("score", ""), fields.get("comment", "")
    except (MultiPartParserError, RequestDataTooBig, TooManyFieldsSent, UnicodeError):
        return None, ""
    comment = "".join(letter for letter in comment if letter.isprintable() or letter in "\n\t")
    known = {str(number): number for number in SCORES}
    return known.get(written), comment.strip()[:LONGEST_COMMENT]


def _page(request: HttpRequest, name: str, *, status: int = 200, **told: object) -> HttpResponse:
    sender = Sender.objects.first()
    told = {"company": sender.company if sender else "us", "scores": SCORES, **told}
    page = render(request, f"feedback/{name}.html", told, status=status)
    for header, value in _PRIVATE.items():
        page.headers[header] = value
    return page
