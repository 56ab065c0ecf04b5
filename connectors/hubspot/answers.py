"""What HubSpot's batches answer: objects that were written, and errors by the row they name."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.errors import Conflict, Outcome, Refused, Unavailable
from connectors.hubspot.wire import field_of
from connectors.values import Malformed, identity, mapping, text
from connectors.vendor_text import shown


def updated(id_: str, done: set[str], errors: Mapping[str, Mapping[str, Any]]) -> Outcome:
    if id_ in done:
        return Outcome(external_id=id_)
    error = errors.get(id_)
    if error is None or error.get("category") == "OBJECT_NOT_FOUND":
        gone = Conflict(f"HubSpot did not write record {id_}: it was merged or deleted")
        return Outcome(external_id="", error=gone)
    return Outcome(external_id="", error=refusal(error))


def refusal(error: Mapping[str, Any]) -> Refused:
    return Refused(shown(error.get("message") or "refused"), field=field_of(error))


def errors_by_row(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Errors of a 207 by what they name: the trace id that we gave, or the record's id."""
    found: dict[str, Mapping[str, Any]] = {}
    for error in objects(answer, "errors", required=False):
        context = error.get("context")
        for key in ("objectWriteTraceId", "ids", "id"):
            named = context.get(key) if isinstance(context, Mapping) else None
            for name in named if isinstance(named, list) else [named]:
                if isinstance(name, str):
                    found[name] = error
    return found


def objects(
    answer: Mapping[str, Any], key: str, *, required: bool = True
) -> Iterable[Mapping[str, Any]]:
    items = answer.get(key)
    if items is None and not required:
        return []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise Unavailable(f"HubSpot's answer has no list of {key}")
    return items


def id_of(result: Mapping[str, Any]) -> str:
    try:
        return identity(result.get("id"))
    except Malformed as error:
        raise Unavailable(f"an id of HubSpot's answer: {error}") from error


def property_of(result: Mapping[str, Any], name: str) -> str:
    try:
        return text(mapping(result.get("properties")).get(name))
    except Malformed as error:
        raise Unavailable(f"{name} of HubSpot's answer: {error}") from error
