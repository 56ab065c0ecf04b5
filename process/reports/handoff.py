"""How long marketing's leads wait for sales' yes or no, and whether the system or a person was late. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from process.reports.quantiles import quantile
from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Event, History

#: How sales answers; who makes a deal of a lead has taken it.
_ANSWERS = {"accepted": "accepted", "rejected": "rejected", "deal_created": "accepted"}
KINDS = frozenset({"qualified", "acceptance_asked", *_ANSWERS})
COLUMNS = (
    "owner mqls accepted rejected open open_late within_rate system_median human_median".split()
)
EVERYBODY = "everybody"
NOTES = (
    "MQLs that were put before sales in the period; accepted: by a person, or with a deal.",
    "within_rate: answered by respond_within, of those that were answered or are late.",
    (
        "system_median: from the CRM's change, or the score's, until the owner had the task; "
        "human_median: from then to the answer. Of those that were answered."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """An MQL on its way to sales."""

    since: datetime  #: when the CRM, or the score, made an MQL of it
    asked_at: datetime
    due_at: datetime
    answer: str  #: accepted | rejected; blank: none yet
    answered_at: datetime | None

    @property
    def system(self) -> timedelta:
        return max(self.asked_at - self.since, timedelta())

    @property
    def human(self) -> timedelta:
        return (self.answered_at or self.asked_at) - self.asked_at

    def is_late(self, now: datetime) -> bool:
        return (self.answered_at or now) > self.due_at


def report(histories: Iterable[History], scope: Scope) -> Report:
    by_owner: dict[str, list[Handoff]] = defaultdict(list)
    for history in histories:
        if scope.has_owner(history.person.owner):
            found = [one for one in handoffs(history.events) if scope.covers(one.asked_at)]
            by_owner[history.person.owner or "nobody"] += found
    everybody = [one for found in by_owner.values() for one in found]
    rows = [_row(owner, found, scope.now) for owner, found in sorted(by_owner.items()) if found]
    return Report(columns=COLUMNS, rows=[*rows, _row(EVERYBODY, everybody, scope.now)], notes=NOTES)


def handoffs(events: Sequence[Event]) -> Iterator[Handoff]:
    qualified: Event | None = None
    for place, event in enumerate(events):
        if event.kind == "qualified":
            qualified = event
        elif event.kind == "acceptance_asked":
            answer = next((one for one in events[place:] if one.kind in _ANSWERS), None)
            yield Handoff(
                since=_since(qualified or event),
                asked_at=event.at,
                due_at=datetime.fromisoformat(str(event.data["due_at"])),
                answer=_ANSWERS[answer.kind] if answer else "",
                answered_at=answer.at if answer else None,
            )


def _since(qualified: Event) -> datetime:
    changed_at = qualified.data.get("changed_at")
    return datetime.fromisoformat(str(changed_at)) if changed_at else qualified.at


def _row(owner: str, found: Sequence[Handoff], now: datetime) -> Sequence[Cell]:
    answered = [one for one in found if one.answer]
    still = [one for one in found if not one.answer]
    late = [one for one in still if one.is_late(now)]
    in_time = sum(not one.is_late(now) for one in answered)
    return [
        owner,
        len(found),
        sum(one.answer == "accepted" for one in found),
        sum(one.answer == "rejected" for one in found),
        len(still) - len(late),
        len(late),
        Rate(hits=in_time, of=len(answered) + len(late)),
        quantile((one.system for one in answered), 0.5),
        quantile((one.human for one in answered), 0.5),
    ]
