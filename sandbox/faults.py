"""What goes wrong on demand, while the sandbox runs: asked before and after each answer of a CRM.

Each fault has a kind, the CRM that it befalls, a part of the paths that it befalls, and either how
often in all (`times`) or to which share of the calls (`share`); a share is met evenly, not at random.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.store import Record

CRMS = ("hubspot", "salesforce")
#: kind -> what it does.
KINDS: Mapping[str, str] = {
    "rate_limited": "429; `retry_after` and `policy` as given, by default neither is told",
    "daily_limit": "the day's calls are spent: HubSpot 429 DAILY, Salesforce 403",
    "error": "a `status` of 500 to 599 in place of the answer, without effect",
    "html": "a page of HTML with status 200, without effect",
    "dropped": "the connection ends before the call takes effect",
    "answer_lost": "the call takes effect and the connection ends before the answer",
    "slow": "the answer comes `seconds` late",
    "expired_token": "401, whatever the token",
    "invalid": "writes that set `field` are refused by validation, rows of a collection one by one",
    "row_locked": "Salesforce UNABLE_TO_LOCK_ROW for the rows named in `ids`, else for all",
    "duplicate": "Salesforce DUPLICATES_DETECTED for the rows named in `ids`, else for all",
    "search_lag": "search does not know what changed within the last `seconds`",
    "search_unordered": "search answers its pages out of order, with strangers among them",
    "search_empty": "search answers total 1 and no results",
    "late_commit": "queries do not see rows of the last `seconds`, whose stamps stay old",
}
#: Kinds that befall single rows of a Salesforce collection.
_OF_ROWS = frozenset({"row_locked", "duplicate", "invalid"})
_SECOND = 10.0


class BadFault(ValueError):
    """No such fault, or a setting that it has not."""


@dataclass(kw_only=True)
class Fault:
    kind: str
    crm: str
    path: str = ""  #: a part of the path; blank: every path
    method: str = ""
    times: int | None = None
    share: float = 1.0
    status: int = 503
    seconds: float = 0.0
    retry_after: int | None = None
    policy: str = ""
    field: str = ""
    ids: tuple[str, ...] = ()
    met: int = 0  #: calls that it could have befallen
    hit: int = 0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Fault":
        """Raises BadFault naming the valid choices."""
        known = set(cls.__dataclass_fields__) - {"met", "hit"}
        if strange := sorted(set(given) - known):
            raise BadFault(f"{strange[0]!r} is none of {', '.join(sorted(known))}")
        values = dict(given)
        for name, choices in (("kind", tuple(KINDS)), ("crm", CRMS)):
            if values.get(name) not in choices:
                raise BadFault(f"{name}: {values.get(name)!r} is none of {', '.join(choices)}")
        values["ids"] = tuple(values.get("ids", ()))
        return cls(**values)

    def befalls(self, crm: str, request: web.Request) -> bool:
        """Whether this call is one of those; counts it."""
        if crm != self.crm or self.path not in request.path:
            return False
        if self.method and request.method != self.method:
            return False
        if self.times is not None and self.hit >= self.times:
            return False
        self.met += 1
        if int(self.met * self.share) == int((self.met - 1) * self.share):
            return False
        self.hit += 1
        return True

    def told(self) -> dict[str, Any]:
        return {"kind": self.kind, "crm": self.crm, "path": self.path, "hit": self.hit}


@dataclass(kw_only=True)
class Pace:
    """How fast one CRM was called, in real time: the most calls within any ten seconds."""

    seen: deque[float] = field(default_factory=deque)
    peak: int = 0

    def count(self) -> None:
        now = time.monotonic()
        self.seen.append(now)
        while self.seen[0] <= now - _SECOND:
            self.seen.popleft()
        self.peak = max(self.peak, len(self.seen))


class Faults:
    """Those that are switched on, and what was called meanwhile."""

    def __init__(self, moment: Callable[[], datetime]) -> None:
        self._moment = moment
        self.on: list[Fault] = []
        self.paces = {crm: Pace() for crm in CRMS}
        self.statuses: dict[str, Counter[str]] = {crm: Counter() for crm in CRMS}

    async def before(self, crm: str, request: web.Request) -> web.StreamResponse | None:
        """An answer in place of the CRM's, which then never hears of the request."""
        self.paces[crm].count()
        for fault in self.on:
            make = _BEFORE.get(fault.kind)
            if make is None or (fault.kind == "invalid" and not await _sets(fault, request)):
                continue
            if fault.befalls(crm, request):
                return await make(fault, request)
        return None

    async def after(
        self, crm: str, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """The answer to send for a request that has taken effect."""
        for fault in self.on:
            if fault.kind == "slow" and fault.befalls(crm, request):
                await asyncio.sleep(fault.seconds)
            if fault.kind == "answer_lost" and fault.befalls(crm, request):
                _hang_up(request)
        self.statuses[crm][str(response.status)] += 1
        return response

    def row(self, request: web.Request, key: str, row: Mapping[str, Any]) -> Fault | None:
        """What befalls one row of a Salesforce collection; `key` is its id, WhoId or Email."""
        for fault in self.on:
            if fault.kind not in _OF_ROWS or fault.crm != "salesforce":
                continue
            meant = fault.field in row if fault.kind == "invalid" else key in (fault.ids or [key])
            if meant and fault.befalls("salesforce", request):
                return fault
        return None

    def knows(self, crm: str, record: Record) -> bool:
        """Whether an index or a snapshot that lags knows this record's present values."""
        kind = "search_lag" if crm == "hubspot" else "late_commit"
        return all(
            self._moment() - record.modified_at >= timedelta(seconds=fault.seconds)
            for fault in self.on
            if fault.kind == kind and fault.crm == crm
        )

    def searched(
        self, request: web.Request, total: int, found: list[Record], strangers: list[Record]
    ) -> tuple[int, list[Record]]:
        """A page of search results as this index answers it."""
        for fault in self.on:
            if fault.kind == "search_empty" and fault.befalls("hubspot", request):
                return 1, []
            if fault.kind == "search_unordered" and fault.befalls("hubspot", request):
                mixed = found[1::2] + found[::2]
                return total, [*strangers[:2], *mixed]
        return total, found

    def told(self) -> dict[str, Any]:
        return {
            "on": [fault.told() for fault in self.on],
            "peaks": {crm: pace.peak for crm, pace in self.paces.items()},
            "statuses": {crm: dict(counts) for crm, counts in self.statuses.items()},
        }

    def forget(self) -> None:
        """Everything works again, and the counts begin anew."""
        self.on.clear()
        for crm in CRMS:
            self.paces[crm] = Pace()
            self.statuses[crm].clear()


async def _rate_limited(fault: Fault, _request: web.Request) -> web.StreamResponse:
    if fault.crm == "salesforce":
        return _salesforce(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    more = {"policyName": fault.policy} if fault.policy else {}
    response = _hubspot(429, "You have reached your secondly limit.", "RATE_LIMITS", **more)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


async def _daily(fault: Fault, _request: web.Request) -> web.StreamResponse:
    if fault.crm == "salesforce":
        return _salesforce(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    message = "You have reached your daily limit."
    return _hubspot(429, message, "RATE_LIMITS", policyName="DAILY")


async def _error(fault: Fault, _request: web.Request) -> web.StreamResponse:
    return web.Response(status=fault.status, text="upstream connect error")


async def _html(_fault: Fault, _request: web.Request) -> web.StreamResponse:
    page = "<!DOCTYPE html><html><body>We are doing maintenance</body></html>"
    return web.Response(text=page, content_type="text/html")


async def _dropped(_fault: Fault, request: web.Request) -> web.StreamResponse:
    await request.read()
    _hang_up(request)
    return web.Response(status=500)


async def _expired(fault: Fault, _request: web.Request) -> web.StreamResponse:
    if fault.crm == "salesforce":
        return _salesforce(401, "INVALID_SESSION_ID", "Session expired or invalid")
    message = "The OAuth token used to make this call expired"
    return _hubspot(401, message, "EXPIRED_AUTHENTICATION")


async def _sets(fault: Fault, request: web.Request) -> bool:
    """Whether validation refuses the whole call: a collection has an outcome for each row."""
    is_collection = request.path.endswith("/composite/sobjects")
    return not is_collection and fault.field in await _fields_of(request)


async def _fields_of(request: web.Request) -> set[str]:
    """Names of the fields that a write sets, in whatever shape it says so."""
    if request.method not in {"POST", "PATCH", "PUT"}:
        return set()
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        return set()
    names: set[str] = set()
    rows = [body, *(body.get("inputs") or []), *(body.get("records") or [])]
    for row in rows if isinstance(body, dict) else []:
        values = row.get("properties", row)
        names |= set(values) if isinstance(values, dict) else set()
    return names


async def _invalid(fault: Fault, _request: web.Request) -> web.StreamResponse:
    if fault.crm == "salesforce":
        return _salesforce(
            400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", f"{fault.field} is not allowed"
        )
    message = f"Property values were not valid: {fault.field} breaks a rule of the admin"
    context = {"propertyName": [fault.field]}
    errors = [{"message": message, "code": "INVALID_VALUE", "context": context}]
    return _hubspot(400, message, "VALIDATION_ERROR", errors=errors)


_BEFORE: Mapping[str, Callable[[Fault, web.Request], Awaitable[web.StreamResponse]]] = {
    "rate_limited": _rate_limited,
    "daily_limit": _daily,
    "error": _error,
    "html": _html,
    "dropped": _dropped,
    "expired_token": _expired,
    "invalid": _invalid,
}


def _hubspot(status: int, message: str, category: str, **more: Any) -> web.Response:
    body = {"status": "error", "message": message, "category": category, **more}
    return web.json_response(body, status=status)


def _salesforce(status: int, code: str, message: str) -> web.Response:
    return web.json_response([{"errorCode": code, "message": message}], status=status)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
