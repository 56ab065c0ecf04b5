"""Answers of a lead, and the email that each came upon. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from crm.kinds import EVENTS
from process.definition import Process
from process.reports.rows import Event, History

SENT = "email_sent"  #: by us; what the CRM knows besides is nobody's step
ANSWERED = EVENTS["answered"]
MEETINGS = EVENTS["meeting_booked"]
#: What may be a call; of tasks that were done only some are.
CALLS = EVENTS["called"] | EVENTS["task_done"]
#: An answer that only the CRM knows of, or of days before meanings were kept.
UNREAD = "not read"


@dataclass(frozen=True, kw_only=True)
class Meanings:
    """What answers mean for the process."""

    #: They lead to Presentation, and to Handling Objections.
    positive: Collection[str] = frozenset()
    objections: Collection[str] = frozenset()


def meanings(process: Process | None) -> Meanings:
    """By the exits that the process declares."""
    exits = [rule for stage in process.stages for rule in stage.exit] if process else []
    return Meanings(
        positive={name for rule in exits if rule.to == "Presentation" for name in rule.answer},
        objections={
            name for rule in exits if rule.to == "Handling Objections" for name in rule.answer
        },
    )


def meaning_of(event: Event) -> str:
    """The answer that rules went by, in process.yaml's words."""
    told = event.data.get("meaning") or {}
    return str(told.get("settled") or UNREAD)


def is_call(event: Event) -> bool:
    """A task that was done counts once, whether it reached the lead, or stands in a CRM as well."""
    if event.kind in EVENTS["task_done"]:
        return event.data.get("task") == "call" and "logged" not in event.data
    return event.kind in EVENTS["called"] and "task_id" not in event.data


@dataclass(kw_only=True)
class Touch:
    """An email that left, and what came upon it before the next one left."""

    email: Event
    came: list[Event] = field(default_factory=list)


def touches(history: History) -> Iterator[Touch]:
    """What comes names the email that it answers; else it came upon the last one that had left."""
    found: list[Touch] = []
    by_message: dict[int | None, Touch] = {}
    for event in history.events:
        if event.kind == SENT:
            found.append(Touch(email=event))
            by_message[event.message] = found[-1]
        elif found:
            by_message.get(event.message or 0, found[-1]).came.append(event)
    yield from found
