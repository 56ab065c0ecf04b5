"""The page on which people book a meeting with a rep, and what its provider tells the team of it.

https://cal.com/docs/developing/guides/automation/webhooks
"""

import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox import browser
from sandbox.parties import Person
from sandbox.personas import share_of
from sandbox.world import World

#: Of a hundred who booked, how many do not come the first time; of those, how many book again.
STAYS_AWAY = 25
BOOKS_AGAIN = 60
#: Of a hundred who booked, how many choose another time afterwards.
CHANGES_ITS_MIND = 15
#: Of a hundred who booked for the first time, how many call it off the day after.
CALLS_OFF = 12
_TAKES = timedelta(minutes=30)
_OFFERED = (9, 13, 15)
_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Booking:
    uid: str
    person: Person
    rep: str  #: the address
    starts_at: datetime
    #: Of the link that was followed; blank: the page was opened as it is.
    token: str

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + _TAKES


class Bookings:
    def __init__(self, world: World) -> None:
        self.world = world
        #: Address -> how often somebody has booked.
        self.made: dict[str, int] = {}
        self.missed: set[str] = set()
        self.called_off: set[str] = set()

    def book_soon(self, person: Person, rep: str, *, link: str = "") -> None:
        """In half an hour, unless that person has a meeting already; `link` is ours in an email."""
        number = self.made.get(person.email, 0)
        if number and not self._is_free(person):
            return
        self.missed.discard(person.email)
        self.called_off.discard(person.email)
        self.made[person.email] = number + 1
        token = parse_qs(urlsplit(link).query).get("metadata[cadenza]", [""])[0]
        uid = f"booking-{person.id}-{number + 1}"
        at = self.world.moment + timedelta(minutes=30)
        booking = Booking(
            uid=uid, person=person, rep=rep, starts_at=self._time(uid, at), token=token
        )
        self.world.agenda.at(at, partial(self._book, booking))

    def is_expected(self, email: str | None) -> bool:
        """Whether this address has booked, and not called it off."""
        return email in self.made and email not in self.called_off

    def is_asked_again(self, person: Person) -> bool:
        """Whether somebody who did not come, or called it off, takes the next invitation to book."""
        return self._is_free(person) and self._share(person.email, "again") < BOOKS_AGAIN

    def _is_free(self, person: Person) -> bool:
        return person.email in self.missed | self.called_off

    async def _book(self, booking: Booking) -> None:
        await self._tell("BOOKING_CREATED", booking, self._booked(booking))
        if self._is_first(booking) and self._share(booking.uid, "calls off") < CALLS_OFF:
            at = self.world.moment + timedelta(days=1)
            self.world.agenda.at(at, partial(self._call_off, booking))
        elif self._share(booking.uid, "moves") < CHANGES_ITS_MIND:
            later = replace(
                booking,
                uid=f"{booking.uid}-moved",
                starts_at=self._time(booking.uid, booking.starts_at),
            )
            at = self.world.moment + timedelta(hours=3)
            self.world.agenda.at(at, partial(self._move, booking, later))
        else:
            self._expect(booking)

    async def _move(self, booking: Booking, later: Booking) -> None:
        payload = {**self._booked(later), "rescheduleUid": booking.uid}
        await self._tell("BOOKING_RESCHEDULED", later, payload)
        self._expect(later)

    async def _call_off(self, booking: Booking) -> None:
        self.called_off.add(booking.person.email)
        payload = {**self._booked(booking), "cancellationReason": "Something came up."}
        await self._tell("BOOKING_CANCELLED", booking, payload)

    def _is_first(self, booking: Booking) -> bool:
        return self.made[booking.person.email] == 1

    def _expect(self, booking: Booking) -> None:
        if self._is_first(booking) and self._share(booking.uid, "comes") < STAYS_AWAY:
            self.world.agenda.at(booking.ends_at, partial(self._miss, booking))
        self.world.agenda.at(booking.ends_at, partial(self._end, booking))

    async def _miss(self, booking: Booking) -> None:
        self.missed.add(booking.person.email)
        absence = {"email": booking.person.email, "noShow": True}
        payload = {"bookingUid": booking.uid, "attendees": [absence]}
        await self._tell("BOOKING_NO_SHOW_UPDATED", booking, payload)

    async def _end(self, booking: Booking) -> None:
        await self._tell("MEETING_ENDED", booking, {"uid": booking.uid})

    async def _tell(self, trigger: str, booking: Booking, payload: dict[str, Any]) -> None:
        """The webhook, signed; what became of it is in the journal."""
        told = {
            "triggerEvent": trigger,
            "createdAt": self.world.moment.isoformat(),
            "payload": payload,
        }
        body = json.dumps(told).encode()
        signature = hmac.digest(self.world.keys.cal_secret.encode(), body, "sha256").hex()
        link = f"{self.world.product_url}/webhooks/cal/{booking.rep}"
        headers = {"X-Cal-Signature-256": signature, "Content-Type": "application/json"}
        self.world.journal.append(
            "booking.posted",
            person=booking.person.id,
            email=booking.person.email.casefold(),
            trigger=trigger,
            uid=booking.uid,
            by_link=bool(booking.token),
            taken=await browser.post(link, body, headers),
        )

    def _booked(self, booking: Booking) -> dict[str, Any]:
        person = booking.person
        return {
            "uid": booking.uid,
            "title": "Demo",
            "startTime": booking.starts_at.isoformat(),
            "endTime": booking.ends_at.isoformat(),
            "location": f"https://meet.example/{booking.uid}",
            "attendees": [
                {
                    "email": person.email,
                    "name": f"{person.first_name} {person.last_name}".strip(),
                    "timeZone": person.timezone or "UTC",
                }
            ],
            "organizer": {"email": booking.rep},
            "metadata": {"cadenza": booking.token} if booking.token else {},
        }

    def _time(self, uid: str, after: datetime) -> datetime:
        """One of the times that reps offer, two to four days later."""
        day = after.date() + timedelta(days=2 + self._share(uid, "day", whole=3))
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        hour = _OFFERED[self._share(uid, "hour", whole=len(_OFFERED))]
        return datetime.combine(day, time(hour), after.tzinfo)

    def _share(self, *about: object, whole: int = 100) -> int:
        return share_of(whole, *about, self.world.seed)
