"""A pull's place as JSON text: how far records are read, where an interrupted scan stands."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

#: Rows become visible late, and clocks differ: each window begins this much before the last ended.
OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """`since` is blank until the first scan has ended; `until` is blank between scans."""

    #: ISO moment before which everything is read.
    since: str = ""
    #: Upper bound of the scan under way, fixed when it began.
    until: str = ""
    #: Where the scan stands: a paging token, the last id, the last stamp; the adapter's choice.
    place: Mapping[str, str] | None = None
    #: ISO moment at which deleted records were last looked for.
    archived: str = ""
    #: ISO moment up to which a second, delayed pass has read.
    delayed: str = ""

    @classmethod
    def parse(cls, written: str) -> Self:
        """Text that no cursor wrote starts over: records may repeat, none is skipped."""
        try:
            cursor = cls(**json.loads(written)) if written else cls()
            moments = (cursor.since, cursor.until, cursor.archived, cursor.delayed)
            place = dict(cursor.place or {})
            sound = all(isinstance(mark, str) for mark in (*moments, *place.values())) and all(
                datetime.fromisoformat(moment).tzinfo for moment in moments if moment
            )
        except (ValueError, TypeError, RecursionError):
            return cls()
        return replace(cursor, place=place or None) if sound else cls()

    def begun(self, now: datetime) -> Self:
        """The scan under way, or a new one that ends at `now`."""
        return self if self.until else replace(self, until=iso(now))

    def at(self, **place: str) -> Self:
        return replace(self, place=place)

    def ended(self) -> Self:
        return replace(self, since=self.until, until="", place=None)

    def mark(self, name: str) -> str:
        return (self.place or {}).get(name, "")

    def text(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    @property
    def low(self) -> datetime:
        """From where a delta reads: never a bare "after", since stamps are shared and rows late."""
        return self.low_by(OVERLAP)

    def low_by(self, overlap: timedelta) -> datetime:
        return datetime.fromisoformat(self.since) - overlap

    @property
    def high(self) -> datetime:
        return datetime.fromisoformat(self.until)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
