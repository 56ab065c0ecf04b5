"""What stands on a CRM's timelines: what anybody logged there, and what we log, tick off, hand over."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Literal

#: done: a task or meeting was ticked off there; it tells of ours alone.
EventKind = Literal[
    "email",
    "reply",
    "call",
    "meeting",
    "meeting_held",
    "meeting_missed",
    "meeting_canceled",
    "done",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that anybody logged in the CRM about some leads, or ticked off."""

    kind: EventKind
    external_id: str
    #: External ids of the people it is about; empty for `done`.
    lead_ids: tuple[str, ...] = ()
    #: When it happened, or will: a meeting that is booked.
    at: datetime
    subject: str = ""
    #: Of an email, and of all that is ours, where the CRM keeps it.
    message_id: str = ""


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """Events, and the cursor that may be saved once they have landed; repeats are to be expected."""

    events: Sequence[Event]
    cursor: str


TouchKind = Literal["email", "reply", "bounce", "call", "task", "meeting"]


@dataclass(frozen=True, kw_only=True)
class Touch:
    """Something to be logged in the CRM as an engagement of its lead (and deal).

    An email that left, a reply that came, the report that an email could not be delivered, a call
    that was made, or a task or meeting that is to be done by the owner.
    """

    kind: TouchKind = "email"
    #: RFC 5322 Message-ID with its angle brackets, or what looks like one; the touch's identity.
    message_id: str
    subject: str
    text: str
    #: When the email was sent or the call made; of a task or meeting when it is due.
    sent_at: datetime
    from_email: str = ""
    to_email: str = ""
    #: Of a task, what is to be done: "call", "email"; blank for anything else.
    work: str = ""
    lead_id: str
    deal_id: str = ""
    owner_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A task or meeting of ours that is done."""

    kind: TouchKind
    #: The engagement's id, as `log_touches` told it.
    external_id: str
    #: Of a call what came of it, in words; blank when nobody said, and for anything else.
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A task or meeting of ours that is somebody else's now."""

    kind: TouchKind
    external_id: str
    owner_id: str


#: Stands at the end of a text that the CRM has no room for.
CUT = "\n\n[Cut here: the mailbox has the whole text.]"


def fitted(text: str, most: int, written: Callable[[str], str] = str) -> str:
    """The text as it is `written` into the CRM, in `most` characters; one that is cut says so."""
    whole = written(text)
    if len(whole) <= most:
        return whole
    sizes = list(accumulate(len(written(each)) for each in text))
    end = bisect_right(sizes, most - len(written(CUT)))
    return written(text[:end] + CUT)
