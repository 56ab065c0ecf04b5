"""The world of a test: nothing happens but what the test gives."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from process.definition import OTHER
from process.simulation.rows import Lead
from process.simulation.world import Answer, Arrival, Assignment, Happening
from process.testing.definition import Case, Event
from process.testing.events import OF_TASKS, PLAIN
from process.testing.moments import Moment
from process.testing.sample import Stage

NEWS: Sequence[Happening] = ()


class Script:
    def __init__(self, case: Case, stage: Stage, *, sequence: str) -> None:
        self._case, self._stage, self._sequence = case, stage, sequence
        self._begun = False
        self._expected: list[tuple[Happening, int]] = []
        #: Number of the event in the test -> when it happened.
        self.happened: dict[int, datetime] = {}

    def begins(
        self,
        leads: Sequence[Lead],  # noqa: ARG002 - the protocol's
        at: datetime,  # noqa: ARG002 - likewise
    ) -> Iterable[Happening]:
        """What the test gives at a moment; asked again, nothing more."""
        if self._begun:
            return NEWS
        self._begun = True
        return [
            self._happening(number, event, _moment(event, self._stage))
            for number, event in enumerate(self._case.given)
            if event.after is None
        ]

    def receives(self, arrival: Arrival) -> tuple[Answer, Iterable[Happening]]:
        return "sent", self._after(arrival)

    def is_assigned(self, assignment: Assignment) -> Iterable[Happening]:
        return self._after(assignment)

    def sees(
        self,
        lead: Lead,  # noqa: ARG002 - the protocol's
        stage: str,  # noqa: ARG002 - likewise
        at: datetime,  # noqa: ARG002 - likewise
    ) -> Iterable[Happening]:
        return NEWS

    def goes_on(self, happening: Happening, lead: Lead) -> Iterable[Happening] | None:
        number = next(number for one, number in self._expected if one is happening)
        self.happened.setdefault(number, happening.at)
        if happening.kind != "owner_gone":
            return NEWS
        lead.owner_active = False
        return None

    def _after(self, touch: Arrival | Assignment) -> Iterator[Happening]:
        if touch.lead is not self._stage.lead or touch.sequence != self._sequence:
            return
        for number, event in enumerate(self._case.given):
            if event.after == touch.step_id:
                at = event.lag.after(touch.at, self._stage.timezone)
                yield self._happening(number, event, at, touch)

    def _happening(
        self, number: int, event: Event, at: datetime, touch: Arrival | Assignment | None = None
    ) -> Happening:
        kind, data = _deed(event, self._stage)
        if isinstance(touch, Assignment) and kind in OF_TASKS:
            turned_out = {"disposition": event.value or ""}
            data = {"step": touch.step_id, "task": touch.kind, **turned_out}
        to = self._stage.colleague if event.kind == "company_answered" else self._stage.lead
        happening = Happening(
            at=at,
            lead_id=to.pk,
            kind=kind,
            data=data,
            enrollment_id=touch.enrollment_id if touch else None,
        )
        self._expected.append((happening, number))
        return happening


def _moment(event: Event, stage: Stage) -> datetime:
    if event.at is None:
        return stage.start.astimezone(UTC)
    if isinstance(event.at, Moment):
        return event.at.moment(stage.start).astimezone(UTC)
    return event.at.after(stage.start, stage.timezone)


def _deed(  # noqa: PLR0911 - one for each kind of event
    event: Event, stage: Stage
) -> tuple[str, Mapping[str, object]]:
    value = event.value
    match event.kind:
        case "answered":
            return "answered", {"answer": value or OTHER}
        case "auto_replied":
            until = Moment.parse(value).moment(stage.start) if value else None
            return "auto_replied", {"until": until.astimezone(UTC)} if until else {}
        case "meeting_booked" | "meeting_moved" if value:
            start = Moment.parse(value).moment(stage.start)
            return str(event.kind), {"start": start.astimezone(UTC)}
        case "change" if isinstance(value, Mapping):
            return "crm_changed", {name.removeprefix("lead."): new for name, new in value.items()}
        case "deal":
            return "crm_closed", {"won": value == "won"}
        case "nps":
            return "nps", {"score": value}
        case "stage":
            return "crm_moved", {"to": value}
        case kind:
            return PLAIN.get(kind, (kind, {}))
