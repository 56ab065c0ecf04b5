"""HubSpot's HTTP: one kept-open pool, raw bodies, explicit timeouts, errors by next move.

The client is the official one, unmodified; each way around it says why. Error bodies:
https://developers.hubspot.com/docs/reference/api/other-resources/error-handling
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote

import urllib3
from hubspot import HubSpot
from hubspot.crm.contacts.exceptions import ApiException

from connectors import deadline, endpoints
from connectors.endpoints import Budget
from connectors.errors import (
    ConnectorError,
    RateLimited,
    Refused,
    SandboxRefused,
    Unauthorized,
    Unavailable,
)
from connectors.logins import Minted, Tokens
from connectors.retry import persistently
from connectors.vendor_text import shown

URL = "https://api.hubapi.com"
#: Real seconds: to connect, for each piece of an answer, for all of it, for all of a token's.
_CONNECT, _READ = 3.0, 10.0
IN_ALL, TOKEN_IN_ALL = 60.0, 15.0
_DAILY_LIMIT_WAIT = 3600.0
_CALLERS_FAULT = 4  # of any 4xx
_LOCKED, _TOO_MANY, _MIGRATING = 423, 429, 477


_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class Login:
    """A private app's or service key's `token`; or an app's `tokens`, won by its client."""

    token: str = ""
    tokens: Tokens | None = None
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


class Wire:
    def __init__(self, *, login: Login, url: str, allow_sandbox: bool, budget: Budget) -> None:
        self.calls = 0
        self._login, self._url = login, url
        self._budget = budget
        self._allow_sandbox = allow_sandbox
        # retry=False: else urllib3 obeys Retry-After silently and repeats GETs only.
        # Both host and base_url: typed calls read the one, the bare request the other.
        client = HubSpot(
            access_token=login.token or "none yet", host=url, base_url=url, retry=False
        )
        # Kept: each access to `basic_api` builds a new pool. Any object's client takes any path.
        self._api = client.crm.contacts.basic_api.api_client
        deadline.bind(self._api.rest_client.pool_manager)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return persistently(
            lambda: self._logged_in("GET", path, query=query, body=None), repeatable=True
        )

    def post(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        repeatable: bool,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        return persistently(
            lambda: self._logged_in("POST", path, query=query, body=body), repeatable=repeatable
        )

    def put(self, path: str, body: Sequence[str]) -> dict[str, Any]:
        """Done twice it is done once."""
        return persistently(
            lambda: self._logged_in("PUT", path, query=None, body=body), repeatable=True
        )

    def close(self) -> None:
        self._api.rest_client.pool_manager.clear()
        self._api.close()

    def _logged_in(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """Call; where the access token has run out, win another and replay the call, once."""
        tokens, configuration = self._login.tokens, self._api.configuration
        if tokens is None:
            return self._once(method, path, **what)
        used = tokens.current() or tokens.renew("", self._mint)
        configuration.access_token = used
        try:
            return self._once(method, path, **what)
        except SandboxRefused:
            raise
        except Unauthorized:
            configuration.access_token = tokens.renew(used, self._mint)
            return self._once(method, path, **what)

    def _mint(self, refresh_token: str) -> Minted:
        """https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth"""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
            "refresh_token": refresh_token,
        }
        try:
            answer = self._once("POST", "/oauth/v3/token", query=None, body=None, form=form)
        except Refused as error:
            raise Unauthorized(f"HubSpot's login was refused: {error}") from error
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise Unavailable("HubSpot's login: the answer has no access_token")
        return Minted(access_token=token, refresh_token=str(answer.get("refresh_token") or ""))

    def _once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | Sequence[str] | None,
        form: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        # Search has a limit of its own, and its answers carry no rate-limit headers.
        self._budget.take("search" if path.endswith("/search") else "call")
        self.calls += 1
        try:
            with deadline.within(TOKEN_IN_ALL if form else IN_ALL):
                answer = self._api.call_api(
                    quote(path),
                    method,
                    query_params=list(query.items()) if query else [],
                    header_params={
                        "Accept": "application/json",
                        "Content-Type": _FORM if form else "application/json",
                    },
                    body=body,
                    post_params=list(form.items()) if form else [],
                    auth_settings=[] if form else ["oauth2"],
                    # Models drop unknown keys and turn HTML into objects full of None.
                    _preload_content=False,
                    _return_http_data_only=True,
                    # The client has no timeout of its own.
                    _request_timeout=(_CONNECT, _READ),
                )
                headers, content = answer.headers, answer.data
        except ApiException as error:
            self._fail(method, path, error)
        except UnicodeDecodeError as error:
            # The client decodes an error's body as UTF-8 whatever it is.
            if isinstance(error.__context__, ApiException):
                self._fail(method, path, error.__context__)
            raise Unavailable(f"{method} {path}: an answer that is no text") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # retry=False brings urllib3's own errors; their text names hosts and ports only.
            raise Unavailable(f"{method} {self._url}{path}: {type(error).__name__}") from error
        endpoints.refuse_sandbox(
            headers.get(endpoints.SANDBOX_HEADER), allow_sandbox=self._allow_sandbox
        )
        self._tell_use(headers)
        return _json_object(content, f"{method} {path}")

    def _tell_use(self, headers: Mapping[str, str]) -> None:
        allowed = headers.get("X-HubSpot-RateLimit-Daily", "")
        left = headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if allowed.isdecimal() and left.isdecimal():
            self._budget.told(used=int(allowed) - int(left), allowed=int(allowed))

    def _fail(self, method: str, path: str, error: ApiException) -> NoReturn:
        headers = error.headers or {}
        endpoints.refuse_sandbox(
            headers.get(endpoints.SANDBOX_HEADER), allow_sandbox=self._allow_sandbox
        )
        raise error_of(error.status or 0, headers, error.body, f"{method} {path}") from None


def error_of(
    status: int, headers: Mapping[str, str], content: str | bytes | None, call: str
) -> ConnectorError:
    """Which next move an error answer asks for; every key of its body may be missing."""
    try:
        body = _json_object(content or b"", call)
    except Unavailable:
        body = {}
    message = f"{call}: {status} {shown(body.get('message') or 'without a message')}"
    if status in {_TOO_MANY, _LOCKED, _MIGRATING}:
        return RateLimited(message, retry_after=_wait_of(status, headers, body))
    if status in {401, 403}:
        return Unauthorized(message)
    if status // 100 == _CALLERS_FAULT and status not in endpoints.GAVE_UP:
        return Refused(message, field=field_of(body))
    return Unavailable(message)


def field_of(body: Mapping[str, Any]) -> str:
    """The property that a validation error names, in whichever place it does; else blank."""
    errors = body.get("errors")
    for error in [body, *(errors if isinstance(errors, list) else [])]:
        if not isinstance(error, Mapping):
            continue
        context = error.get("context")
        named = context.get("propertyName") if isinstance(context, Mapping) else error.get("in")
        if isinstance(named, list) and named:
            named = named[0]
        if isinstance(named, str):
            return named
    return ""


def _wait_of(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> float:
    """Recorded 429s carry neither Retry-After nor policyName: then the rolling second is meant."""
    try:
        return max(0.0, min(float(headers.get("Retry-After", "")), 86_400.0))
    except ValueError:
        pass
    if status == _LOCKED:
        return 2.0
    if body.get("policyName") == "DAILY":
        return _DAILY_LIMIT_WAIT
    return 10.0 if body.get("policyName") == "TEN_SECONDLY_ROLLING" else 1.0


def _json_object(content: str | bytes, call: str) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{call}: the answer is no JSON") from error
    if not isinstance(body, dict):
        raise Unavailable(f"{call}: the answer is no JSON object")
    return body
