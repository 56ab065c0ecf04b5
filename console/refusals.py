"""What is said to requests that no page answers.

In words alone: Django's own pages look for a CSRF token, so they read the body of what is refused and
fail at one that cannot be read.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    return _plain(HTTPStatus.BAD_REQUEST)


def not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's name
    return _plain(HTTPStatus.NOT_FOUND)


def failed(_request: HttpRequest) -> HttpResponse:
    return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)


def _plain(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(f"{status.phrase}\n", status=status, content_type="text/plain")
