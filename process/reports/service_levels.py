"""Whether leads leave each stage within its service level. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from process.reports import stays
from process.reports.rates import Rate
from process.reports.report import Report, Scope
from process.reports.rows import History
from process.reports.stays import Stay
from workspace.durations import Duration

KINDS = stays.KINDS
COLUMNS = "stage service_level stays within breached open open_late within_rate".split()
NOTES = (
    "stays: those that began by a move in the period; since when others were there nobody told.",
    (
        "within, breached: it ended, by a move or a lost deal, before or after its service level was "
        "over; open: it goes on within it; open_late: it goes on beyond it."
    ),
    "within_rate: of all stays that have ended or are late.",
)


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    by_stage: Mapping[str, Duration]
    timezone: str  #: the team's, by whose calendar days are counted

    def due(self, stage: str, since: datetime) -> datetime | None:
        level = self.by_stage.get(stage)
        return level.after(since, self.timezone) if level else None

    def is_over(self, stage: str, since: datetime | None, now: datetime) -> bool:
        """Also where nobody told since when it runs."""
        due = self.due(stage, since) if since else None
        return due is None or due <= now


def report(histories: Iterable[History], scope: Scope, *, levels: ServiceLevels) -> Report:
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    for history in histories:
        if scope.has_owner(history.person.owner):
            for stay in stays.stays(history):
                if not stay.found and stays.began(stay, scope):
                    tallies[stay.stage][_word(stay, levels, scope.now)] += 1
    rows = [
        (
            stage,
            str(level),
            found.total(),
            found["within"],
            found["breached"],
            found["open"],
            found["open_late"],
            Rate(hits=found["within"], of=found.total() - found["open"]),
        )
        for stage, level in levels.by_stage.items()
        if scope.has_stage(stage)
        for found in [tallies[stage]]
    ]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES)


def _word(stay: Stay, levels: ServiceLevels, now: datetime) -> str:
    due = levels.due(stay.stage, stay.since) if stay.since else None
    ended = stay.lost_at or stay.until
    if ended is None:
        return "open_late" if due is not None and now > due else "open"
    return "within" if due is None or ended <= due else "breached"
