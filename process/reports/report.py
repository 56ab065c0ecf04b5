"""What every report is: columns and rows of typed cells, and what one has to know to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from process.reports.rates import Rate

Cell = str | int | Decimal | datetime | timedelta | Rate | None


@dataclass(frozen=True, kw_only=True)
class Report:
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    #: Definitions, and what is left out.
    notes: Sequence[str] = ()
    #: So many columns at the left name a table of its own on the terminal.
    heads: int = 0


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a report is asked for, and when."""

    now: datetime
    since: datetime | None = None
    until: datetime | None = None  #: not itself
    stage: str = ""
    sequence: str = ""
    owner: str = ""

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def has_owner(self, owner: str) -> bool:
        return self.owner in ("", owner)

    def has_sequence(self, sequence: str) -> bool:
        return self.sequence in ("", sequence)

    def has_stage(self, stage: str) -> bool:
        return self.stage in ("", stage)
