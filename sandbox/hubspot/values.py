"""Property values as they come in: checked as the account's schema says, kept as text."""

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.hubspot import stamps
from sandbox.hubspot.errors import invalid, invalid_properties
from sandbox.hubspot.schema import LIFECYCLE_STAGES, PROPERTIES, Property

_EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\"().]+")
_UNKNOWN_TAG = re.compile(r"<(?!/?(?:p|br|div|span|a|b|i|u|strong|em|ul|ol|li)\b)[^<>]*>")
_MOST_TEXT = 65_536
_LIFECYCLE_ORDER = {value: n for n, (value, _) in enumerate(LIFECYCLE_STAGES)}


def checked(kind: str, given: Any, owners: Mapping[str, Any]) -> dict[str, str | None]:
    """The values to store; "" clears. Raises HubSpotError naming each property at fault."""
    if not isinstance(given, dict):
        raise invalid("Some required fields were not set: [properties]")
    faults: list[dict[str, str]] = []
    stored: dict[str, str | None] = {}
    for name, value in given.items():
        fault, stored[name] = _checked(PROPERTIES[kind].get(name), name, value, owners)
        if fault:
            code, message = fault
            faults.append({"name": name, "error": code, "message": message})
    if faults:
        raise invalid_properties(faults)
    return stored


def forward_only(
    present: Mapping[str, Any], values: dict[str, str | None]
) -> dict[str, str | None]:
    """Without a lifecycle stage that lies behind the present one: HubSpot ignores such a write."""
    old = _LIFECYCLE_ORDER.get(present.get("lifecyclestage") or "", -1)
    new = values.get("lifecyclestage")
    if new and _LIFECYCLE_ORDER[new] < old:
        return {name: value for name, value in values.items() if name != "lifecyclestage"}
    return values


def _checked(
    schema: Property | None, name: str, value: Any, owners: Mapping[str, Any]
) -> tuple[tuple[str, str] | None, str | None]:
    if schema is None:
        return ("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'), None
    if schema.calculated:
        return (
            "READ_ONLY_VALUE",
            f'"{name}" is a read only property; its value cannot be set.',
        ), None
    if isinstance(value, dict | list):
        return ("INVALID_VALUE", f'Property "{name}" takes a single value'), None
    text = _text(value)
    if text == "":
        return None, None
    if name == "hubspot_owner_id":
        known = text in owners
        return (
            (None, text) if known else (("INVALID_OWNER_ID", f"Owner {text} does not exist"), None)
        )
    return _typed(schema, text)


def _typed(schema: Property, text: str) -> tuple[tuple[str, str] | None, str | None]:
    name = schema.name
    chosen = set(text.split(";")) if schema.multiple else {text}
    if schema.options and not chosen <= {value for value, _ in schema.options}:
        allowed = ", ".join(value for value, _ in schema.options[:50])
        return ("INVALID_OPTION", f"{text} was not one of the allowed options: [{allowed}]"), None
    if schema.type == "number":
        try:
            Decimal(text)
        except InvalidOperation:
            return ("INVALID_NUMBER", f"{text} was not a valid number."), None
    if schema.type == "bool" and text not in {"true", "false"}:
        return ("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]"), None
    if schema.type in {"date", "datetime"}:
        return _at(schema, text)
    if name == "email":
        text = text.strip().lower()
        if not _EMAIL.fullmatch(text):
            return ("INVALID_EMAIL", f"Email address {text} is invalid"), None
    return _plain(schema, text)


def _plain(schema: Property, text: str) -> tuple[tuple[str, str] | None, str | None]:
    if len(text) > _MOST_TEXT:
        what = f"{schema.name} takes {_MOST_TEXT} characters, not {len(text)}"
        return ("INVALID_VALUE", what), None
    return None, _UNKNOWN_TAG.sub("", text) if schema.html else text


def _at(schema: Property, text: str) -> tuple[tuple[str, str] | None, str | None]:
    try:
        at = stamps.parse(text)
    except (ValueError, OverflowError):
        return ("INVALID_DATE", f"{text} was not a valid date."), None
    if schema.type == "datetime":
        return None, stamps.iso(at)
    if at.time() != time():
        return ("INVALID_DATE", f"{text} is at {at.time()} UTC, not midnight!"), None
    return None, at.date().isoformat()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
