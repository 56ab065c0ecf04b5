"""How long leads wait for their first touch, and for whom they wait. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from process import speed
from process.reports import stays
from process.reports.quantiles import quantile
from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Event, History
from process.reports.service_levels import ServiceLevels
from process.speed import Speed

_TASKS = frozenset({"task_assigned", "task_done", "task_skipped"})
KINDS = frozenset({"assigned", "lead_created", "enrolled", "email_sent"}) | _TASKS | stays.KINDS
COLUMNS = "owner leads touched waiting median p90 within_rate system_median human_median".split()
EVERYBODY = "everybody"
NOTES = (
    (
        "Of leads that got an owner in the period, here or with their coming, or else were enrolled: "
        "until the first email, or the first call, social or email task that was done; waiting: "
        "nothing yet."
    ),
    (
        "within_rate: touched within the service level of the stage in which the lead was then, of "
        "those who were, or whose service level is over."
    ),
    (
        "human_median: time in which a task that held up the sequence, or became the first touch, "
        "waited for a person; system_median: all other time. Of those who were touched."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A lead's wait for its first touch."""

    owner: str
    speed: Speed
    is_within: bool | None  #: None: it has no service level, or that is not over yet

    @property
    def is_over(self) -> bool:
        return self.speed.touched_at is not None


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
    told = [_told(event) for event in history.events if _counts(event)]
    found = speed.measure(history.person.lead, told, scope.now)
    if found is None or not scope.covers(found.since):
        return None
    due = levels.due(_stage_at(history, found.since), found.since)
    is_late = due is not None and (found.touched_at or scope.now) > due
    is_within = due is not None and found.touched_at is not None
    return Wait(
        owner=history.person.owner,
        speed=found,
        is_within=False if is_late else True if is_within else None,
    )


def _counts(event: Event) -> bool:
    return event.kind not in stays.KINDS and (event.kind != "lead_created" or bool(event.owner))


def _told(event: Event) -> speed.Event:
    """A lead that came with its owner: who came with the first pull is noted nowhere."""
    is_task = event.kind in _TASKS
    return speed.Event(
        kind="owner_seen" if event.kind == "lead_created" else event.kind,
        at=event.at,
        task=f"{event.enrollment}:{event.step}" if is_task else "",
        work=str(event.data.get("task", "")) if is_task else "",
        gate=bool(event.data.get("gate")),
    )


def _stage_at(history: History, at: datetime) -> str:
    """Where it was just before; what happens at that moment may move it."""
    found = ""
    for stay in stays.stays(history):
        if stay.since is None or stay.since < at or not found:
            found = stay.stage
    return found


def _row(owner: str, waits: Sequence[Wait]) -> Sequence[Cell]:
    over = [wait.speed for wait in waits if wait.is_over]
    known = [wait.is_within for wait in waits if wait.is_within is not None]
    return [
        owner,
        len(waits),
        len(over),
        len(waits) - len(over),
        quantile((one.total for one in over), 0.5),
        quantile((one.total for one in over), 0.9),
        Rate(hits=sum(known), of=len(known)),
        quantile((one.system for one in over), 0.5),
        quantile((one.human for one in over), 0.5),
    ]
