"""A world of people drawn from rates: the same seed and lead always make the same person."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from process.simulation.rates import Rates
from process.simulation.rows import Lead
from process.simulation.world import Answer, Arrival, Assignment, Happening

YEAR = timedelta(days=365)
#: Nobody answers before.
SOONEST = timedelta(minutes=20)
#: Out of office for so long.
AWAY_FROM, AWAY_TO = timedelta(days=3), timedelta(days=14)


class People:
    def __init__(self, rates: Rates, *, seed: int) -> None:
        self.rates, self.seed = rates, seed
        #: (lead, enrollment) -> emails received.
        self._received: Counter[tuple[int, int]] = Counter()
        self._first: dict[int, int] = {}
        self._away: set[int] = set()
        self._personas: dict[int, str] = {}

    def begins(self, leads: Sequence[Lead], at: datetime) -> Iterator[Happening]:
        """Some come by themselves, on some day of the year."""
        for lead in leads:
            if 100 * self._share(lead, "form") < self.rates.forms:
                moment = at + self._share(lead, "form day") * YEAR
                yield Happening(at=_quarter(moment), lead_id=lead.pk, kind="form_submitted")

    def receives(self, arrival: Arrival) -> tuple[Answer, Iterable[Happening]]:
        persona = self._persona(arrival.lead)
        if persona == "bounces":
            return "gone", ()
        return "sent", list(self._reads(arrival, persona))

    def is_assigned(self, assignment: Assignment) -> Iterator[Happening]:
        """A rep does it some time before it is due, or never."""
        lead, key = assignment.lead, f"{assignment.enrollment_id} {assignment.step_id}"
        if 100 * self._share(lead, "does", key) >= self.rates.tasks_done:
            return
        left = assignment.due_at - assignment.at
        at = _quarter(assignment.at + self._share(lead, "does at", key) * left)
        data = {"step": assignment.step_id, "task": assignment.kind}
        ours = assignment.enrollment_id
        yield Happening(at=at, lead_id=lead.pk, kind="task_done", data=data, enrollment_id=ours)

    def sees(self, lead: Lead, stage: str, at: datetime) -> Iterator[Happening]:
        """Somebody who came to Presentation is met, if the meeting is held."""
        deals = self.rates.deals
        if stage == "Presentation":
            if lead.bound_deal() is None:
                yield Happening(at=at, lead_id=lead.pk, kind="crm_opened")
            if 100 * self._share(lead, "held") < deals.held:
                yield self._later(lead, at + deals.meeting_after.elapsed, "meeting_held")

    def goes_on(self, happening: Happening, lead: Lead) -> Iterable[Happening] | None:
        deals, at = self.rates.deals, happening.at
        match happening.kind:
            case "meeting_held":
                return [self._later(lead, at + deals.closing_after.elapsed, "crm_moved", "Closing")]
            case "crm_moved":
                if (
                    lead.stage != "Presentation"
                    or 100 * self._share(lead, "close") >= deals.closing
                ):
                    return None
                return [self._later(lead, at + deals.closed_after.elapsed, "crm_closed")]
            case "crm_closed" if lead.stage != "Closing":
                return None
        return ()

    def _reads(self, arrival: Arrival, persona: str) -> Iterator[Happening]:
        lead, ours = arrival.lead, arrival.enrollment_id
        self._received[lead.pk, ours] += 1
        number = self._received[lead.pk, ours]
        is_first = self._first.setdefault(lead.pk, ours) == ours
        if 100 * self._share(lead, "clicks", ours, number) < self.rates.clicks:
            yield self._answers(arrival, "clicked")
        if is_first and lead.pk not in self._away:
            away = self._out_of_office(arrival)
            if away is not None:
                yield away
                return
        if is_first and number == self._answers_to(lead) and persona:
            if persona == "unsubscribes":
                yield self._answers(arrival, "unsubscribed")
            else:
                yield self._answers(arrival, "answered", persona)
        elif not is_first and number == 1 and self._is_won_over(lead, persona):
            yield self._answers(arrival, "answered", "interested")

    def _out_of_office(self, arrival: Arrival) -> Happening | None:
        lead = arrival.lead
        if 100 * self._share(lead, "away") >= self.rates.out_of_office:
            return None
        self._away.add(lead.pk)
        back_at = arrival.at + AWAY_FROM + self._share(lead, "back") * (AWAY_TO - AWAY_FROM)
        return Happening(
            at=arrival.at + timedelta(minutes=1),
            lead_id=lead.pk,
            kind="auto_replied",
            data={"until": _quarter(back_at)},
            enrollment_id=arrival.enrollment_id,
        )

    def _answers(self, arrival: Arrival, kind: str, answer: str = "") -> Happening:
        lead, within = arrival.lead, self.rates.answers_within.elapsed
        delay = self._share(lead, "delay", kind, arrival.step_id) * (within - SOONEST)
        return Happening(
            at=_quarter(arrival.at + SOONEST + delay),
            lead_id=lead.pk,
            kind=kind,
            data={"answer": answer} if answer else {},
            enrollment_id=arrival.enrollment_id,
        )

    def _later(self, lead: Lead, at: datetime, kind: str, to: str = "") -> Happening:
        data: dict[str, object] = {"to": to} if to else {}
        if kind == "crm_closed":
            data = {"won": 100 * self._share(lead, "win") < self.rates.deals.won}
        return Happening(at=at, lead_id=lead.pk, kind=kind, data=data)

    def _persona(self, lead: Lead) -> str:
        """A disposition, "unsubscribes", "bounces", or blank for who never answers."""
        if lead.pk not in self._personas:
            self._personas[lead.pk] = self._drawn_persona(lead)
        return self._personas[lead.pk]

    def _drawn_persona(self, lead: Lead) -> str:
        drawn = 100 * self._share(lead, "persona")
        known = {**self.rates.answers, "unsubscribes": self.rates.unsubscribes}
        for persona, share in {**known, "bounces": self.rates.bounces}.items():
            if drawn < share:
                return persona
            drawn -= share
        return ""

    def _answers_to(self, lead: Lead) -> int:
        drawn = 100 * self._share(lead, "touch")
        for number, share in enumerate(self.rates.answers_to, start=1):
            if drawn < share:
                return number
            drawn -= share
        return len(self.rates.answers_to)

    def _is_won_over(self, lead: Lead, persona: str) -> bool:
        objects = persona not in {"", "interested", "declined", "unsubscribes"}
        return objects and 100 * self._share(lead, "won") < self.rates.won_over

    def _share(self, lead: Lead, *about: object) -> float:
        """A number in [0, 1), always the same for what it is about."""
        text = f"{self.seed}:{lead.pk}:{about}"
        digest = hashlib.blake2b(text.encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big") / 2**48


def _quarter(moment: datetime) -> datetime:
    """People are not counted by the second: what happens together is looked at together."""
    return moment - timedelta(seconds=moment.timestamp() % 900)
