"""Emails, calls and meetings that anybody logged in Salesforce, and closed Tasks, from now on.

An open Task is still to be done, so that only a closed one is an email or a call. A reply is told from
an email by nothing in a Task, so none comes from here: the rep's inbox tells it.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.cursor import Cursor
from connectors.engagements import Event, EventKind, EventPage
from connectors.errors import Unavailable
from connectors.salesforce import fields
from connectors.salesforce.changes import LATE, Changes
from connectors.salesforce.writes import message_id_of
from connectors.values import Malformed, flag, identity, mapping, moment, text

_COLUMNS = {
    "Task": "Id, WhoId, Subject, Description, TaskSubtype, IsClosed, CreatedDate",
    "Event": "Id, WhoId, Subject, StartDateTime, CreatedDate",
}
_SUBTYPES: Mapping[str, EventKind] = {"Email": "email", "Call": "call"}


def pages(changes: Changes, written: str, now: datetime) -> Iterator[EventPage]:
    """See Connector.events."""
    cursor = Cursor.parse(written).begun(now)
    if cursor.since:
        low = fields.literal(cursor.low_by(LATE))
        high = fields.literal(cursor.high + timedelta(seconds=1))
        window = f"SystemModstamp >= {low} AND SystemModstamp < {high} ORDER BY SystemModstamp, Id"
        for object_, columns in _COLUMNS.items():
            soql = f"SELECT {columns} FROM {object_} WHERE {window}"  # noqa: S608 - our own names
            for items, _ in changes.rows(soql):
                try:
                    events = [event for item in items for event in _event(object_, mapping(item))]
                except Malformed as error:
                    raise Unavailable(f"Salesforce's {object_}s: {error}") from error
                yield EventPage(events=events, cursor=cursor.text())
    yield EventPage(events=[], cursor=cursor.ended().text())


def _event(object_: str, row: Mapping[str, Any]) -> Iterator[Event]:
    at = moment(row.get("StartDateTime") or row.get("CreatedDate"))
    if at is None or (object_ == "Task" and not flag(row.get("IsClosed"))):
        return
    id_, mark = identity(row.get("Id")), message_id_of(text(row.get("Description")))
    if object_ == "Task":
        yield Event(kind="done", external_id=id_, at=at, message_id=mark)
    kind = "meeting" if object_ == "Event" else _SUBTYPES.get(text(row.get("TaskSubtype")))
    who = text(row.get("WhoId"))
    if kind is not None and who:
        yield Event(
            kind=kind,
            external_id=id_,
            lead_ids=(who,),
            at=at,
            subject=text(row.get("Subject")),
            message_id=mark,
        )
