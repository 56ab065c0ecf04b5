"""Salesforce's HTTP: one session with timeouts and a count, one login, one refresh.

The client is simple-salesforce, unmodified; each way around it says why.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession

from connectors import endpoints
from connectors.base import (
    Conflict,
    ConnectorError,
    RateLimited,
    Refused,
    SandboxRefused,
    Unauthorized,
    Unavailable,
)
from connectors.retry import persistently
from connectors.vendor_text import shown

T = TypeVar("T")

VERSION = "59.0"
_TIMEOUT = (3.0, 20.0)
#: The limit is one of 24 rolling hours: some of it is free again in a while.
_LIMIT_WAIT = 900.0
_GONE = {
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "ENTITY_IS_DELETED",
    "NOT_FOUND",
    "INVALID_CROSS_REFERENCE_KEY",
}
_BUSY = {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT"}


class _Adapter(HTTPAdapter):
    """The one door: timeouts that the client lacks, a count, and loopback for its fixed https."""

    def __init__(self, *, url: str, allow_sandbox: bool) -> None:
        super().__init__()
        self.calls = 0
        self._target = urlsplit(url)
        self._allow_sandbox = allow_sandbox

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # all of requests' options go through
        self.calls += 1
        if self._target.scheme == "http":
            # simple-salesforce builds https:// addresses only; the local server speaks http.
            parts = urlsplit(request.url or "")
            request.url = str(urlunsplit(parts._replace(scheme="http")))
        options["timeout"] = _TIMEOUT
        response = super().send(request, **options)
        endpoints.refuse_sandbox(
            response.headers.get(endpoints.SANDBOX_HEADER), allow_sandbox=self._allow_sandbox
        )
        return response


class Wire:
    def __init__(
        self, *, url: str, client_id: str, client_secret: str, allow_sandbox: bool
    ) -> None:
        self._url = url
        self._host = urlsplit(url).netloc
        self._credentials = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._adapter = _Adapter(url=url, allow_sandbox=allow_sandbox)
        self._session = requests.Session()
        self._session.mount("https://", self._adapter)
        self._client: Salesforce | None = None

    @property
    def calls(self) -> int:
        return self._adapter.calls

    def query(self, soql: str) -> dict[str, Any]:
        """One page, deleted rows included."""
        return self._persistently(
            lambda client: client.query(soql, include_deleted=True), call="query", repeatable=True
        )

    def get(self, path: str) -> dict[str, Any]:
        return self._persistently(
            lambda client: client.restful(path), call=f"GET {path}", repeatable=True
        )

    def write(
        self, method: str, path: str, body: Mapping[str, Any], *, repeatable: bool
    ) -> list[Any]:
        """A collection's outcomes, one per row."""
        answer: Any = self._persistently(
            lambda client: client.restful(path, method=method, json=body),
            call=f"{method} {path}",
            repeatable=repeatable,
        )
        if not isinstance(answer, list):
            raise Unavailable(f"{method} {path}: the answer is no list of outcomes")
        return answer

    def close(self) -> None:
        self._session.close()

    def _persistently(self, use: Callable[[Salesforce], T], *, call: str, repeatable: bool) -> T:
        return persistently(lambda: self._once(use, call), repeatable=repeatable)

    def _once(self, use: Callable[[Salesforce], T], call: str) -> T:
        """One refresh and one replay of an expired session; a second 401 is for good."""
        try:
            return self._tried(use, call)
        except SalesforceExpiredSession:
            self._client = None
        try:
            return self._tried(use, call)
        except SalesforceExpiredSession as error:
            raise Unauthorized(f"{call}: Salesforce does not accept its own fresh login") from error

    def _tried(self, use: Callable[[Salesforce], T], call: str) -> T:
        try:
            if self._client is None:
                self._client = self._login()
            return use(self._client)
        except SalesforceExpiredSession:
            raise
        except SalesforceError as error:
            raise error_of(error.status, error.content, call) from None
        except SandboxRefused:
            raise
        except requests.RequestException as error:
            # Covers HTML with status 200 as well: requests' JSON error is one of its own.
            raise Unavailable(f"{call}: {type(error).__name__}") from error
        except ValueError as error:
            raise Unavailable(f"{call}: the answer is no JSON") from error

    def _login(self) -> Salesforce:
        """Client credentials; simple-salesforce's own goes to a fixed host and beside the session.

        https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
        """
        answer = self._session.post(
            f"https://{self._host}/services/oauth2/token", data=self._credentials
        )
        try:
            body = answer.json()
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        if answer.status_code in {400, 401, 403}:
            said = shown(body.get("error_description") or body.get("error") or "without a reason")
            raise Unauthorized(f"login: Salesforce refused client_id and client_secret: {said}")
        token = body.get("access_token")
        if not isinstance(token, str):
            raise Unavailable(f"login: status {answer.status_code} without an access token")
        return Salesforce(
            instance=self._host, session_id=token, session=self._session, version=VERSION
        )


def error_of(status: int, content: object, call: str) -> ConnectorError:
    """Which next move an error answer asks for."""
    first = content[0] if isinstance(content, list) and content else {}
    first = first if isinstance(first, dict) else {}
    return refusal(
        str(first.get("errorCode") or ""),
        f"{call}: {status} {shown(first.get('message') or 'without a message')}",
        first.get("fields"),
        status=status,
    )


def refusal(code: str, message: str, fields: object, *, status: int = 400) -> ConnectorError:
    """The error of a call, or of one row of a collection."""
    if code == "REQUEST_LIMIT_EXCEEDED":
        return RateLimited(message, retry_after=_LIMIT_WAIT)
    if code in _GONE:
        return Conflict(f"{message} ({code})")
    if code in _BUSY or status >= 500:
        return Unavailable(f"{message} ({code})")
    if status in {401, 403}:
        return Unauthorized(f"{message} ({code})")
    named = fields[0] if isinstance(fields, list) and fields else ""
    return Refused(f"{message} ({code})", field=str(named))
