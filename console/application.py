"""What the web server calls for each request."""

from collections.abc import Mapping

from django import setup
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest


class _Request(WSGIRequest):
    def _set_content_type_params(self, meta: Mapping[str, object]) -> None:
        """Django answers 500 to a charset that there is not, or that is none of texts (`hex`)."""
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # django-stubs leave it out
            "".encode(self.encoding or "utf-8")
        except (ValueError, LookupError):
            self.content_type, self.content_params, self._encoding = "", {}, None


class _Handler(WSGIHandler):
    request_class = _Request


def application() -> WSGIHandler:
    setup(set_prefix=False)
    return _Handler()
