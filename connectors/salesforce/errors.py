"""Salesforce's errors, named by the caller's next move: of a call, of a row, of a login.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.endpoints import GAVE_UP
from connectors.errors import (
    Conflict,
    ConnectorError,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
)
from connectors.vendor_text import shown

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
    if status // 100 == _CALLERS_FAULT and code not in _PASSING and status not in GAVE_UP:
        return Refused(message, field=_field(error))
    return Unavailable(message)


def row_error(result: Mapping[str, Any]) -> ConnectorError:
    """The same for one row of a collection: {success: false, errors: [{statusCode, ...}]}."""
    error, code = _first_error(result), error_code(result)
    message = f"{code} {shown(error.get('message') or 'refused without a reason')}".strip()
    if code in _GONE:
        return Conflict(message)
    if code in _LOCKS:
        return RateLimited(message, retry_after=_LOCK_WAIT)
    if code in _LIMITS:
        return RateLimited(message, retry_after=_LIMIT_WAIT)
    return Refused(message, field=_field(error))


def error_code(result: Mapping[str, Any]) -> str:
    """Of a row of a collection; blank where it has no error."""
    return str(_first_error(result).get("statusCode") or "")


def is_locked(result: Mapping[str, Any]) -> bool:
    errors = result.get("errors")
    return isinstance(errors, list) and any(
        isinstance(error, Mapping) and error.get("statusCode") in _LOCKS for error in errors
    )


def login_error(status: int, body: Mapping[str, object]) -> ConnectorError:
    reason = shown(body.get("error_description") or body.get("error") or status)
    if status // 100 == _CALLERS_FAULT:
        return Unauthorized(f"Salesforce's login was refused: {reason}")
    return Unavailable(f"Salesforce's login: {reason}")


def _first_error(result: Mapping[str, Any]) -> Mapping[str, Any]:
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return first if isinstance(first, Mapping) else {}


def _field(error: Mapping[str, Any]) -> str:
    fields = error.get("fields")
    return fields[0] if isinstance(fields, list) and fields and isinstance(fields[0], str) else ""
