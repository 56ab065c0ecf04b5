"""The other side of a simulation: whoever gets emails and tasks, and the people in the CRM."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from process.simulation.rows import Lead

#: What the mail server says: taken; not now, ask again; no such address.
Answer = Literal["sent", "later", "gone"]

#: What somebody changes in the CRM; like every other kind that begins with `crm_`, it is known with
#: the next pull of the lead's source.
CHANGES = frozenset({"crm_changed", "crm_closed", "crm_moved", "crm_opened"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that somebody else does at a moment.

    `kind` is a kind of Activity, or one of CHANGES: `crm_changed` sets fields of the lead (`data`:
    the fields), `crm_moved` its stage (`to`), `crm_opened` makes a deal, `crm_closed` closes it
    (`won`). An answer has `answer`, a disposition; an auto-reply `until`, a datetime; a bounce
    `hard`; what was done `step` and `task`, its kind.
    """

    at: datetime
    lead_id: int
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
    enrollment_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An email that reaches a mail server."""

    at: datetime
    lead: Lead
    enrollment_id: int
    sequence: str
    step_id: str
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A task that a rep gets."""

    at: datetime
    lead: Lead
    enrollment_id: int
    sequence: str
    step_id: str
    kind: str
    due_at: datetime
    is_gate: bool


class World(Protocol):
    """Each verb returns what comes of it, now or later."""

    def begins(self, leads: Sequence[Lead], at: datetime) -> Iterable[Happening]:
        """What happens whatever we do."""

    def receives(self, arrival: Arrival) -> tuple[Answer, Iterable[Happening]]:
        """An email arrives."""

    def is_assigned(self, assignment: Assignment) -> Iterable[Happening]:
        """A rep gets a task."""

    def sees(self, lead: Lead, stage: str, at: datetime) -> Iterable[Happening]:
        """We wrote the lead's stage into its CRM."""

    def goes_on(self, happening: Happening, lead: Lead) -> Iterable[Happening] | None:
        """A happening's moment has come: what follows; None: it does not happen after all."""
