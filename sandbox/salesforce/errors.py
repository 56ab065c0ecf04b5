"""Salesforce's error bodies: a list of {message, errorCode, fields}."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web


class SalesforceError(Exception):
    """Answer with this status and body; in a collection, one row's outcome."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields = status, code, message, list(fields)

    def response(self) -> web.Response:
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            body["fields"] = self.fields
        return web.json_response([body], status=self.status)

    def row(self) -> dict[str, Any]:
        """As a row's outcome within a collection's answer."""
        error = {"statusCode": self.code, "message": self.message, "fields": self.fields}
        return {"success": False, "errors": [error]}


def malformed(message: str) -> SalesforceError:
    return SalesforceError(400, "MALFORMED_QUERY", message)


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    return SalesforceError(404, "NOT_FOUND", message)
