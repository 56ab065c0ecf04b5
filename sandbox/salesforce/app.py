"""The Salesforce org over HTTP: which path is answered by what."""

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import jwt
from aiohttp import web

from sandbox.faults import Faults
from sandbox.salesforce import soql
from sandbox.salesforce.bulk import Bulk
from sandbox.salesforce.errors import SalesforceError, malformed, not_found
from sandbox.salesforce.records import Records
from sandbox.salesforce.schema import FIELDS, PROGRAM, object_name, stamp
from sandbox.store import Record
from sandbox.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PAGE = 2000
_ROWS = 200
_DAILY = 100_000
_ORG = "00DgK0000000001AAA"
_WRITES = {"POST", "PATCH", "DELETE"}


def application(world: World, faults: Faults) -> web.Application:
    org = _Org(world, faults)
    bulk = Bulk(org.store, faults)
    app = web.Application(middlewares=[_middleware(org, faults)], client_max_size=20 * 2**20)
    data = "/services/data/{version}"
    sobjects = f"{data}/sobjects"
    app.add_routes(
        [
            web.post("/services/oauth2/token", org.token),
            web.get(f"{data}/", org.resources),
            web.get(f"{data}/limits", org.limits),
            web.get(f"{data}/limits/", org.limits),
            web.get(f"{data}/query", org.query),
            web.get(f"{data}/query/", org.query),
            web.get(f"{data}/queryAll", org.query),
            web.get(f"{data}/queryAll/", org.query),
            web.get(f"{data}/query/{{locator}}", org.more),
            web.post(f"{data}/jobs/query", bulk.begin),
            web.get(f"{data}/jobs/query/{{job}}", bulk.get),
            web.get(f"{data}/jobs/query/{{job}}/results", bulk.results),
            web.delete(f"{data}/jobs/query/{{job}}", bulk.delete),
            web.post(f"{data}/composite/sobjects", org.create_many),
            web.patch(f"{data}/composite/sobjects", org.change_many),
            web.delete(f"{data}/composite/sobjects", org.delete_many),
            web.get(f"{sobjects}/{{object}}/describe", org.describe),
            web.get(f"{sobjects}/{{object}}/describe/", org.describe),
            web.get(f"{sobjects}/{{object}}/updated/", org.updated),
            web.get(f"{sobjects}/{{object}}/deleted/", org.deleted),
            web.post(f"{sobjects}/{{object}}", org.create),
            web.post(f"{sobjects}/{{object}}/", org.create),
            web.get(f"{sobjects}/{{object}}/{{id}}", org.get),
            web.patch(f"{sobjects}/{{object}}/{{id}}", org.change),
            web.delete(f"{sobjects}/{{object}}/{{id}}", org.delete),
        ]
    )
    return app


class _Org:
    def __init__(self, world: World, faults: Faults) -> None:
        self.world, self.faults = world, faults
        self.store = world.stores["salesforce"]
        self.records = Records(self.store)
        self.tokens: set[str] = set()
        self.used = 0
        self._pages: dict[str, tuple[soql.Query, list[Record]]] = {}

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        keys = self.world.keys
        match form.get("grant_type"):
            case "client_credentials":
                if form.get("client_id") != keys.salesforce_client_id:
                    return _oauth_error("invalid_client_id", "client identifier invalid")
                if form.get("client_secret") != keys.salesforce_client_secret:
                    return _oauth_error("invalid_client", "invalid client credentials")
            case "refresh_token":
                if form.get("refresh_token") != keys.salesforce_refresh_token:
                    return _oauth_error("invalid_grant", "expired access/refresh token")
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                if not self._is_signed(str(form.get("assertion"))):
                    return _oauth_error("invalid_grant", "invalid assertion")
            case _:
                return _oauth_error("unsupported_grant_type", "grant type not supported")
        token = f"00DgK!{secrets.token_urlsafe(40)}"
        self.tokens.add(token)
        url = f"{request.scheme}://{request.host}"
        return web.json_response(
            {
                "access_token": token,
                "instance_url": url,
                "id": f"{url}/id/{_ORG}/{PROGRAM}",
                "token_type": "Bearer",
                "issued_at": "0",
                "signature": "",
            }
        )

    def _is_signed(self, assertion: str) -> bool:
        """By a key whose public half stands in the state folder, as certificate.pem."""
        certificate = self.world.state / "certificate.pem"
        if not certificate.exists():
            return False
        try:
            claims = jwt.decode(
                assertion,
                certificate.read_text(),
                algorithms=["RS256"],
                audience="https://login.salesforce.com",
                issuer=self.world.keys.salesforce_client_id,
                options={"require": ["exp", "sub"]},
            )
        except jwt.PyJWTError:
            return False
        return bool(claims["sub"])

    async def resources(self, request: web.Request) -> web.Response:
        """What this version offers, and who asks."""
        url = f"{request.scheme}://{request.host}"
        return web.json_response({"identity": f"{url}/id/{_ORG}/{PROGRAM}", "query": "/query"})

    async def limits(self, _request: web.Request) -> web.Response:
        left = {"Max": _DAILY, "Remaining": _DAILY - self.used}
        return web.json_response({"DailyApiRequests": left})

    async def query(self, request: web.Request) -> web.Response:
        text = request.query.get("q")
        if not text:
            raise malformed("the parameter q is missing")
        deleted = "queryAll" in request.path
        query, found = soql.run(self.store, text, deleted=deleted)
        found = [record for record in found if self.faults.knows("salesforce", record)]
        return self._page(request, query, found, 0, secrets.token_hex(9))

    async def more(self, request: web.Request) -> web.Response:
        key, _, start = request.match_info["locator"].rpartition("-")
        if key not in self._pages or not start.isdecimal():
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        query, found = self._pages[key]
        return self._page(request, query, found, int(start), key)

    def _page(
        self, request: web.Request, query: soql.Query, found: list[Record], start: int, key: str
    ) -> web.Response:
        if query.counts:
            return web.json_response({"totalSize": len(found), "done": True, "records": []})
        version = request.match_info["version"]
        end = start + _PAGE
        answer: dict[str, Any] = {
            "totalSize": len(found),
            "done": end >= len(found),
            "records": [soql.told(self.store, query, r, version) for r in found[start:end]],
        }
        if end < len(found):
            self._pages[key] = (query, found)
            answer["nextRecordsUrl"] = f"/services/data/{version}/query/{key}-{end}"
        else:
            self._pages.pop(key, None)
        return web.json_response(answer)

    async def describe(self, request: web.Request) -> web.Response:
        kind = _kind(request)
        fields = [
            {
                "name": field.name,
                "label": field.name,
                "type": field.type,
                "updateable": not field.read_only,
                "createable": not field.read_only,
                "nillable": not field.required,
                "custom": field.name.endswith("__c"),
                "picklistValues": [
                    {"value": value, "label": value, "active": True} for value in field.picklist
                ],
            }
            for field in FIELDS[kind].values()
        ]
        return web.json_response({"name": kind, "fields": fields})

    async def updated(self, request: web.Request) -> web.Response:
        return self._changed(request, deleted=False)

    async def deleted(self, request: web.Request) -> web.Response:
        return self._changed(request, deleted=True)

    def _changed(self, request: web.Request, *, deleted: bool) -> web.Response:
        kind = _kind(request)
        low, high = (_moment(request.query.get(name, "")) for name in ("start", "end"))
        table = self.store.tables[kind]
        found = [table.records[key] for _, key in table.between(low, high)]
        covered = stamp(min(high, self.world.moment))
        if deleted:
            gone = [
                {"id": record.id, "deletedDate": stamp(record.archived_at)}
                for record in found
                if record.archived_at
            ]
            answer: dict[str, Any] = {
                "deletedRecords": gone,
                "earliestDateAvailable": stamp(self.world.start),
                "latestDateCovered": covered,
            }
        else:
            ids = [record.id for record in found if not record.archived]
            answer = {"ids": ids, "latestDateCovered": covered}
        return web.json_response(answer)

    async def create(self, request: web.Request) -> web.Response:
        record = self.records.create(_kind(request), await _object(request))
        return web.json_response({"id": record.id, "success": True, "errors": []}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        record = self.records.living(_kind(request), request.match_info["id"])
        names = [name for name in request.query.get("fields", "").split(",") if name]
        shown = names or list(FIELDS[record.object])
        return web.json_response({name: record.values.get(name) for name in shown})

    async def change(self, request: web.Request) -> web.Response:
        record = self.records.living(_kind(request), request.match_info["id"])
        self.records.change(record, await _object(request))
        return web.Response(status=204)

    async def delete(self, request: web.Request) -> web.Response:
        self.records.delete(self.records.living(_kind(request), request.match_info["id"]))
        return web.Response(status=204)

    async def create_many(self, request: web.Request) -> web.Response:
        return await self._rows(request, self._create_row)

    async def change_many(self, request: web.Request) -> web.Response:
        return await self._rows(request, self._change_row)

    async def delete_many(self, request: web.Request) -> web.Response:
        ids = [key for key in request.query.get("ids", "").split(",") if key]
        if len(ids) > _ROWS:
            raise _too_many(len(ids))
        outcomes = []
        for key in ids:
            kind = next((k for k, t in self.store.tables.items() if key in t.records), "Task")
            try:
                self.records.delete(self.records.living(kind, key))
                outcomes.append({"id": key, "success": True, "errors": []})
            except SalesforceError as error:
                outcomes.append(error.row())
        return web.json_response(outcomes)

    async def _rows(
        self, request: web.Request, write: Callable[[dict[str, Any]], Record]
    ) -> web.Response:
        """One outcome per row. allOrNone would need a rollback, which this org refuses to feign."""
        body = await _object(request)
        rows = body.get("records")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SalesforceError(400, "JSON_PARSER_ERROR", "records: a list of objects is needed")
        if len(rows) > _ROWS:
            raise _too_many(len(rows))
        if body.get("allOrNone"):
            message = "this org takes collections with allOrNone false only"
            raise SalesforceError(400, "UNSUPPORTED_OPERATION", message)
        outcomes = []
        for row in rows:
            try:
                self._befall(request, row)
                record = write(row)
                outcomes.append({"id": record.id, "success": True, "errors": []})
            except SalesforceError as error:
                outcomes.append(error.row())
        return web.json_response(outcomes)

    def _befall(self, request: web.Request, row: dict[str, Any]) -> None:
        key = str(row.get("id") or row.get("WhoId") or row.get("Email") or "")
        fault = self.faults.row(request, key, row)
        if fault is None:
            return
        code, message = {
            "row_locked": (
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record",
            ),
            "duplicate": ("DUPLICATES_DETECTED", "Use one of these records?"),
            "invalid": ("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"{fault.field} is not allowed"),
        }[fault.kind]
        raise SalesforceError(400, code, message)

    def _create_row(self, row: dict[str, Any]) -> Record:
        return self.records.create(_kind_of_row(row), row)

    def _change_row(self, row: dict[str, Any]) -> Record:
        key = str(row.get("id") or row.get("Id") or "")
        record = self.records.living(_kind_of_row(row), key)
        self.records.change(record, row)
        return record


def _middleware(org: _Org, faults: Faults) -> Any:
    world = org.world

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        world.heard()
        route = request.match_info.route.resource
        path = route.canonical if route else request.path
        world.calls["salesforce"][f"{request.method} {path}"] += 1
        org.used += 1
        response = await faults.before("salesforce", request)
        if response is None:
            response = await _answered(org, request, handler)
            response = await faults.after("salesforce", request, response)
        response.headers["X-Cadenza-Sandbox"] = "1"
        response.headers["Sforce-Limit-Info"] = f"api-usage={org.used}/{_DAILY}"
        return response

    return answer


async def _answered(org: _Org, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if request.path != "/services/oauth2/token":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in org.tokens:
                code = "INVALID_SESSION_ID"
                return SalesforceError(401, code, "Session expired or invalid").response()
            if request.method in _WRITES:
                body = (await request.read()).decode("utf-8", "replace")
                route = f"{request.method} {request.path}"
                org.world.journal.append("salesforce.write", route=route, body=body)
        return await handler(request)
    except SalesforceError as error:
        return error.response()
    except web.HTTPException as error:
        return SalesforceError(error.status, "NOT_FOUND", error.reason).response()


def _oauth_error(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)


def _kind(request: web.Request) -> str:
    kind = object_name(request.match_info["object"])
    if kind is None:
        raise not_found()
    return kind


def _kind_of_row(row: dict[str, Any]) -> str:
    attributes = row.get("attributes")
    text = attributes.get("type") if isinstance(attributes, dict) else None
    kind = object_name(text) if isinstance(text, str) else None
    if kind is None:
        raise SalesforceError(400, "INVALID_TYPE", f"sObject type '{text}' is not supported.")
    return kind


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise SalesforceError(400, "JSON_PARSER_ERROR", str(error)) from None
    if not isinstance(body, dict):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "an object is needed")
    return body


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SalesforceError(400, "INVALID_REPLICATION_DATE", f"{text!r} is no date") from None


def _too_many(count: int) -> SalesforceError:
    message = f"record limit reached: {count}; cannot submit more than {_ROWS} into this call"
    return SalesforceError(400, "EXCEEDED_ID_LIMIT", message)
