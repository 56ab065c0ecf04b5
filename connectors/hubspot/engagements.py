"""Touches as HubSpot's engagements: emails of both directions, calls, notes, tasks and meetings.

https://developers.hubspot.com/docs/api-reference/crm-engagements-v3/guide
"""

import json
import re
from collections.abc import Mapping
from html import escape

from connectors.engagements import Touch, TouchKind, fitted
from connectors.hubspot import fields

#: A touch's kind -> the object that it is logged as. A report that could not be delivered is a note.
OBJECTS: Mapping[TouchKind, str] = {
    "email": "emails",
    "reply": "emails",
    "bounce": "notes",
    "call": "calls",
    "task": "tasks",
    "meeting": "meetings",
}
#: Object -> the property in which a touch's Message-ID is found again.
MARKS: Mapping[str, str] = {
    "emails": "hs_email_message_id",
    "calls": "hs_call_body",
    "notes": "hs_note_body",
    "tasks": "hs_task_body",
    "meetings": "hs_meeting_body",
}
#: Object -> what says that it is done.
COMPLETED: Mapping[str, Mapping[str, str]] = {
    "tasks": {"hs_task_status": "COMPLETED"},
    "meetings": {"hs_meeting_outcome": "COMPLETED"},
}
#: Characters of a note's body, which the other texts are kept to as well:
#: https://developers.hubspot.com/docs/api-reference/legacy/crm/activities/engagements/post-engagements-v1-engagements
MOST_TEXT = 65_536
_MARK = "Message-ID: "
_GAP = "<br><br>"
#: Whatever HTML an editor there puts around it.
_MARKED = re.compile(r"Message-ID:\s*([^\s<>&@]+@[^\s<>&@]+)")
#: Object -> associationTypeId to contact and deal.
_TYPES: Mapping[str, tuple[int, int]] = {
    "emails": (fields.EMAIL_TO_CONTACT, fields.EMAIL_TO_DEAL),
    "calls": (fields.CALL_TO_CONTACT, fields.CALL_TO_DEAL),
    "notes": (fields.NOTE_TO_CONTACT, fields.NOTE_TO_DEAL),
    "tasks": (fields.TASK_TO_CONTACT, fields.TASK_TO_DEAL),
    "meetings": (fields.MEETING_TO_CONTACT, fields.MEETING_TO_DEAL),
}
_TASK_TYPES = {"call": "CALL", "email": "EMAIL"}


def made(touch: Touch) -> dict[str, object]:
    """The input of a batch create."""
    object_ = OBJECTS[touch.kind]
    properties = {"hs_timestamp": fields.stamp(touch.sent_at), **_PROPERTIES[object_](touch)}
    if touch.owner_id:
        properties["hubspot_owner_id"] = touch.owner_id
    to_contact, to_deal = _TYPES[object_]
    links = [(touch.lead_id, to_contact)]
    if touch.deal_id:
        links.append((touch.deal_id, to_deal))
    return {
        "objectWriteTraceId": touch.message_id,
        "properties": properties,
        "associations": [
            {
                "to": {"id": id_},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}],
            }
            for id_, type_ in links
        ],
    }


def message_id(object_: str, text: str) -> str:
    """The Message-ID in the marked property; blank for an engagement that is not ours."""
    if object_ == "emails":
        return text
    marks = _MARKED.findall(text)
    return f"<{marks[-1]}>" if marks else ""


def _email(touch: Touch) -> dict[str, str]:
    headers = {
        "from": {"email": touch.from_email},
        "to": [{"email": touch.to_email}],
        "cc": [],
        "bcc": [],
    }
    return {
        "hs_email_direction": "EMAIL" if touch.kind == "email" else "INCOMING_EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": touch.subject,
        "hs_email_text": fitted(touch.text, MOST_TEXT),
        "hs_email_headers": json.dumps(headers),
        "hs_email_message_id": touch.message_id,
    }


def _note(touch: Touch) -> dict[str, str]:
    return {"hs_note_body": _marked(touch, f"{touch.subject}\n\n{touch.text}")}


def _call(touch: Touch) -> dict[str, str]:
    """What came of it stands in the body: the ids of an account's own outcomes are its own."""
    return {
        "hs_call_title": touch.subject,
        "hs_call_body": _marked(touch, touch.text),
        "hs_call_direction": "OUTBOUND",
        "hs_call_status": "COMPLETED",
    }


def _task(touch: Touch) -> dict[str, str]:
    return {
        "hs_task_subject": touch.subject,
        "hs_task_body": _marked(touch, touch.text),
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": _TASK_TYPES.get(touch.work, "TODO"),
    }


def _meeting(touch: Touch) -> dict[str, str]:
    return {
        "hs_meeting_title": touch.subject,
        "hs_meeting_body": _marked(touch, touch.text),
        "hs_meeting_start_time": fields.stamp(touch.sent_at),
        "hs_meeting_outcome": "SCHEDULED",
    }


_PROPERTIES = {
    "emails": _email, "calls": _call, "notes": _note, "tasks": _task, "meetings": _meeting,
}  # fmt: skip


def _marked(touch: Touch, body: str) -> str:
    """A body has no property for a Message-ID: its last line is one, without what looks like a tag.

    Bodies are HTML, of which HubSpot drops what it does not know.
    """
    mark = _as_html(f"{_MARK}{touch.message_id.strip('<>')}")
    text = fitted(body.lstrip(), MOST_TEXT - len(mark) - len(_GAP), _as_html)
    return f"{text}{_GAP}{mark}" if text else mark


def _as_html(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")
