"""Bulk API 2.0 query jobs: begun, worked on for a while, and fetched as CSV under locators.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

import csv
import io
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.faults import Faults
from sandbox.salesforce import soql
from sandbox.salesforce.errors import SalesforceError, malformed
from sandbox.store import Record, Store

_OPERATIONS = {"query": False, "queryAll": True}


@dataclass(kw_only=True)
class Job:
    id: str
    operation: str
    query: str
    state: str = "UploadComplete"
    error: str = ""
    parsed: soql.Query | None = None
    found: list[Record] = field(default_factory=list)
    #: How often its state was asked for: it is done the second time.
    looks: int = 0

    def told(self) -> dict[str, Any]:
        about = {"id": self.id, "operation": self.operation, "state": self.state}
        return {**about, "errorMessage": self.error} if self.error else about


class Bulk:
    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults
        self._jobs: dict[str, Job] = {}

    async def begin(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not isinstance(body, dict) or body.get("operation") not in _OPERATIONS:
            raise SalesforceError(400, "INVALIDJOB", "operation is none of query, queryAll")
        text = body.get("query")
        if not isinstance(text, str) or not text:
            raise malformed("the query is missing")
        job = Job(id=f"750gK{secrets.token_hex(5)}", operation=body["operation"], query=text)
        self._jobs[job.id] = job
        return web.json_response(job.told())

    async def get(self, request: web.Request) -> web.Response:
        job = self._job(request)
        job.looks += 1
        if job.state == "InProgress":
            self._work(job)
        elif job.state == "UploadComplete":
            job.state = "InProgress"
        return web.json_response(job.told())

    async def delete(self, request: web.Request) -> web.Response:
        del self._jobs[self._job(request).id]
        return web.Response(status=204)

    async def results(self, request: web.Request) -> web.Response:
        job = self._job(request)
        if job.state != "JobComplete" or job.parsed is None:
            raise SalesforceError(400, "INVALIDJOBSTATE", f"the job is {job.state}")
        locator = request.query.get("locator", "0")
        most = request.query.get("maxRecords", "50000")
        if not locator.isdecimal() or not most.isdecimal() or int(most) < 1:
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        start, end = int(locator), int(locator) + int(most)
        rows = job.found[start:end]
        headers = {
            "Sforce-NumberOfRecords": str(len(rows)),
            "Sforce-Locator": str(end) if end < len(job.found) else "null",
        }
        return web.Response(
            text=self._csv(job.parsed, rows), content_type="text/csv", headers=headers
        )

    def _work(self, job: Job) -> None:
        try:
            query, found = soql.run(self.store, job.query, deleted=_OPERATIONS[job.operation])
        except SalesforceError as error:
            job.state, job.error = "Failed", f"{error.code}: {error.message}"
            return
        if query.children or query.counts:
            job.state, job.error = "Failed", "FUNCTIONALITY_NOT_ENABLED: not in a bulk query"
            return
        job.parsed = query
        job.found = [row for row in found if self.faults.knows("salesforce", row)]
        job.state = "JobComplete"

    def _job(self, request: web.Request) -> Job:
        try:
            return self._jobs[request.match_info["job"]]
        except KeyError:
            raise SalesforceError(404, "NOT_FOUND", "there is no such job") from None

    def _csv(self, query: soql.Query, rows: list[Record]) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(query.fields)
        for row in rows:
            told = soql.told(self.store, query, row, "v60.0")
            writer.writerow([_cell(told, name) for name in query.fields])
        return text.getvalue()


def _cell(told: dict[str, Any], name: str) -> str:
    value: Any = told
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
