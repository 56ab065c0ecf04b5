"""A plan as it is kept in a file until it is applied; knows nothing of Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Between what was planned for a sequence and what would be done now."""

    sequence: str
    what: str  #: gone | new | files | in | out | other
    lead: int | None = None  #: of whom it tells; None: of nobody
    name: str = ""
    why: str = ""  #: of who is out


class Moved(Exception):
    """The files or the world are not those that were planned with; the text says what differs."""

    def __init__(self, text: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(text)
        self.differences = differences


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A plan to be applied later, as it is kept in a file."""

    made_at: str
    #: Sequence -> digest of its file, its templates and the process.
    digests: Mapping[str, str]
    #: Sequence -> the leads that it enrolls, each with its deal and mailbox.
    enrolls: Mapping[str, Sequence[Sequence[int | None]]]
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Frozen":
        """From what `as_json` made; raises Moved when it is no plan."""
        try:
            return cls(
                made_at=str(data["made_at"]),
                digests=dict(data["digests"]),
                enrolls={
                    name: [list(row) for row in rows] for name, rows in data["enrolls"].items()
                },
                names=dict(data["names"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Moved(f"the file is no plan: {error!r} is missing or wrong") from error

    def people(self, sequence: str) -> frozenset[int]:
        """The leads that it enrolls there."""
        return frozenset(int(row[0] or 0) for row in self.enrolls.get(sequence, []))

    def as_json(self) -> dict[str, object]:
        return {
            "made_at": self.made_at,
            "digests": dict(self.digests),
            "enrolls": {name: [list(row) for row in rows] for name, rows in self.enrolls.items()},
            "names": dict(self.names),
        }
