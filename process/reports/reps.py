"""What each rep did, and what came of it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from process.reports.answers import ANSWERED, CALLS, MEETINGS, SENT, is_call
from process.reports.report import Cell, Report, Scope
from process.reports.rows import ClosedDeal, Event, History, Work

_COUNTED: Mapping[str, frozenset[str]] = {
    "emails": frozenset({SENT}),
    "replies": ANSWERED,
    "meetings": MEETINGS,
}
KINDS = CALLS.union(*_COUNTED.values())
COLUMNS = "owner emails calls tasks_done tasks_late tasks_open replies meetings won".split()
NOTES = (
    "calls: those that the CRM has, or somebody noted, and call tasks that were done.",
    (
        "emails and replies belong to the owner of the mailbox, tasks and deals to their own owner, "
        "calls and meetings to the lead's."
    ),
    "meetings: those that were agreed on, here or in the CRM, whatever became of them.",
    (
        "Tasks that were made in the period: done, late (done after they were due, or due and not done) "
        "and open; those that were skipped are none of the three."
    ),
    "won: deals of which Cadenza saw that they were won.",
)


def report(
    histories: Iterable[History],
    works: Iterable[Work],
    deals: Iterable[ClosedDeal],
    scope: Scope,
    *,
    owners: Mapping[str, str],
) -> Report:
    """`owners`: mailbox -> its owner."""
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    for history in histories:
        for event in history.events:
            if scope.covers(event.at):
                tallies[owners.get(event.mailbox) or event.owner].update(_words(event))
    for work in works:
        if scope.covers(work.made_at):
            tallies[work.owner].update(_of_work(work, scope))
    for deal in deals:
        if deal.won and scope.covers(deal.closed_at):
            tallies[deal.owner]["won"] += 1
    rows: list[Sequence[Cell]] = [
        (owner or "nobody", *(found[column] for column in COLUMNS[1:]))
        for owner, found in sorted(tallies.items())
        if found.total() and scope.has_owner(owner)
    ]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES)


def _words(event: Event) -> Iterable[str]:
    if is_call(event):
        yield "calls"
    yield from (word for word, kinds in _COUNTED.items() if event.kind in kinds)


def _of_work(work: Work, scope: Scope) -> Iterable[str]:
    if work.skipped:
        return
    if work.ended_at is None:
        yield "tasks_open"
    else:
        yield "tasks_done"
    if work.due_at is not None and (work.ended_at or scope.now) > work.due_at:
        yield "tasks_late"
