"""HubSpot's error bodies.

Every key is optional in the wild; these are the ones that recordings show.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web


class HubSpotError(Exception):
    """Answer with this status and body."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str = "",
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "status": "error",
            "message": message,
            "correlationId": str(uuid.uuid4()),
        }
        if category:
            self.body["category"] = category
        if errors:
            self.body["errors"] = list(errors)
        if context:
            self.body["context"] = {name: list(values) for name, values in context.items()}

    def response(self) -> web.Response:
        return web.json_response(self.body, status=self.status)


def unauthenticated() -> HubSpotError:
    return HubSpotError(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at "
        "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def invalid(message: str, **more: Any) -> HubSpotError:
    return HubSpotError(400, message, "VALIDATION_ERROR", **more)


def invalid_json(message: str) -> HubSpotError:
    return HubSpotError(400, f"Invalid input JSON {message}")


def not_found(message: str = "resource not found") -> HubSpotError:
    return HubSpotError(404, message, "OBJECT_NOT_FOUND")


def invalid_properties(faults: Sequence[Mapping[str, str]]) -> HubSpotError:
    """Each fault has name, error (HubSpot's code) and message."""
    told = [
        {
            "isValid": False,
            "message": fault["message"],
            "error": fault["error"],
            "name": fault["name"],
            "localizedErrorMessage": fault["message"],
        }
        for fault in faults
    ]
    return invalid(
        f"Property values were not valid: {json.dumps(told, ensure_ascii=False)}",
        errors=[
            {
                "message": fault["message"],
                "code": fault["error"],
                "context": {"propertyName": [fault["name"]]},
            }
            for fault in faults
        ],
    )


def missing_objects(kind: str, ids: Sequence[str]) -> dict[str, Any]:
    """The entry among a 207's errors for records that are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": list(ids)},
        "errors": [],
        "links": {},
    }
