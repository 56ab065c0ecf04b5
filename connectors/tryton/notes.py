"""Touches as Tryton's notes: one on the lead's address each, a deal is named in it.

The marks in its text say what a note is: whether it is done, and of which email.
"""

from collections.abc import Mapping, Sequence

from connectors.batches import chunks
from connectors.engagements import Completion, Touch
from connectors.errors import Conflict
from connectors.tryton import fields
from connectors.tryton.rows import IDS, every, numbers, text_of
from connectors.tryton.wire import Wire

_NOTE = "ir.note"
_MARK = "Message-ID: "
_OPEN, _DONE = "[ ] ", "[x] "
_ANSWERS = "Done: note "
_SAYS = {
    "email": "Email: ",
    "reply": "Reply: ",
    "bounce": "Not delivered: ",
    "call": "Call: ",
    "task": _OPEN,
    "meeting": _OPEN,
}


class Notes:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def log(self, touch: Touch) -> str:
        about = f"{_SAYS[touch.kind]}{touch.subject}"
        if touch.deal_id:
            about += f"\n(sale.opportunity,{touch.deal_id})"
        message = f"{about}\n\n{touch.text}\n\n{_MARK}{touch.message_id}"
        return self._wire.create(_NOTE, {"resource": _resource(touch.lead_id), "message": message})

    def find(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for chunk in chunks(numbers(lead_ids), IDS):
            resources = [_resource(str(number)) for number in chunk]
            domain = [["resource", "in", resources], ["message", "like", f"%{_MARK}%"]]
            for row in every(self._wire, _NOTE, domain, ["message"]):
                if message_id := _message_id(text_of(row, "message")):
                    found[message_id] = text_of(row, "id")
        return found

    def complete(self, completion: Completion) -> str:
        """A note cannot be changed: a second one says that it is done."""
        id_ = completion.external_id
        asked = ["resource", "message"]
        rows = self._wire.search(_NOTE, [["id", "in", numbers([id_])]], asked, limit=1)
        if not rows:
            raise Conflict(f"Tryton has no note {id_} any more")
        resource = rows[0].get("resource")
        title = text_of(rows[0], "message").partition("\n")[0].removeprefix(_OPEN)
        done = f"{_DONE}{title}\n\n{_ANSWERS}{id_}"
        known = [["resource", "=", resource], ["message", "=", done]]
        if not self._wire.search(_NOTE, known, ["id"], limit=1):
            self._wire.create(_NOTE, {"resource": resource, "message": done})
        return id_


def _resource(lead_id: str) -> str:
    return f"{fields.MODELS['lead']},{lead_id}"


def _message_id(message: str) -> str:
    last = message.rstrip().rpartition("\n")[2]
    return last.removeprefix(_MARK).strip() if last.startswith(_MARK) else ""
