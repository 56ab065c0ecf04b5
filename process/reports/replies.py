"""What people answered, and who or what read it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mail.classify.intent import SURE
from process.reports.answers import ANSWERED, UNREAD
from process.reports.report import Report, Scope
from process.reports.rows import Event, History

KINDS = ANSWERED | {"auto_replied"}
COLUMNS = "answer read_by answers people sure unsure confidence".split()
AUTOMATIC = "automatic reply"
NOTES = (
    (
        "answer: in the words of process.yaml; read_by: process.yaml (a phrase), rules (those that "
        "ship) or hook (the team's model)."
    ),
    "unsure: rules went by none of them, a person read it. confidence: on average.",
    f"{UNREAD}: the CRM alone knows of the answer, or it came before meanings were kept.",
)


@dataclass(kw_only=True)
class _Tally:
    answers: int = 0
    sure: int = 0
    people: set[int | None] = field(default_factory=set)
    confidence: float = 0.0
    read: int = 0


def report(histories: Iterable[History], scope: Scope) -> Report:
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for event in _asked(histories, scope):
        told = event.data.get("meaning") or {}
        tally = tallies[_key(event)]
        tally.answers += 1
        tally.people.add(event.lead)
        if told:
            tally.read += 1
            tally.confidence += told["confidence"]
            tally.sure += told["confidence"] >= SURE
    rows = [
        (
            *key,
            tally.answers,
            len(tally.people),
            tally.sure,
            tally.read - tally.sure,
            f"{tally.confidence / tally.read:.2f}" if tally.read else None,
        )
        for key, tally in sorted(tallies.items(), key=lambda found: (-found[1].answers, found[0]))
    ]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES)


def _asked(histories: Iterable[History], scope: Scope) -> Iterator[Event]:
    for history in histories:
        if scope.has_owner(history.person.owner):
            for event in history.events:
                if scope.covers(event.at) and scope.has_sequence(event.sequence):
                    yield event


def _key(event: Event) -> tuple[str, str]:
    told = event.data.get("meaning") or {}
    if event.kind == "auto_replied":
        return AUTOMATIC, ""
    return (told["answer"], told["by"]) if told else (UNREAD, event.connection)
