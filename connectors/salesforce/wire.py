"""Salesforce's REST calls: login by client credentials, queries, collections, errors by next move.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connectors.base import (
    Conflict,
    ConnectorError,
    RateLimited,
    Refused,
    SandboxRefused,
    Unauthorized,
    Unavailable,
)
from connectors.endpoints import Budget
from connectors.retry import persistently
from connectors.salesforce.session import OneHostAdapter, session_on
from connectors.vendor_text import shown

T = TypeVar("T")
VERSION = "62.0"
#: Seconds to leave a spent allowance alone; it is counted over 24 hours that roll.
_LIMIT_WAIT = 900.0
#: Seconds after which a locked row is worth another try.
_LOCK_WAIT = 60.0
_LIMITS = {"REQUEST_LIMIT_EXCEEDED"}
_LOCKS = {"UNABLE_TO_LOCK_ROW"}
_GONE = {
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "CANNOT_REFERENCE_CONVERTED_LEAD",
    "ENTITY_IS_DELETED",
    "NOT_FOUND",
}
_PASSING = {"QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"}
_CALLERS_FAULT = 4  # of any 4xx


class Wire:
    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        allow_sandbox: bool,
        budget: Budget,
    ) -> None:
        # simple-salesforce knows https only; the adapter turns it back where the URL is http.
        self._url = urlsplit(url)._replace(scheme="https").geturl()
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._adapter = OneHostAdapter(url=url, allow_sandbox=allow_sandbox, budget=budget)
        self._session = session_on(self._adapter)
        self._client: Salesforce | None = None
        #: Known after the login.
        self.org_id = ""

    @property
    def calls(self) -> int:
        return self._adapter.calls

    @property
    def usage(self) -> tuple[int, int]:
        return self._adapter.usage

    def query(self, soql: str, *, deleted: bool = False) -> dict[str, Any]:
        """The first page of up to 2,000; with `deleted`, deleted and merged rows too (queryAll)."""
        return _answer(self._read(lambda sf: sf.query(soql, include_deleted=deleted)))

    def more(self, path: str) -> dict[str, Any]:
        """The page that an answer's nextRecordsUrl names."""
        if not path.startswith("/services/data/"):
            raise Unavailable("Salesforce's nextRecordsUrl is no path of its API")
        return _answer(self._read(lambda sf: sf.query_more(path, identifier_is_url=True)))

    def rest(self, path: str) -> dict[str, Any]:
        return _answer(self._read(lambda sf: sf.restful(path)))

    def collection(
        self, method: str, records: Sequence[Mapping[str, object]], *, repeatable: bool
    ) -> list[Mapping[str, Any]]:
        """Write up to 200 rows; a result per row, in order."""
        body = {"allOrNone": False, "records": list(records)}
        answer: object = persistently(
            lambda: self._once(
                lambda sf: sf.restful("composite/sobjects", method=method, json=body)
            ),
            repeatable=repeatable,
        )
        if not isinstance(answer, list) or len(answer) != len(records):
            raise Unavailable("Salesforce's answer has no result for each row")
        return [row if isinstance(row, Mapping) else {} for row in answer]

    def close(self) -> None:
        self._session.close()

    def _read(self, call: Callable[[Salesforce], T]) -> T:
        return persistently(lambda: self._once(call), repeatable=True)

    def _once(self, call: Callable[[Salesforce], T]) -> T:
        """Call; where the session has expired, log in and replay it, once.

        simple-salesforce's own refresh recurses for as long as the answer is 401, and drops the
        call's headers: given a session id in place of credentials, it leaves that to us.
        """
        known = self._client
        try:
            return self._tried(call, known or self._login())
        except SandboxRefused:
            raise
        except Unauthorized:
            if known is None:
                raise
        return self._tried(call, self._login())

    def _tried(self, call: Callable[[Salesforce], T], client: Salesforce) -> T:
        try:
            return call(client)
        except SalesforceError as error:
            raise error_of(error.status, error.content) from None
        except requests.RequestException as error:
            # Its text may carry the whole query; the kind says enough.
            raise Unavailable(f"Salesforce: {type(error).__name__}") from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            # simple-salesforce reads answers without looking: HTML, null or a number stumble here.
            raise Unavailable("Salesforce: the answer has not the promised shape") from error

    def _login(self) -> Salesforce:
        """Log in by client credentials, through the same adapter as every call.

        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm
        """
        self._client = None
        try:
            response = self._session.post(
                f"{self._url}/services/oauth2/token",
                data={"grant_type": "client_credentials", **self._credentials},
            )
            body = response.json()
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise Unavailable(f"Salesforce's login: {type(error).__name__}") from error
        if not isinstance(body, dict):
            raise Unavailable("Salesforce's login: the answer is no JSON object")
        if not response.ok:
            raise _login_error(response.status_code, body)
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise Unavailable("Salesforce's login: the answer has no access_token")
        # https://login.salesforce.com/id/<organization>/<user>
        self.org_id = str(body.get("id") or "").rstrip("/").rpartition("/")[0].rpartition("/")[2]
        # The configured My Domain serves the API: an answer's instance_url leads nowhere else.
        self._client = Salesforce(
            session_id=token, instance_url=self._url, version=VERSION, session=self._session
        )
        return self._client


def error_of(status: int, content: object) -> ConnectorError:
    """Which next move an error answer asks for: [{errorCode, message, fields}], or anything."""
    first = content[0] if isinstance(content, list) and content else {}
    error = first if isinstance(first, Mapping) else {}
    code = str(error.get("errorCode") or "")
    message = f"Salesforce: {status} {code} {shown(error.get('message') or 'without a message')}"
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorized(message)
    if code in _LIMITS or status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(message, retry_after=_LIMIT_WAIT)
    if status == HTTPStatus.FORBIDDEN:
        return Unauthorized(message)
    if status == HTTPStatus.PRECONDITION_FAILED:
        return Conflict(message)
    if status // 100 == _CALLERS_FAULT and code not in _PASSING:
        return Refused(message, field=_field(error))
    return Unavailable(message)


def row_error(result: Mapping[str, Any]) -> ConnectorError:
    """The same for one row of a collection: {success: false, errors: [{statusCode, ...}]}."""
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    error = first if isinstance(first, Mapping) else {}
    code = str(error.get("statusCode") or "")
    message = f"{code} {shown(error.get('message') or 'refused without a reason')}".strip()
    if code in _GONE:
        return Conflict(message)
    if code in _LOCKS:
        return RateLimited(message, retry_after=_LOCK_WAIT)
    if code in _LIMITS:
        return RateLimited(message, retry_after=_LIMIT_WAIT)
    return Refused(message, field=_field(error))


def is_locked(result: Mapping[str, Any]) -> bool:
    errors = result.get("errors")
    return isinstance(errors, list) and any(
        isinstance(error, Mapping) and error.get("statusCode") in _LOCKS for error in errors
    )


def _login_error(status: int, body: Mapping[str, object]) -> ConnectorError:
    reason = shown(body.get("error_description") or body.get("error") or status)
    if status // 100 == _CALLERS_FAULT:
        return Unauthorized(f"Salesforce's login was refused: {reason}")
    return Unavailable(f"Salesforce's login: {reason}")


def _field(error: Mapping[str, Any]) -> str:
    fields = error.get("fields")
    return fields[0] if isinstance(fields, list) and fields and isinstance(fields[0], str) else ""


def _answer(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Unavailable("Salesforce: the answer is no JSON object")
    return body
