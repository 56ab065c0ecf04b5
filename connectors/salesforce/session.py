"""The session that simple-salesforce works on: one adapter for login and calls alike.

simple-salesforce writes `https://` into every URL, sets no timeout and repeats nothing; the session
and the adapter below it are the one place that all of it passes.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors import deadline, endpoints
from connectors.endpoints import Budget
from connectors.errors import SandboxRefused, Unavailable

#: Real seconds: to connect, for each piece of an answer, for all of it, for all of a token's.
CONNECT, READ = 3.0, 20.0
IN_ALL, TOKEN_IN_ALL = 120.0, 15.0
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class OneHostAdapter(deadline.Adapter):
    """Talks to the configured host alone, over plain http where the configured URL says so."""

    def __init__(self, *, url: str, allow_sandbox: bool, budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        parts = urlsplit(url)
        self._plain = parts.scheme == "http"
        self._host = parts.netloc.lower()
        self._allow_sandbox = allow_sandbox
        self.calls = 0
        #: Of the org's calls in the last 24 hours: (used, allowed); (0, 0) before the first answer.
        self.usage = (0, 0)

    def send(  # noqa: PLR0917 - as HTTPAdapter declares it
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        asked = urlsplit(request.url or "")
        if asked.netloc.lower() != self._host:
            raise Unavailable(f"Salesforce leads to another host, {asked.hostname}")
        if self._plain:
            request.url = asked._replace(scheme="http").geturl()
        self._budget.take("call")
        self.calls += 1
        response = super().send(
            request,
            stream=stream,
            timeout=timeout or (CONNECT, READ),
            verify=verify,
            cert=cert,
            proxies=proxies,
        )
        try:
            endpoints.refuse_sandbox(
                response.headers.get(endpoints.SANDBOX_HEADER), allow_sandbox=self._allow_sandbox
            )
        except SandboxRefused:
            # Nobody will read the body: without this the connection leaves the pool still open.
            response.close()
            raise
        if found := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            self.usage = (int(found[1]), int(found[2]))
            self._budget.told(used=self.usage[0], allowed=self.usage[1])
        return response


def session_on(adapter: OneHostAdapter) -> requests.Session:
    session = _Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    # Without an auth of its own, requests lets a ~/.netrc replace our bearer token.
    session.auth = _as_it_is
    return session


class _Session(requests.Session):
    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with deadline.within(IN_ALL):
            return super().send(request, **options)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
