"""The people on the other side: they read what reaches them, and answer as their persona does."""

from collections import Counter
from datetime import datetime, timedelta
from email.utils import parseaddr

import aiohttp

from sandbox import letters
from sandbox.letters import Letter
from sandbox.mail.post import Accepted, PostOffice, office, readable
from sandbox.parties import Person
from sandbox.personas import share_of
from sandbox.world import World

#: Of a hundred objectors, how many are won over by the answer to their objection.
WON_OVER = 45
#: Of a hundred who were out of office, how many are interested once they are back.
INTERESTED_LATER = 40
_POST_PATIENCE = aiohttp.ClientTimeout(total=20)


def attach(world: World) -> None:
    """Let the company's people live in this world."""
    crowd = _Crowd(world, office(world))
    crowd.post.judges.append(crowd.refusal)
    crowd.post.listeners.append(crowd.reads)


class _Crowd:
    def __init__(self, world: World, post: PostOffice) -> None:
        self.world, self.post = world, post
        self.people: dict[str, Person] = {}
        for person in world.company.people:
            if person.email:
                self.people.setdefault(readable(person.email), person)
        #: (address, enrollment) -> emails received.
        self.touches: Counter[tuple[str, str]] = Counter()
        self.enrollments: dict[str, list[str]] = {}
        self.tried: set[str] = set()
        self.away_until: dict[str, object] = {}
        self.gone: set[str] = set()

    def refusal(self, recipient: str) -> str:
        person = self.people.get(recipient)
        if person is None:
            return f"550 5.1.1 <{recipient}>: no such user here"
        if person.persona == "bounces:inline":
            return f"550 5.1.1 <{recipient}>: user unknown"
        if person.persona == "delays:inline" and recipient not in self.tried:
            self.tried.add(recipient)
            return "451 4.7.1 greylisted, please try again later"
        return ""

    def reads(self, mail: Accepted) -> None:
        person = self.people.get(mail.recipient)
        if person is None or mail.recipient in self.gone:
            return
        seen = self.enrollments.setdefault(mail.recipient, [])
        if mail.enrollment not in seen:
            seen.append(mail.enrollment)
        self.touches[mail.recipient, mail.enrollment] += 1
        touch = self.touches[mail.recipient, mail.enrollment]
        first = seen[0] == mail.enrollment
        kind, _, detail = person.persona.partition(":")
        match kind:
            case "interested" if first and touch == self._answers_to(person):
                self._answer(person, mail, "interested")
            case "objects" if first and touch == self._answers_to(person):
                self._answer(person, mail, detail)
            case "objects" if not first and touch == 1 and self._share(person, "won") < WON_OVER:
                self._answer(person, mail, "interested")
            case "out_of_office" if first:
                self._out_of_office(person, mail, touch)
            case "unsubscribes" if touch == min(2, self._answers_to(person)):
                self._unsubscribe(person, mail, detail)
            case "bounces" if touch == 1:
                self._later(person, mail, minutes=4, letter=letters.bounce, about="bounce")
            case "delays" if detail == "later" and first and touch == 1:
                self._later(person, mail, minutes=60, letter=letters.delayed, about="delay")

    def _answer(self, person: Person, mail: Accepted, disposition: str) -> None:
        text = letters.sentence(person, disposition, self.world.process)
        sender = letters.sender_of(person, self._share(person, "alias", mail.step))

        def answer() -> None:
            self._deliver(
                person,
                mail,
                letters.reply(person, mail, text, sender=sender, at=self.world.moment),
                about="reply",
                text=text,
            )

        self.world.agenda.at(self._answers_at(person, mail), answer)

    def _out_of_office(self, person: Person, mail: Accepted, touch: int) -> None:
        back = self.away_until.get(mail.recipient)
        if back is None:
            days = 5 + self._share(person, "away", whole=10)
            self.away_until[mail.recipient] = back = self.world.moment + timedelta(days=days)
        if self.world.moment < back:  # type: ignore[operator]  # both are datetimes

            def tell() -> None:
                letter = letters.out_of_office(person, mail, until=back, at=self.world.moment)
                self._deliver(person, mail, letter, about="auto_reply")

            self.world.agenda.at(self.world.moment + timedelta(minutes=1), tell)
        elif self._share(person, "later") < INTERESTED_LATER and touch > 1:
            self._answer(person, mail, "interested")

    def _unsubscribe(self, person: Person, mail: Accepted, how: str) -> None:
        at = self._answers_at(person, mail)
        link = letters.one_click_link(mail)
        if how == "clicks" and link:

            async def click() -> None:
                if not await self._post(person, mail, link):
                    self._write_off(person, mail)

            self.world.agenda.at(at, click)
        elif how == "mails" and letters.mail_link(mail):
            self.world.agenda.at(at, lambda: self._mail_off(person, mail))
        else:
            self.world.agenda.at(at, lambda: self._write_off(person, mail))

    async def _post(self, person: Person, mail: Accepted, link: str) -> bool:
        """RFC 8058: a POST without cookies; whether it was taken."""
        body = {"List-Unsubscribe": "One-Click"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_POST_PATIENCE) as session,
                session.post(link, data=body, allow_redirects=False) as response,
            ):
                taken = 200 <= response.status < 300  # noqa: PLR2004 - HTTP's success
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        self.world.journal.append(
            "unsubscribe.posted", person=person.id, email=mail.recipient, taken=taken
        )
        if taken:
            self.gone.add(mail.recipient)
        return taken

    def _write_off(self, person: Person, mail: Accepted) -> None:
        text = "Please unsubscribe me."
        letter = letters.reply(person, mail, text, sender=person.email, at=self.world.moment)
        self._deliver(person, mail, letter, about="unsubscribe", text=text)
        self.gone.add(mail.recipient)

    def _mail_off(self, person: Person, mail: Accepted) -> None:
        letter = letters.unsubscribe_mail(person, letters.mail_link(mail), at=self.world.moment)
        self._deliver(person, mail, letter, about="unsubscribe")
        self.gone.add(mail.recipient)

    def _later(
        self, person: Person, mail: Accepted, *, minutes: int, letter: Letter, about: str
    ) -> None:
        def deliver() -> None:
            self._deliver(person, mail, letter(mail, self.world.moment), about=about)

        self.world.agenda.at(self.world.moment + timedelta(minutes=minutes), deliver)

    def _deliver(
        self, person: Person, mail: Accepted, raw: bytes, *, about: str, text: str = ""
    ) -> None:
        _, address = parseaddr(mail.sender)
        self.post.deliver(
            address,
            raw,
            about=about,
            person=person.id,
            email=mail.recipient,
            answers=mail.message_id,
            enrollment=mail.enrollment,
            text=text,
        )

    def _answers_to(self, person: Person) -> int:
        return 1 + self._share(person, "touch", whole=3)

    def _answers_at(self, person: Person, mail: Accepted) -> datetime:
        """20 minutes to two and a half days later, whenever people look into their mail: at a quarter."""
        delay = timedelta(minutes=20 + 15 * self._share(person, "delay", mail.step, whole=238))
        at = self.world.moment + delay
        return at - timedelta(seconds=at.timestamp() % 900)

    def _share(self, person: Person, *about: object, whole: int = 100) -> int:
        return share_of(whole, *about, self.world.seed, person.email)
