"""The people's telephones: who picks up when a rep calls, and what comes of the call."""

import json
from collections import Counter

from aiohttp import web

from sandbox.bookings import Bookings
from sandbox.mail.post import readable
from sandbox.parties import Person
from sandbox.personas import share_of
from sandbox.world import World

#: Of a hundred calls, how many nobody takes, or a machine does.
NO_ANSWER, VOICEMAIL = 25, 15
#: Of a hundred who answer no email, how many agree to a meeting on the phone, or want none.
MEETS, DECLINES = 35, 20
#: Of a hundred who take an interest and were reached, how many book a meeting.
BOOKS = 40
_TAKE_INTEREST = {"interested", "objects", "out_of_office"}


class Phone:
    def __init__(self, world: World, bookings: Bookings) -> None:
        self.world, self.bookings = world, bookings
        self.people: dict[str, Person] = {}
        for person in world.company.people:
            if person.email:
                self.people.setdefault(readable(person.email), person)
        self.calls: Counter[str] = Counter()

    async def call(self, request: web.Request) -> web.Response:
        """[{"email", "rep"}, ...]: how each of the calls turned out; 400 with what is wrong."""
        self.world.heard()
        try:
            asked = [(str(one["email"]), str(one["rep"])) for one in await request.json()]
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            return web.json_response({"error": repr(error)}, status=400)
        return web.json_response([self._call(readable(email), rep) for email, rep in asked])

    def _call(self, email: str, rep: str) -> str:
        self.calls[email] += 1
        person = self.people.get(email)
        outcome = self._outcome(person, self.calls[email]) if person else "no_answer"
        self.world.journal.append("call.made", email=email, rep=rep, outcome=outcome)
        if person and outcome == "connected" and self._wants_to_book(person):
            self.bookings.book_soon(person, rep)
        return outcome

    def _wants_to_book(self, person: Person) -> bool:
        kind = person.persona.partition(":")[0]
        return kind in _TAKE_INTEREST and self._share(person, "books") < BOOKS

    def _outcome(self, person: Person, number: int) -> str:
        drawn = self._share(person, number)
        if drawn < NO_ANSWER + VOICEMAIL:
            return "no_answer" if drawn < NO_ANSWER else "voicemail"
        decides = self._share(person, "decides")
        if person.persona != "silent" or decides >= MEETS + DECLINES:
            return "connected"
        return "meeting_set" if decides < MEETS else "not_interested"

    def _share(self, person: Person, *about: object) -> int:
        return share_of(100, "call", *about, self.world.seed, person.email)
