"""What somebody does about an email, and when: drawn from the persona, the same for every run.

Knows of no letters and no servers, so that whoever plays these people by other means gets the same
decisions.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sandbox.parties import Person
from sandbox.personas import share_of

#: Of a hundred objectors, how many are won over by the answer to their objection.
WON_OVER = 45
#: Of a hundred who were out of office, how many are interested once they are back.
INTERESTED_LATER = 40

Kind = Literal["answers", "is_away", "unsubscribes", "bounces", "is_delayed"]
#: What the mail server says of a recipient.
Refusal = Literal["", "unknown", "greylisted"]


@dataclass(frozen=True, kw_only=True)
class Deed:
    kind: Kind
    at: datetime
    #: The disposition of an answer; how somebody unsubscribes: writes, mails or clicks.
    detail: str = ""
    until: datetime | None = None  #: back in the office
    number: int = 0  #: of the email, among all that the person has got


class Crowd:
    """Remembers who got what; addresses in the form in which a person reads them."""

    def __init__(self, people: dict[str, Person], seed: int) -> None:
        self.people, self.seed = people, seed
        #: (address, enrollment) -> emails received.
        self._touches: Counter[tuple[str, str]] = Counter()
        self._received: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._tried: set[str] = set()
        self._back_at: dict[str, datetime] = {}
        self.gone: set[str] = set()

    def refusal(self, address: str) -> Refusal:
        person = self.people.get(address)
        if person is None or person.persona == "bounces:inline":
            return "unknown"
        if person.persona == "delays:inline" and address not in self._tried:
            self._tried.add(address)
            return "greylisted"
        return ""

    def reads(self, address: str, enrollment: str, at: datetime) -> Iterator[Deed]:
        """An email of an enrollment has come in."""
        person = self.people.get(address)
        if person is None or address in self.gone:
            return
        first = self._first.setdefault(address, enrollment) == enrollment
        self._received[address] += 1
        self._touches[address, enrollment] += 1
        touch, number = self._touches[address, enrollment], self._received[address]
        kind, _, detail = person.persona.partition(":")
        answers_at = self._answers_at(person, number, at)
        match kind:
            case "interested" if first and touch == self._answers_to(person):
                yield Deed(kind="answers", at=answers_at, detail="interested", number=number)
            case "objects" if first and touch == self._answers_to(person):
                yield Deed(kind="answers", at=answers_at, detail=detail, number=number)
            case "objects" if not first and touch == 1 and self._share(person, "won") < WON_OVER:
                yield Deed(kind="answers", at=answers_at, detail="interested", number=number)
            case "out_of_office" if first:
                yield from self._out_of_office(person, address, touch, number, at)
            case "unsubscribes" if touch == min(2, self._answers_to(person)):
                yield Deed(kind="unsubscribes", at=answers_at, detail=detail, number=number)
            case "bounces" if touch == 1:
                yield Deed(kind="bounces", at=at + timedelta(minutes=4))
            case "delays" if detail == "later" and first and touch == 1:
                yield Deed(kind="is_delayed", at=at + timedelta(minutes=60))

    def _out_of_office(
        self, person: Person, address: str, touch: int, number: int, at: datetime
    ) -> Iterator[Deed]:
        if address not in self._back_at:
            days = 5 + self._share(person, "away", whole=10)
            self._back_at[address] = at + timedelta(days=days)
        back_at = self._back_at[address]
        if at < back_at:
            yield Deed(kind="is_away", at=at + timedelta(minutes=1), until=back_at)
        elif self._share(person, "later") < INTERESTED_LATER and touch > 1:
            answers_at = self._answers_at(person, number, at)
            yield Deed(kind="answers", at=answers_at, detail="interested", number=number)

    def _answers_to(self, person: Person) -> int:
        return 1 + self._share(person, "touch", whole=3)

    def _answers_at(self, person: Person, number: int, at: datetime) -> datetime:
        """20 minutes to two and a half days later, whenever people look into their mail: at a quarter."""
        delay = timedelta(minutes=20 + 15 * self._share(person, "delay", number, whole=238))
        answers_at = at + delay
        return answers_at - timedelta(seconds=answers_at.timestamp() % 900)

    def _share(self, person: Person, *about: object, whole: int = 100) -> int:
        return share_of(whole, *about, self.seed, person.email)
