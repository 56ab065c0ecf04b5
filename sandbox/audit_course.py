"""Where the team's process leads one person: its exits, its times, and what people did by hand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox import phrases
from sandbox.seen import Entry, Record, Seen, enrollment, stages_of, written

#: Kind of entry -> the value by which it tells of a meeting that was agreed on.
BOOKED = {"booking.posted": "BOOKING_CREATED", "call.made": "meeting_set"}
#: What an exit may ask for besides an event, of the value in the CRM.
_CONDITIONS: Mapping[str, Callable[[str], bool]] = {
    "not deal.is_won": lambda value: value.casefold() != "won"
}


def expected(seen: Seen, record: Record, history: Sequence[Entry], entries: Sequence[Entry]) -> str:
    """The value that the person's record should have in the end."""
    people = [entry for entry in history if entry["by"] != "api"]
    events = sorted(
        [*((entry["journal"], 1, entry) for entry in people), *((e["seq"], 0, e) for e in entries)],
        key=lambda event: event[:2],
    )
    course = _Course(seen=seen, crm=record[0], what=record[1])
    for _, from_crm, entry in events:
        at = datetime.fromisoformat(entry["at" if from_crm else "moment"])
        course.wait(at)
        if from_crm:
            course.told_by_crm(entry["value"], at)
        elif entry["kind"] == "lead.moved":
            course.move(entry["to"], at)
        else:
            for event, answer in course.events(entry):
                course.happen(event, answer, at)
    if seen.journal:
        course.wait(datetime.fromisoformat(seen.journal[-1]["moment"]))
    return course.value


@dataclass(kw_only=True)
class _Course:
    seen: Seen
    crm: str
    what: str
    stage: str = ""
    value: str = ""
    since: datetime | None = None
    enrolled: set[str] = field(default_factory=set)

    def told_by_crm(self, value: str, at: datetime) -> None:
        self.value = value
        stages = stages_of(self.seen, self.crm, self.what, value)
        if stages and self.stage not in stages:
            self.stage, self.since = stages[0], at

    def move(self, to: str, at: datetime) -> None:
        """A deal that was lost stays lost: whoever comes back is told of by their own record."""
        self.stage, self.since = to, at
        if self.what == "lead" or self.value.casefold() != "lost":
            self.value = written(self.seen, self.crm, self.what, to) or self.value

    def happen(self, event: str, answer: str, at: datetime) -> None:
        for rule in self._exits():
            if rule.get("on") == event and (not rule.get("answer") or answer in rule["answer"]):
                self.move(str(rule["to"]), at)
                return

    def wait(self, until: datetime) -> None:
        """Leave by every exit whose time has come by then."""
        for rule in self._exits():
            if "on" not in rule and self.since is not None:
                at = self.since + _length(rule["after"])
                if at <= until:
                    self.move(str(rule["to"]), at)
                    self.wait(until)
                    return

    def events(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """What an entry is to the process, and of an answer what it means."""
        if entry["kind"] == "mail.received":
            if enrollment(entry) not in self.enrolled:
                self.enrolled.add(enrollment(entry))
                yield "enrolled", ""
            yield "email_sent", ""
        elif entry["kind"] in BOOKED:
            if BOOKED[entry["kind"]] in (entry.get("trigger"), entry.get("outcome")):
                yield "meeting_booked", ""
        else:
            yield "answered", phrases.meaning(self.seen.process["answers"], entry["text"])

    def _exits(self) -> Iterator[Mapping[str, Any]]:
        for stage in self.seen.process["stages"]:
            if stage["name"] == self.stage:
                for rule in stage["exit"]:
                    if "when" not in rule or _CONDITIONS[rule["when"]](self.value):
                        yield rule


def _length(written_: str) -> timedelta:
    amount, unit = written_.split()
    return timedelta(**{f"{unit.removesuffix('s')}s": int(amount)})
