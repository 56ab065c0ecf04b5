"""HubSpot's batch endpoints: up to 100 inputs, 207 when some of them were not there."""

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from sandbox.hubspot import render
from sandbox.hubspot.errors import HubSpotError, invalid, missing_objects
from sandbox.hubspot.records import Records
from sandbox.hubspot.schema import PROPERTIES
from sandbox.store import Record

LIMIT = 100
#: Of a read that asks for histories.
_WITH_HISTORY = 50


class Batch:
    """`now()` gives the text of the present moment for the answers' stamps."""

    def __init__(self, records: Records, now: Callable[[], str]) -> None:
        self.records = records
        self.now = now

    def read(self, kind: str, body: dict[str, Any], *, archived: bool) -> web.Response:
        ids = _ids(body)
        id_property = _id_property(kind, body)
        found: list[Record] = []
        missing: list[str] = []
        for key in dict.fromkeys(ids):
            record = self.records.living(kind, key, id_property)
            if archived:
                record = self.records.store.get(kind, key)
                record = record if record and record.archived else None
            if record is None:
                missing.append(key)
            else:
                found.append(record)
        properties, past = (names_of(body.get(f"properties{more}")) for more in ("", "WithHistory"))
        if past:
            inputs_of(body, limit=_WITH_HISTORY)
        store = self.records.store
        told = [render.with_history(render.told(r, properties), store, r, past) for r in found]
        return self._answer(told, kind=kind, missing=missing)

    def create(self, kind: str, body: dict[str, Any]) -> web.Response:
        inputs = inputs_of(body)
        emails: set[str] = set()
        checked = []
        for each in inputs:
            values, links = self.records.check_new(kind, each)
            email = values.get("email") if kind == "contacts" else None
            if email and email in emails:
                raise HubSpotError(409, f"Duplicate email {email} in batch input", "CONFLICT")
            emails.add(email or "")
            checked.append((values, links))
        made = [self.records.create(kind, values, links) for values, links in checked]
        told = []
        for record, each in zip(made, inputs, strict=True):
            answer = render.told(record, list(each["properties"]))
            if each.get("objectWriteTraceId"):
                answer["objectWriteTraceId"] = each["objectWriteTraceId"]
            told.append(answer)
        return self._answer(told, status=201)

    def update(self, kind: str, body: dict[str, Any]) -> web.Response:
        inputs = inputs_of(body)
        ids = _distinct_ids(inputs)
        id_property = _shared_id_property(kind, inputs)
        if kind == "contacts" and id_property == "email":
            raise invalid("Contacts cannot be updated by email in a batch; use their ids")
        found: list[tuple[Record, dict[str, str | None]]] = []
        missing: list[str] = []
        for key, each in zip(ids, inputs, strict=True):
            record = self.records.living(kind, key, id_property)
            if record is None:
                missing.append(key)
            else:
                found.append((record, self.records.check_change(record, each.get("properties"))))
        for record, checked in found:
            self.records.change(record, checked)
        told = [render.told(record, list(checked)) for record, checked in found]
        return self._answer(told, kind=kind, missing=missing)

    def upsert(self, kind: str, body: dict[str, Any]) -> web.Response:
        inputs = inputs_of(body)
        ids = _distinct_ids(inputs)
        id_property = _shared_id_property(kind, inputs)
        if not id_property:
            raise invalid("Some required fields were not set: [idProperty]")
        plans: list[Callable[[], dict[str, Any]]] = []
        for key, each in zip(ids, inputs, strict=True):
            plans.append(self._upsert_plan(kind, key, id_property, each))
        return self._answer([plan() for plan in plans])

    def archive(self, kind: str, body: dict[str, Any]) -> web.Response:
        for key in _ids(body):
            self.records.store.archive(kind, key)
        return web.Response(status=204)

    def _upsert_plan(
        self, kind: str, key: str, id_property: str, each: dict[str, Any]
    ) -> Callable[[], dict[str, Any]]:
        given = each.get("properties")
        record = self.records.living(kind, key, id_property)
        if record is not None:
            checked = self.records.check_change(record, given)
            return lambda: self._changed(record, checked)
        if id_property == "hs_object_id":
            raise HubSpotError(404, f"{kind} {key} does not exist", "OBJECT_NOT_FOUND")
        given = {**given, id_property: key} if isinstance(given, dict) else given
        values, links = self.records.check_new(kind, {"properties": given})
        return lambda: {
            **render.told(self.records.create(kind, values, links), list(values)),
            "new": True,
        }

    def _changed(self, record: Record, checked: dict[str, str | None]) -> dict[str, Any]:
        self.records.change(record, checked)
        return {**render.told(record, list(checked)), "new": False}

    def _answer(
        self,
        results: Sequence[dict[str, Any]],
        *,
        status: int = 200,
        kind: str = "",
        missing: Sequence[str] = (),
    ) -> web.Response:
        body = completed(results, self.now())
        if missing:
            body |= {"numErrors": 1, "errors": [missing_objects(kind, missing)]}
        return web.json_response(body, status=207 if missing else status)


def completed(results: Sequence[dict[str, Any]], now: str) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}


def inputs_of(body: dict[str, Any], limit: int = LIMIT) -> list[dict[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise invalid("Some required fields were not set: [inputs]")
    if len(inputs) > limit:
        raise invalid(f"A batch takes at most {limit} inputs; {len(inputs)} were given")
    if not all(isinstance(each, dict) for each in inputs):
        raise invalid("inputs: each must be an object")
    return inputs


def names_of(given: Any) -> list[str]:
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _ids(body: dict[str, Any]) -> list[str]:
    return [str(each.get("id", "")) for each in inputs_of(body)]


def _distinct_ids(inputs: list[dict[str, Any]]) -> list[str]:
    ids = [str(each.get("id", "")) for each in inputs]
    for key in ids:
        if ids.count(key) > 1:
            raise invalid(f"Duplicate IDs found in batch input: [{key}]", context={"ids": [key]})
    return ids


def _shared_id_property(kind: str, inputs: list[dict[str, Any]]) -> str:
    names = {str(each.get("idProperty") or "") for each in inputs}
    if len(names) > 1:
        raise invalid("All inputs of a batch must have the same idProperty")
    return _id_property(kind, {"idProperty": names.pop()})


def _id_property(kind: str, body: dict[str, Any]) -> str:
    name = str(body.get("idProperty") or "")
    if name and not (name in PROPERTIES[kind] and PROPERTIES[kind][name].unique):
        raise invalid(f"Property {name} of {kind} is not a unique identifier")
    return name
