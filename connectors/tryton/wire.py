"""Tryton's REST interface: one kept-open session, explicit timeouts, errors by next move.

A model's records are searched with a domain and written one by one.
https://docs.tryton.org/latest/server/topics/rest.html
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from http import HTTPStatus
from typing import Any

import requests

from connectors import deadline, endpoints
from connectors.endpoints import Budget
from connectors.errors import (
    Conflict,
    ConnectorError,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
)
from connectors.retry import persistently
from connectors.vendor_text import shown

#: Real seconds: to connect and for each piece of an answer; for all of it.
_TIMEOUT = (3.0, 20.0)
_IN_ALL = 60.0
_WAIT = 5.0
#: Deactivated records are asked for too: they are the deleted ones.
_CONTEXT = {"active_test": False}
_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
Json = Any


class Wire:
    def __init__(
        self, *, url: str, database: str, key: str, allow_sandbox: bool, budget: Budget
    ) -> None:
        self.calls = 0
        self._budget, self._allow_sandbox = budget, allow_sandbox
        self._base = f"{url}/{database}/rest/model"
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, deadline.Adapter())
        # Without an auth of its own, requests lets a ~/.netrc replace our key.
        self._session.auth = _as_it_is
        self._session.headers.update(
            {
                "Authorization": f"bearer {key}",
                "Accept": "application/json",
                "X-Tryton-Context": _coded(_CONTEXT),
            }
        )

    def search(
        self, model: str, domain: Sequence[Json], fields: Sequence[str], *, limit: int
    ) -> list[Mapping[str, Any]]:
        """The first records by id that the domain holds for."""
        asked = [("d", _coded(domain)), ("o", _coded([["id", "ASC"]])), ("s", str(limit))]
        answer = self._call("GET", model, query=[*asked, *(("f", name) for name in fields)])
        if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
            raise Unavailable(f"Tryton's {model}: the answer is no list of records")
        return answer

    def create(self, model: str, values: Mapping[str, Json]) -> str:
        """The new record's id. A second time would make another one."""
        answer = self._call("POST", model, query=[("f", "id")], body=values, repeatable=False)
        return _id(answer)

    def write(self, model: str, id_: str, values: Mapping[str, Json]) -> None:
        self._call("PUT", f"{model}/{_number(id_)}", query=[("f", "id")], body=values)

    def act(
        self, model: str, action: str, id_: str = "", *, field: str = "", **values: Json
    ) -> Json:
        """What a model's method answers; of one record, the `field` as it is behind it."""
        path = f"{model}/{_number(id_)}/{action}" if id_ else f"{model}/{action}"
        return self._call("POST", path, query=[("f", field)] if field else [], body=values)

    def close(self) -> None:
        self._session.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]],
        body: Mapping[str, Json] | None = None,
        repeatable: bool = True,
    ) -> Json:
        return persistently(lambda: self._once(method, path, query, body), repeatable=repeatable)

    def _once(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: Mapping[str, Json] | None,
    ) -> Json:
        self._budget.take("call")
        self.calls += 1
        try:
            with deadline.within(_IN_ALL):
                response = self._session.request(
                    method,
                    f"{self._base}/{path}",
                    params=list(query),
                    json=body,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise Unavailable(f"Tryton at {self._base}: {type(error).__name__}") from error
        endpoints.refuse_sandbox(
            response.headers.get(endpoints.SANDBOX_HEADER), allow_sandbox=self._allow_sandbox
        )
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        if response.status_code != HTTPStatus.OK:
            raise _error_of(response, path)
        try:
            return json.loads(response.content, object_hook=_decoded)
        except (ValueError, RecursionError, TypeError, KeyError, OverflowError) as error:
            raise Unavailable(f"Tryton's {path}: the answer is no JSON") from error


def stamp(at: datetime) -> Mapping[str, Json]:
    """A moment as its JSON writes it: by its parts, in UTC, without a zone."""
    at = at.astimezone(UTC)
    return {"__class__": "datetime", **{part: getattr(at, part) for part in _PARTS}}


def day(on: date) -> Mapping[str, Json]:
    """A date as its JSON writes it."""
    return {"__class__": "date", **{part: getattr(on, part) for part in _PARTS[:3]}}


def _decoded(item: dict[str, Json]) -> Json:
    """Its tagged objects as the texts that our converters take."""
    match item.get("__class__"):
        case "datetime":
            day, time = (item[part] for part in _PARTS[:3]), (item[part] for part in _PARTS[3:])
            return datetime.combine(date(*day), clock_time(*time), UTC).isoformat()
        case "date":
            return date(*(item[part] for part in _PARTS[:3])).isoformat()
        case "Decimal":
            return item["decimal"]
    return item


def _error_of(response: requests.Response, path: str) -> ConnectorError:
    status = response.status_code
    message = f"Tryton's {path}: {status} {_said(response)}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Unauthorized(message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(message, retry_after=_WAIT)
    if status == HTTPStatus.NOT_FOUND and path.count("/"):
        return Conflict(message)
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return Refused(message)
    return Unavailable(message)


def _said(response: requests.Response) -> str:
    """A refusal says what and why; anything else is cut to a line."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return shown(response.reason or "")
    if not isinstance(body, Mapping):
        return ""
    return shown(" ".join(str(body[name]) for name in ("message", "description") if body.get(name)))


def _number(id_: str) -> str:
    if not id_.isascii() or not id_.isdecimal():
        raise Conflict(f"{shown(id_)} is no id of Tryton")
    return id_


def _id(answer: Json) -> str:
    number = answer.get("id") if isinstance(answer, Mapping) else None
    if isinstance(number, bool) or not isinstance(number, int):
        raise Unavailable("Tryton's answer names no new record")
    return str(number)


def _coded(value: Json) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode()


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
