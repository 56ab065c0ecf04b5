"""Emails, calls and meetings that anybody logged in HubSpot, and done tasks, from now on.

Each time an hour is looked back, since the index knows some late; who reads them drops repeats.
https://developers.hubspot.com/docs/api-reference/crm-engagements-v3/guide
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.batches import chunks
from connectors.cursor import Cursor
from connectors.engagements import Event, EventKind, EventPage
from connectors.errors import Unavailable
from connectors.hubspot import engagements
from connectors.hubspot.changes import DELAY, Changes
from connectors.hubspot.windows import Windows
from connectors.hubspot.wire import Wire
from connectors.values import Malformed, identity, mapping, moment, sequence, text

_BATCH = 100
_MODIFIED = "hs_lastmodifieddate"
#: Object -> the properties that are read.
_PROPERTIES = {
    "emails": ("hs_timestamp", "hs_email_direction", "hs_email_subject", "hs_email_message_id"),
    "calls": ("hs_timestamp", "hs_call_title", "hs_call_direction", "hs_call_body"),
    "meetings": ("hs_timestamp", "hs_meeting_title", "hs_meeting_outcome", "hs_meeting_body"),
    "tasks": ("hs_timestamp", "hs_task_status", "hs_task_body"),
}
_SUBJECTS = {"emails": "hs_email_subject", "calls": "hs_call_title", "meetings": "hs_meeting_title"}
#: What became of a meeting -> the events that it is.
_OUTCOMES: Mapping[str, Sequence[EventKind]] = {
    "COMPLETED": ["meeting", "meeting_held"],
    "NO_SHOW": ["meeting", "meeting_missed"],
    "CANCELED": ["meeting_canceled"],
}


class History:
    def __init__(self, wire: Wire, changes: Changes, windows: Windows) -> None:
        self._wire, self._changes, self._windows = wire, changes, windows

    def pages(self, written: str, now: datetime) -> Iterator[EventPage]:
        """See Connector.events."""
        cursor = Cursor.parse(written).begun(now)
        if cursor.since:
            for object_ in _PROPERTIES:
                low = cursor.low_by(DELAY)
                found = self._windows.changed_in(object_, _MODIFIED, low, cursor.high)
                for part in found:
                    for ids in chunks(part.ids, _BATCH):
                        yield EventPage(events=self._read(object_, ids), cursor=cursor.text())
        yield EventPage(events=[], cursor=cursor.ended().text())

    def _read(self, object_: str, ids: Sequence[str]) -> list[Event]:
        answer = self._wire.post(
            f"/crm/v3/objects/{object_}/batch/read",
            {
                "inputs": [{"id": id_} for id_ in ids],
                "properties": list(_PROPERTIES[object_]),
                "propertiesWithHistory": [],
            },
            repeatable=True,
        )
        people = self._changes.associated(object_, "contacts", ids) if object_ in _SUBJECTS else {}
        events: list[Event] = []
        try:
            for item in sequence(answer.get("results")):
                id_ = identity(mapping(item).get("id"))
                linked = [text(mapping(to).get("toObjectId")) for to in people.get(id_, [])]
                events += _event(object_, id_, mapping(item.get("properties")), linked)
        except Malformed as error:
            raise Unavailable(f"HubSpot's {object_}: {error}") from error
        return events


def _event(
    object_: str, id_: str, values: Mapping[str, Any], lead_ids: Sequence[str]
) -> Iterator[Event]:
    at = moment(values.get("hs_timestamp"))
    if at is None:
        return
    done = engagements.COMPLETED.get(object_, {})
    if done and all(text(values.get(name)) == value for name, value in done.items()):
        mark = _message_id(object_, values)
        yield Event(kind="done", external_id=id_, at=at, message_id=mark)
    for kind in _kinds(object_, values) if lead_ids else ():
        yield Event(
            kind=kind,
            external_id=id_,
            lead_ids=tuple(lead_ids),
            at=at,
            subject=text(values.get(_SUBJECTS[object_])),
            message_id=_message_id(object_, values),
        )


def _message_id(object_: str, values: Mapping[str, Any]) -> str:
    """Which of our touches this is, if it is one."""
    mark = engagements.MARKS.get(object_)
    return engagements.message_id(object_, text(values.get(mark))) if mark else ""


def _kinds(object_: str, values: Mapping[str, Any]) -> Sequence[EventKind]:
    """A meeting that was held or missed was booked before, whether or not anybody saw it then."""
    if object_ == "emails":
        return ["email" if text(values.get("hs_email_direction")) == "EMAIL" else "reply"]
    if object_ == "calls":
        return ["call"]
    if object_ == "tasks":
        return []
    return _OUTCOMES.get(text(values.get("hs_meeting_outcome")), ["meeting"])
