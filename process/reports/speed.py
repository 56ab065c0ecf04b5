"""How long leads wait for their first touch, and for whom they wait. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.kinds import EVENTS
from process.reports import stays
from process.reports.quantiles import quantile
from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Event, History
from process.reports.service_levels import ServiceLevels

TOUCHES = EVENTS["email_sent"] | EVENTS["called"] | EVENTS["meeting_held"]
_BEGINS = {"enrolled", "task_assigned"}
_ENDS = {"unenrolled", "task_done", "task_skipped"}
KINDS = frozenset({"assigned"}) | TOUCHES | _BEGINS | _ENDS | stays.KINDS
COLUMNS = ("owner leads touched waiting median p90 within_rate system_median human_median").split()
EVERYBODY = "everybody"
NOTES = (
    (
        "From the first assignment to an owner in the period, else the first enrollment, to the first "
        "email, call or meeting after it; waiting: nothing yet."
    ),
    (
        "within_rate: touched within the service level of the stage in which the lead was then, of "
        "those who were, or whose service level is over."
    ),
    (
        "system_median: time in which the lead was enrolled and no task was open (throttles, send "
        "windows, pacing); human_median: all other time. Of those who were touched."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A lead's wait for its first touch."""

    owner: str
    begun: datetime
    touched: datetime | None
    #: Of the time until then; the rest waited for a person.
    system: timedelta
    is_within: bool | None  #: None: it has no service level, or that is not over yet

    @property
    def whole(self) -> timedelta:
        return (self.touched or self.begun) - self.begun


def report(histories: Iterable[History], scope: Scope, *, levels: ServiceLevels) -> Report:
    by_owner: dict[str, list[Wait]] = defaultdict(list)
    for history in histories:
        wait = wait_of(history, scope, levels)
        if wait is not None and scope.has_owner(wait.owner):
            by_owner[wait.owner].append(wait)
    everybody = [wait for waits in by_owner.values() for wait in waits]
    rows = [_row(owner or "nobody", waits) for owner, waits in sorted(by_owner.items())]
    return Report(columns=COLUMNS, rows=[*rows, _row(EVERYBODY, everybody)], notes=NOTES)


def wait_of(history: History, scope: Scope, levels: ServiceLevels) -> Wait | None:
    begun = _begun(history.events, scope)
    if begun is None:
        return None
    later = (event.at for event in history.events if event.kind in TOUCHES and event.at >= begun)
    touched = min(later, default=None)
    due = levels.due(_stage_at(history, begun), begun)
    is_late = due is not None and (touched or scope.now) > due
    return Wait(
        owner=history.person.owner,
        begun=begun,
        touched=touched,
        system=_system(history.events, begun, touched) if touched else timedelta(),
        is_within=False if is_late else True if due is not None and touched else None,
    )


def _begun(events: Sequence[Event], scope: Scope) -> datetime | None:
    for kind in ("assigned", "enrolled"):
        for event in events:
            if event.kind == kind and scope.covers(event.at):
                return event.at
    return None


def _stage_at(history: History, at: datetime) -> str:
    """Where it was just before; what happens at that moment may move it."""
    found = ""
    for stay in stays.stays(history):
        if stay.since is None or stay.since < at or not found:
            found = stay.stage
    return found


def _system(events: Sequence[Event], begun: datetime, touched: datetime) -> timedelta:
    """The time between in which the lead was enrolled and no task was open."""
    total, since = timedelta(), begun
    enrolled: set[int | None] = set()
    tasks: set[tuple[int | None, str]] = set()
    for event in _until(events, touched):
        if event.at > since:
            total += event.at - since if enrolled and not tasks else timedelta()
            since = event.at
        match event.kind:
            case "enrolled":
                enrolled.add(event.enrollment)
            case "unenrolled":
                enrolled.discard(event.enrollment)
                tasks = {task for task in tasks if task[0] != event.enrollment}
            case "task_assigned":
                tasks.add((event.enrollment, event.step))
            case "task_done" | "task_skipped":
                tasks.discard((event.enrollment, event.step))
    return total + (touched - since if enrolled and not tasks else timedelta())


def _until(events: Sequence[Event], touched: datetime) -> Iterator[Event]:
    return (event for event in events if event.at < touched)


def _row(owner: str, waits: Sequence[Wait]) -> Sequence[Cell]:
    touched = [wait for wait in waits if wait.touched is not None]
    known = [wait.is_within for wait in waits if wait.is_within is not None]
    return [
        owner,
        len(waits),
        len(touched),
        len(waits) - len(touched),
        quantile((wait.whole for wait in touched), 0.5),
        quantile((wait.whole for wait in touched), 0.9),
        Rate(hits=sum(known), of=len(known)),
        quantile((wait.system for wait in touched), 0.5),
        quantile((wait.whole - wait.system for wait in touched), 0.5),
    ]
